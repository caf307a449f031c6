"""What a pose prior makes of poses: reconstructions, and poses in between."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from motionfit.body.model import BodyModel
from motionfit.priors.pose import PoseAutoencoder
from motionfit.training.pose_evaluation import pose_terms

Poses = Float[Tensor, "poses 21 3 3"]


@torch.no_grad()
def reconstruct_poses(prior: PoseAutoencoder, poses: Poses, body: BodyModel) -> tuple[Poses, dict[str, float]]:
    """Poses encoded and decoded, with the mean errors: `v2v_m` of the mesh, `joints_m`, `geodesic_rad`."""
    terms = pose_terms(prior, poses, body)
    errors = {"v2v_m": terms["v2v"], "joints_m": terms["joints"], "geodesic_rad": terms["geodesic"]}
    return prior.decode(prior.encode(poses)[0]), errors


@torch.no_grad()
def interpolate_poses(
    prior: PoseAutoencoder, first: Float[Tensor, "21 3 3"], second: Float[Tensor, "21 3 3"], count: int
) -> Poses:
    """Decoded latents on the straight line from one pose's to another's, with the ends."""
    latents, _ = prior.encode(torch.stack([first, second]))
    return prior.decode(torch.lerp(latents[:1], latents[1:], torch.linspace(0.0, 1.0, count)[:, None]))
