"""The losses of the motion prior after HuMoR: the state, its body, contacts, and the divergence from the prior.

All are means over batch and entries, in squared metres, m²/s² and so on; the divergence is summed over the latent.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from motionfit.body.model import Surface, pose_skeleton, skin
from motionfit.body.skeleton import CONTACT_JOINTS
from motionfit.priors.state import MotionState

_FEET = [7, 8, 10, 11]
_CLEARANCE = 0.01
"""Height of the lowest joint, a toe, while the sole is on the floor, m."""

_STRICTER = 10.0
"""Under the floor is worse than over it."""


@dataclass(frozen=True)
class MotionLossWeights:
    """Weights of the terms; the defaults are HuMoR's.

    Attributes:
        kl: Divergence, per nat.
        positions: Translation and joints of the state.
        rotations: Root orientation and body pose, as matrices.
        velocities: Linear and joint velocities.
        angular_velocity: Of the root.
        body: Joints and surface points of the posed body, and its agreement with the predicted joints.
        contacts: Cross entropy.
        contact_speed: Squared speed of what touches.
        standing: Of steps drawn from the conditional prior, feet under the floor and at other heights than recorded;
            HuMoR has no such term. Where it counts, the predicted joints of these steps are held to the posed body
            with the weight of `body`.
    """

    kl: float = 4e-4
    positions: float = 1.0
    rotations: float = 1.0
    velocities: float = 1.0
    angular_velocity: float = 1.0
    body: float = 1.0
    contacts: float = 0.01
    contact_speed: float = 0.01
    standing: float = 0.0


FOLLOWING_WEIGHTS = MotionLossWeights(
    kl=2e-5, positions=10.0, rotations=2.0, velocities=0.1, angular_velocity=0.02, body=10.0, contact_speed=2e-3
)
"""Weights for little data and little time: the latent then carries poses as well.

A velocity error of 0.1 m/s moves a joint 3 mm in a frame but weighs as much as a place that is 10 cm off when both
count one. After 70 epochs on 30 minutes of motion HuMoR's weights gave a latent of velocities alone: no latent at all
could lead a pose back that had drifted by 8 cm.
"""


@dataclass(frozen=True)
class Shape:
    """A shaped rest body per row of a batch.

    Attributes:
        rest_joints: Rest joints.
        surface: What moves the surface points.
        shaped_points: Rest surface points.
    """

    rest_joints: Float[Tensor, "*batch 22 3"]
    surface: Surface
    shaped_points: Float[Tensor, "*batch points 3"]

    def pose(
        self, state: MotionState
    ) -> tuple[Float[Tensor, "*batch frames 22 3"], Float[Tensor, "*batch frames points 3"]]:
        """Joints and surface points of states with a frame axis."""
        posed = pose_skeleton(self.rest_joints, state.translation, state.root_orientation, state.body_pose)
        return posed.joints, skin(self.surface, self.shaped_points, self.rest_joints, posed, state.body_pose)


def state_losses(predicted: MotionState, target: MotionState) -> dict[str, Tensor]:
    """Mean squared error of each part of the state, by name."""
    return {
        "translation": functional.mse_loss(predicted.translation, target.translation),
        "linear_velocity": functional.mse_loss(predicted.linear_velocity, target.linear_velocity),
        "root_orientation": functional.mse_loss(predicted.root_orientation, target.root_orientation),
        "angular_velocity": functional.mse_loss(predicted.angular_velocity, target.angular_velocity),
        "body_pose": functional.mse_loss(predicted.body_pose, target.body_pose),
        "joints": functional.mse_loss(predicted.joints, target.joints),
        "joint_velocities": functional.mse_loss(predicted.joint_velocities, target.joint_velocities),
    }


def body_losses(predicted: MotionState, target: MotionState, shape: Shape) -> dict[str, Tensor]:
    """The posed body against the target's, and the predicted joints against those of the posed body."""
    joints, points = shape.pose(predicted)
    with torch.no_grad():
        target_joints, target_points = shape.pose(target)
    return {
        "body_joints": functional.mse_loss(joints, target_joints),
        "body_points": functional.mse_loss(points, target_points),
        "consistency": functional.mse_loss(predicted.joints, joints),
    }


def contact_losses(
    logits: Float[Tensor, "*batch 9"], contacts: Float[Tensor, "*batch 9"], predicted: MotionState
) -> dict[str, Tensor]:
    """Cross entropy of the contacts, and the squared speed of joints in as far as they are held to touch."""
    speeds = predicted.joint_velocities[..., list(CONTACT_JOINTS), :].square().sum(-1)
    return {
        "contacts": functional.binary_cross_entropy_with_logits(logits, contacts),
        "contact_speed": (logits.sigmoid() * speeds).mean(),
    }


def drawn_losses(
    drawn: MotionState, target: MotionState, rest_joints: Float[Tensor, "*batch 22 3"]
) -> dict[str, Tensor]:
    """How steps that were drawn from the conditional prior stand on the floor, and agree with their own body.

    Args:
        drawn: States with a frame axis, decoded from drawn latents.
        target: What was to come of the same pasts.
        rest_joints: Of each body.
    """
    joints = pose_skeleton(rest_joints, drawn.translation, drawn.root_orientation, drawn.body_pose).joints
    lowest, lowest_target = (heights[..., _FEET, 2].amin(-1) for heights in (joints, target.joints))
    return {
        "under_floor": (_CLEARANCE - joints[..., 2]).relu().square().sum(-1).mean(),
        "standing": functional.mse_loss(lowest, lowest_target),
        "drawn_consistency": functional.mse_loss(drawn.joints, joints),
    }


def divergence(
    mean: Float[Tensor, "*batch latent"],
    variance: Float[Tensor, "*batch latent"],
    prior_mean: Float[Tensor, "*batch latent"],
    prior_variance: Float[Tensor, "*batch latent"],
) -> Float[Tensor, "*batch"]:
    """KL(q ‖ p) of diagonal normal distributions, nats, summed over the latent."""
    ratio = (variance + (mean - prior_mean).square()) / prior_variance
    return 0.5 * (ratio - 1.0 + prior_variance.log() - variance.log()).sum(-1)


def weighted_sum(losses: dict[str, Tensor], weights: MotionLossWeights, kl_share: float) -> Tensor:
    """The loss to go down on; `kl_share` ramps the divergence in."""
    of_terms = {
        "kl": weights.kl * kl_share,
        "translation": weights.positions,
        "joints": weights.positions,
        "root_orientation": weights.rotations,
        "body_pose": weights.rotations,
        "linear_velocity": weights.velocities,
        "joint_velocities": weights.velocities,
        "angular_velocity": weights.angular_velocity,
        "body_joints": weights.body,
        "body_points": weights.body,
        "consistency": weights.body,
        "contacts": weights.contacts,
        "contact_speed": weights.contact_speed,
        "under_floor": _STRICTER * weights.standing,
        "standing": weights.standing,
        "drawn_consistency": weights.body,
    }
    return torch.stack([of_terms[name] * value for name, value in losses.items()]).sum()
