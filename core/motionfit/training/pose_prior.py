"""Training of the pose prior after VPoser v2 (losses and weights of human_body_prior).

Vertices are stood for by the 43 surface keypoints: they cover the body, and cost a hundredth of the mesh.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from motionfit.body.keypoints import SURFACE_KEYPOINT_IDS
from motionfit.body.model import BodyModel, Surface, pose_skeleton, skin
from motionfit.body.skeleton import JOINT_GROUPS, POSED_JOINTS
from motionfit.datasets.clips import Clip, mirrored
from motionfit.geometry.rotations import geodesic_angle
from motionfit.priors.pose import PosePrior, identity_bias
from motionfit.training.loop import Metrics, mean_of, take_step
from motionfit.training.sampling import clip_weights

_EVALUATED = 4096
_LEGS = [joint - 1 for side in ("left_leg", "right_leg") for joint in JOINT_GROUPS[side]]


@dataclass(frozen=True)
class PosePriorSettings:
    """Weights and sizes.

    Attributes:
        batch: Poses per step.
        poses_per_epoch: Drawn with weights that keep one kind of motion from dominating.
        kl_weight: Of the divergence from the standard normal.
        surface_weight: Of the surface keypoints' L1 distance.
        start_weight: Of rotations and joints during the first `start_epochs`.
        start_epochs: How long these help; for good, they keep twists about bones as recorded, which surface points
            hardly see.
        mixed_share: Share of poses that have their legs from one recording and the rest from another.
    """

    batch: int = 256
    poses_per_epoch: int = 50_000
    kl_weight: float = 0.005
    surface_weight: float = 4.0
    start_weight: float = 2.0
    start_epochs: int = 15
    mixed_share: float = 0.25


@dataclass(frozen=True)
class PosedBody:
    """The rest body of the mean shape, to pose in place."""

    rest_joints: Float[Tensor, "22 3"]
    surface: Surface

    @classmethod
    def of(cls, body: BodyModel, vertex_ids: tuple[int, ...] = SURFACE_KEYPOINT_IDS) -> PosedBody:
        """The joints and some vertices of a body."""
        return cls(body.rest_joints(torch.zeros(16)), body.points(torch.tensor(vertex_ids)))

    def pose(
        self, body_pose: Float[Tensor, "poses 21 3 3"]
    ) -> tuple[Float[Tensor, "poses 22 3"], Float[Tensor, "poses points 3"]]:
        """Joints and surface points, m, with the root at rest."""
        count = body_pose.shape[0]
        posed = pose_skeleton(self.rest_joints, torch.zeros(count, 3), torch.eye(3).expand(count, 3, 3), body_pose)
        return posed.joints, skin(self.surface, self.surface.template, self.rest_joints, posed, body_pose)


class PosePriorTask:
    """The pose prior with its data.

    Args:
        clips: Training recordings; mirrored copies are added.
        validation: Validation recordings.
        body: The body whose surface is compared.
        settings: Weights and sizes.
    """

    def __init__(self, clips: list[Clip], validation: list[Clip], body: BodyModel, settings: PosePriorSettings) -> None:
        both = clips + [mirrored(clip) for clip in clips]
        self.settings = settings
        self.prior = PosePrior()
        identity_bias(self.prior)
        self.poses = torch.cat([clip.body_pose for clip in both])
        shares = clip_weights([clip.kind for clip in both], [clip.frames for clip in both])
        self.weights = torch.cat([
            torch.full((clip.frames,), share) for clip, share in zip(both, shares, strict=True)
        ])  # fmt: skip
        held_back = torch.cat([clip.body_pose for clip in validation])
        self.validation = held_back[:: max(1, len(held_back) // _EVALUATED)]
        self.body = PosedBody.of(body)

    @property
    def module(self) -> PosePrior:
        """The prior."""
        return self.prior

    @property
    def delicate(self) -> list[nn.Parameter]:
        """None."""
        return []

    def train_epoch(self, epoch: int, optimizer: torch.optim.Optimizer, generator: torch.Generator) -> Metrics:
        """One pass over poses drawn by weight."""
        count = self.settings.poses_per_epoch
        order = torch.multinomial(self.weights, count, replacement=True, generator=generator)
        rows: list[Metrics] = []
        for chosen in order.split(self.settings.batch):
            if len(chosen) < 2:
                continue
            pose = mix_legs(self.poses[chosen], self.settings.mixed_share, generator)
            loss, row = self._loss(pose, epoch, generator)
            take_step(optimizer, self.prior, loss, largest_gradient=10.0)
            rows.append(row)
        return mean_of(rows)

    def validate(self, epoch: int) -> Metrics:
        """Reconstruction by the mean latent; the score is the mean distance of surface points, m."""
        del epoch
        return evaluate_pose_prior(self.prior, self.validation, self.body)

    def _loss(self, pose: Tensor, epoch: int, generator: torch.Generator) -> tuple[Tensor, Metrics]:
        settings = self.settings
        mean, scale = self.prior.encode(pose)
        latent = mean + scale * torch.randn(mean.shape, generator=generator)
        decoded = self.prior.decode(latent)
        joints, surface = self.body.pose(pose)
        new_joints, new_surface = self.body.pose(decoded)
        divergence = kl_from_standard_normal(mean, scale).mean()
        distance = (new_surface - surface).abs().mean()
        loss = settings.kl_weight * divergence + settings.surface_weight * distance
        if epoch < settings.start_epochs:
            rotation = geodesic_angle(pose, decoded).mean()
            loss = loss + settings.start_weight * (rotation + (new_joints - joints).abs().mean())
        return loss, {"loss": float(loss.detach()), "kl": float(divergence.detach())}


def mix_legs(
    poses: Float[Tensor, "poses 21 3 3"], share: float, generator: torch.Generator
) -> Float[Tensor, "poses 21 3 3"]:
    """Give a share of the poses the legs of their neighbour in the batch: a small collection knows few pairs."""
    is_mixed = torch.rand(len(poses), 1, generator=generator) < share
    is_leg = torch.zeros(POSED_JOINTS, dtype=torch.bool)
    is_leg[_LEGS] = True
    return torch.where((is_mixed & is_leg)[..., None, None], poses.roll(1, 0), poses)


@torch.no_grad()
def evaluate_pose_prior(prior: PosePrior, poses: Float[Tensor, "poses 21 3 3"], body: PosedBody) -> Metrics:
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


def kl_from_standard_normal(
    mean: Float[Tensor, "*batch latent"], scale: Float[Tensor, "*batch latent"]
) -> Float[Tensor, "*batch"]:
    """KL(N(mean, scale²) ‖ N(0, 1)), nats, summed over the latent."""
    return 0.5 * (mean.square() + scale.square() - 1.0 - 2.0 * scale.log()).sum(-1)
