"""What a pose prior is worth: how far encoding and decoding moves recorded poses."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from motionfit.body.model import BodyModel
from motionfit.geometry.rotations import geodesic_angle
from motionfit.priors.pose import PoseAutoencoder
from motionfit.training.posed_body import PosedBody

_CHUNK = 64


@torch.no_grad()
def evaluate_pose_prior(
    prior: PoseAutoencoder, poses: Float[Tensor, "poses 21 3 3"], body: PosedBody
) -> dict[str, float]:
    """Mean errors of encoding and decoding: surface (v2v) and joints in m, rotations in rad, divergence in nats."""
    mean, scale = prior.encode(poses)
    decoded = prior.decode(mean)
    joints, surface = body.pose(poses)
    new_joints, new_surface = body.pose(decoded)
    v2v = float((new_surface - surface).norm(dim=-1).mean())
    return {
        "v2v": v2v,
        "joints": float((new_joints - joints).norm(dim=-1).mean()),
        "geodesic": float(geodesic_angle(poses, decoded).mean()),
        "kl_validation": float(kl_from_standard_normal(mean, scale).mean()),
        "score": v2v,
    }


@torch.no_grad()
def pose_terms(prior: PoseAutoencoder, poses: Float[Tensor, "poses 21 3 3"], body: BodyModel) -> dict[str, float]:
    """The same errors with the whole mesh: `v2v` of all vertices (which is VPoser's `val_loss`) and of 43 points, m."""
    whole = PosedBody.whole(body)
    chunks = [(len(chunk), evaluate_pose_prior(prior, chunk, whole)) for chunk in poses.split(_CHUNK)]
    total = {name: sum(count * found[name] for count, found in chunks) / len(poses) for name in chunks[0][1]}
    points = evaluate_pose_prior(prior, poses, PosedBody.of(body))
    return {
        "v2v": total["v2v"],
        "v2v_points": points["v2v"],
        "joints": total["joints"],
        "geodesic": total["geodesic"],
        "kl": total["kl_validation"],
        "val_loss": total["v2v"],
    }


def kl_from_standard_normal(
    mean: Float[Tensor, "*batch latent"], scale: Float[Tensor, "*batch latent"]
) -> Float[Tensor, "*batch"]:
    """KL(N(mean, scale²) ‖ N(0, 1)), nats, summed over the latent."""
    return 0.5 * (mean.square() + scale.square() - 1.0 - 2.0 * scale.log()).sum(-1)
