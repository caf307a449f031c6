"""Training of the pose prior after VPoser v2 (losses and weights of human_body_prior).

Vertices are stood for by the 43 surface keypoints unless all are asked for: they cover the body, and cost a hundredth
of the mesh.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from motionfit.body.model import BodyModel
from motionfit.body.skeleton import JOINT_GROUPS, POSED_JOINTS
from motionfit.datasets.clips import Clip, mirrored
from motionfit.geometry.rotations import geodesic_angle
from motionfit.priors.checkpoints import load_pose_prior
from motionfit.priors.pose import PosePrior, identity_bias
from motionfit.training.data import require_clips
from motionfit.training.pose_evaluation import evaluate_pose_prior, kl_from_standard_normal
from motionfit.training.posed_body import PosedBody
from motionfit.training.samples import write_pose_sheet
from motionfit.training.sampling import clip_weights
from motionfit.training.settings import at_least
from motionfit.training.task import Metrics

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
        full_mesh: Compare all vertices instead of the surface keypoints.
    """

    batch: int = 256
    poses_per_epoch: int = 50_000
    kl_weight: float = 0.005
    surface_weight: float = 4.0
    start_weight: float = 2.0
    start_epochs: int = 15
    mixed_share: float = 0.25
    full_mesh: bool = False

    def __post_init__(self) -> None:
        at_least(self, 2, ("batch", "poses_per_epoch"))
        at_least(self, 0, ("kl_weight", "surface_weight", "start_weight", "start_epochs", "mixed_share"))


class PosePriorTask:
    """The pose prior with its data.

    Args:
        clips: Training recordings; mirrored copies are added.
        validation: Validation recordings.
        body: The body whose surface is compared.
        settings: Weights and sizes.
        device: Where to compute.

    Raises:
        InputError: There is nothing to train on, or to validate with.
    """

    def __init__(
        self,
        clips: list[Clip],
        validation: list[Clip],
        body: BodyModel,
        settings: PosePriorSettings,
        device: torch.device | str = "cpu",
    ) -> None:
        require_clips(clips, validation, frames=1)
        both = clips + [mirrored(clip) for clip in clips]
        self.settings = settings
        self.prior = PosePrior()
        identity_bias(self.prior)
        self.poses = torch.cat([clip.body_pose for clip in both]).to(device)
        shares = clip_weights([clip.kind for clip in both], [clip.frames for clip in both])
        self.weights = torch.cat([
            torch.full((clip.frames,), share) for clip, share in zip(both, shares, strict=True)
        ])  # fmt: skip
        held_back = torch.cat([clip.body_pose for clip in validation])
        self.validation = held_back[:: max(1, len(held_back) // _EVALUATED)].to(device)
        self.body_model = body
        on_device = body.to(device)
        self.body = PosedBody.whole(on_device) if settings.full_mesh else PosedBody.of(on_device)

    @property
    def module(self) -> PosePrior:
        """The prior."""
        return self.prior

    @property
    def delicate(self) -> list[nn.Parameter]:
        """None."""
        return []

    @property
    def networks(self) -> list[nn.Module]:
        """Encoder and decoder."""
        return [self.prior.encoder_net, self.prior.decoder_net]

    @property
    def steps(self) -> int:
        """Batches of an epoch; a last one of a single pose is left out, for batches are normalised."""
        whole, rest = divmod(self.settings.poses_per_epoch, self.settings.batch)
        return whole + (rest > 1)

    def batches(self, epoch: int, generator: torch.Generator) -> Sequence[Int[Tensor, " batch"]]:
        """Poses drawn by weight."""
        del epoch
        count = self.settings.poses_per_epoch
        order = torch.multinomial(self.weights, count, replacement=True, generator=generator)
        batches: tuple[Tensor, ...] = order.split(self.settings.batch)
        return batches[: self.steps]

    def losses(self, chosen: Int[Tensor, " batch"], epoch: int, generator: torch.Generator) -> dict[str, Tensor]:
        """Divergence, distance of surface points, and at the start rotations and joints."""
        settings = self.settings
        pose = mix_legs(self.poses[chosen.to(self.poses.device)], settings.mixed_share, generator)
        mean, scale = self.prior.encode(pose)
        latent = mean + scale * torch.randn(mean.shape, generator=generator).to(mean.device)
        decoded = self.prior.decode(latent)
        joints, surface = self.body.pose(pose)
        new_joints, new_surface = self.body.pose(decoded)
        terms = {
            "kl": kl_from_standard_normal(mean, scale).mean(),
            "surface": (new_surface - surface).abs().mean(),
            "rotations": geodesic_angle(pose, decoded).mean(),
            "joints": (new_joints - joints).abs().mean(),
        }
        loss = settings.kl_weight * terms["kl"] + settings.surface_weight * terms["surface"]
        if epoch < settings.start_epochs:
            loss = loss + settings.start_weight * (terms["rotations"] + terms["joints"])
        return {"loss": loss, **terms}

    def validate(self, epoch: int) -> Metrics:
        """Reconstruction by the mean latent; the score is the mean distance of surface points, m."""
        del epoch
        return evaluate_pose_prior(self.prior, self.validation, self.body)

    def write_samples(self, checkpoint: Path, place: Path, seed: int) -> Path:
        """A sheet of random poses."""
        sheet = place.with_suffix(".png")
        write_pose_sheet(load_pose_prior(checkpoint), self.body_model, sheet, seed)
        return sheet


def mix_legs(
    poses: Float[Tensor, "poses 21 3 3"], share: float, generator: torch.Generator
) -> Float[Tensor, "poses 21 3 3"]:
    """Give a share of the poses the legs of their neighbour in the batch: a small collection knows few pairs."""
    is_mixed = (torch.rand(len(poses), 1, generator=generator) < share).to(poses.device)
    is_leg = torch.zeros(POSED_JOINTS, dtype=torch.bool, device=poses.device)
    is_leg[_LEGS] = True
    return torch.where((is_mixed & is_leg)[..., None, None], poses.roll(1, 0), poses)
