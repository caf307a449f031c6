"""Roll-outs that leave the recorded motion and are led back: what keeps random samples human.

HuMoR is trained on states that the posterior leads to, and the posterior follows the recording: states that draws from
the conditional prior lead to are never seen, and their errors grow. As in DAgger (Ross, Gordon and Bagnell, AISTATS
2011) a share of the windows therefore starts beside the recorded state and takes steps drawn from the prior. What is
learned there is the recorded step, carried over to where the past has come to, with a part of the difference taken
back. Where on the floor it stands and where it faces are no differences.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from motionfit.body.model import pose_skeleton
from motionfit.geometry.rotations import rotation_from_axis_angle, rotation_from_six, six_from_rotation
from motionfit.priors.motion import MotionPrior, Step
from motionfit.priors.rollout import FrameChange, with_posed_joints
from motionfit.priors.state import MotionState, local_frame, to_local
from motionfit.training.settings import at_least, at_most

_HEIGHT, _ANGLE, _JOINT = 0.024, 0.036, 0.003
_SPEED, _ANGULAR_SPEED, _JOINT_SPEED = 0.045, 0.09, 0.06
"""Deviations of first states from the recorded ones, m, rad, m/s and rad/s; windows get a share of them at random."""


@dataclass(frozen=True)
class RecoverySettings:
    """How much of the training is finding back.

    Attributes:
        share: Of the windows that leave the recorded motion, once all steps are the prior's own; HuMoR has none.
        drawn: Share of their steps that are drawn from the conditional prior.
        kept: Part of the difference that is left after a step back.
    """

    share: float = 0.0
    drawn: float = 0.6
    kept: float = 0.85

    def __post_init__(self) -> None:
        at_least(self, 0, ("share", "drawn", "kept"))
        at_most(self, 1, ("share", "drawn", "kept"))


@torch.no_grad()
def collect_recovering(
    prior: MotionPrior,
    states: MotionState,
    noise: Float[Tensor, "windows steps 48"],
    rest_joints: Float[Tensor, "windows 22 3"],
    settings: RecoverySettings,
    generator: torch.Generator,
) -> tuple[MotionState, MotionState]:
    """Pasts and what is to come of them, both in the local frame of the past.

    Args:
        prior: Rolls out.
        states: Recorded windows, in the world frame.
        noise: Standard normal, of the latents.
        rest_joints: Of each window's body.
        settings: How many windows leave the recorded motion, and how; their joints are those of the posed body, as
            in `priors.rollout.sample`.
        generator: Draws which, and how far.
    """
    count, steps = noise.shape[:2]
    device = noise.device
    pivot = states.frame(0).trans_to_joint()
    change = FrameChange.about(pivot)
    leaves = (torch.rand(count, generator=generator) < settings.share).to(device)
    draws = (torch.rand(count, steps, generator=generator) < settings.drawn).to(device) & leaves[:, None]
    initial = _beside(states.frame(0), rest_joints, leaves, generator)
    frame = local_frame(initial)
    past = to_local(initial, frame, pivot).pack()
    pasts: list[Tensor] = []
    targets: list[Tensor] = []
    for step in range(steps):
        followed = to_local(states.frame(step + 1), frame, pivot).pack()
        own = local_frame(states.frame(step))
        recorded = to_local(states.frame(step), own, pivot), to_local(states.frame(step + 1), own, pivot)
        back = step_back(MotionState.unpack(past), *recorded, rest_joints, settings.kept).pack()
        target = torch.where(leaves[:, None], back, followed)
        pasts.append(past)
        targets.append(target)
        mean, variance = prior.posterior(past, target)
        prior_mean, prior_variance = prior.prior(past)
        is_drawn = draws[:, step, None]
        mean, variance = torch.where(is_drawn, prior_mean, mean), torch.where(is_drawn, prior_variance, variance)
        following, _ = prior.advance(Step.unpack(past), mean + variance.sqrt() * noise[:, step])
        posed = with_posed_joints(following, rest_joints)
        following = Step(torch.where(leaves[:, None, None], posed.vectors, following.vectors), following.rotations)
        rolled, frame = change.apply(following, frame)
        past = rolled.pack()
    return MotionState.unpack(torch.stack(pasts, 1)), MotionState.unpack(torch.stack(targets, 1))


def step_back(
    past: MotionState,
    recorded_past: MotionState,
    recorded_next: MotionState,
    rest_joints: Float[Tensor, "windows 22 3"],
    kept: float,
) -> MotionState:
    """The recorded step, off by `kept` times what the past is off; all in local frames of their pasts.

    Velocities are the recorded ones, and joints those of the posed body: what they were off is not carried on.
    """

    def turned(past: Tensor, recorded_past: Tensor, recorded_next: Tensor) -> Tensor:
        return rotation_from_six(six_from_rotation(recorded_next + kept * (past - recorded_past)))

    translation = recorded_next.translation + kept * (past.translation - recorded_past.translation)
    root = turned(past.root_orientation, recorded_past.root_orientation, recorded_next.root_orientation)
    pose = turned(past.body_pose, recorded_past.body_pose, recorded_next.body_pose)
    return MotionState(
        translation,
        recorded_next.linear_velocity,
        root,
        recorded_next.angular_velocity,
        pose,
        _joints(rest_joints, translation, root, pose),
        recorded_next.joint_velocities,
    )


def _beside(
    states: MotionState, rest_joints: Tensor, leaves: Bool[Tensor, " windows"], generator: torch.Generator
) -> MotionState:
    """States higher or lower, tilted, otherwise posed and moving than the recorded ones, where they may leave these."""
    count = len(leaves)
    device = states.translation.device
    size = torch.rand(count, generator=generator).to(device) * leaves

    def draw(deviation: float, *shape: int) -> Tensor:
        noise = deviation * torch.randn(count, *shape, generator=generator).to(device)
        return noise * size.reshape(-1, *[1] * len(shape))

    up = torch.tensor([0.0, 0.0, 1.0], device=device)
    level = torch.tensor([1.0, 1.0, 0.0], device=device)
    translation = states.translation + draw(_HEIGHT, 1) * up
    root = rotation_from_axis_angle(draw(_ANGLE, 3) * level) @ states.root_orientation
    pose = rotation_from_axis_angle(draw(_ANGLE, 21, 3)) @ states.body_pose
    posed = _joints(rest_joints, translation, root, pose) + draw(_JOINT, 22, 3)
    return MotionState(
        translation,
        states.linear_velocity + draw(_SPEED, 3),
        root,
        states.angular_velocity + draw(_ANGULAR_SPEED, 3),
        pose,
        torch.where(leaves[:, None, None], posed, states.joints),
        states.joint_velocities + draw(_JOINT_SPEED, 22, 3),
    )


def _joints(rest_joints: Tensor, translation: Tensor, root: Tensor, pose: Tensor) -> Tensor:
    return pose_skeleton(rest_joints, translation[:, None], root[:, None], pose[:, None]).joints[:, 0]
