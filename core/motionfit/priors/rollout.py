"""Roll-outs of the motion prior: one readable path for fitting, encoding, sampling and training.

What costs time is in the recurrence only: the decoder and the change of frame of a step, on matrices. The
way back to the outer frame and the conditional prior are computed for all steps at once afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from motionfit.body.model import pose_skeleton
from motionfit.body.skeleton import BODY_JOINTS
from motionfit.priors.motion import MOTION_LATENT, MotionPrior, Step
from motionfit.priors.state import LocalFrame, MotionState, heading_rotation, local_frame, to_local, to_world

_POINTS = 25
"""Rows of `Step.vectors` up to the last joint; the translation and the joints among them are points."""

ChooseLatent = Callable[[int, Step, LocalFrame], Tensor]
"""The latent of a step, from its number, the past in its local frame, and where that frame lies."""

Recurrence = Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor, Tensor]]
"""All steps as one call: from the first state (batch, 339) in its local frame, the latents (batch, steps, 48) and the
vector from translation to root joint (batch, 3) to the states after it (batch, steps, 339) in the same frame, the pasts
(batch, steps, 339) in their local frames, and the contact logits (batch, steps, 9)."""


@dataclass(frozen=True)
class RollOut:
    """What a roll-out gives.

    Attributes:
        states: In the frame of the initial state, which is their first frame.
        latents: The latent of each step.
        contact_logits: Of `CONTACT_JOINTS` at frames 1, 2, …
        prior_mean: Of the conditional prior at frames 0, 1, …, T−2.
        prior_variance: Likewise.
        local_pasts: The state vector of frames 0, …, T−2, each in its own local frame: what the nets saw.
    """

    states: MotionState
    latents: Float[Tensor, "batch steps 48"]
    contact_logits: Float[Tensor, "batch steps 9"]
    prior_mean: Float[Tensor, "batch steps 48"]
    prior_variance: Float[Tensor, "batch steps 48"]
    local_pasts: Float[Tensor, "batch steps 339"]


def roll_out(
    prior: MotionPrior,
    initial: MotionState,
    latents: Float[Tensor, "batch steps 48"],
    trans_to_joint: Float[Tensor, "#batch 3"] | None = None,
    initial_is_local: bool = False,
    recurrence: Recurrence | None = None,
) -> RollOut:
    """Decode latents from an initial state; differentiable in both.

    Args:
        prior: The motion prior.
        initial: One state per row of the batch.
        latents: One per step.
        trans_to_joint: Root joint minus translation of the body; by default that of the initial state.
        initial_is_local: Feed the initial state as it is (HuMoR's `canonicalize_input=False`) instead of
            bringing it into its local frame first.
        recurrence: Runs the steps; by default they are taken here (see `priors.rollout_native_choice`).
    """
    if recurrence is not None and latents.shape[1] > 0:
        return _roll_out_by(recurrence, prior, initial, latents, trans_to_joint, initial_is_local)
    return unroll(
        prior,
        initial,
        latents.shape[1],
        lambda step, _past, _frame: latents[:, step],
        trans_to_joint,
        initial_is_local,
    )


def _roll_out_by(
    recurrence: Recurrence,
    prior: MotionPrior,
    initial: MotionState,
    latents: Tensor,
    trans_to_joint: Tensor | None,
    initial_is_local: bool,
) -> RollOut:
    pivot = initial.trans_to_joint() if trans_to_joint is None else trans_to_joint
    pivot = pivot.expand_as(initial.translation)
    frame = None if initial_is_local else local_frame(initial)
    start = initial if frame is None else to_local(initial, frame, pivot)
    worlds, pasts, logits = recurrence(start.pack(), latents, pivot)
    if frame is not None:
        outer = LocalFrame(frame.rotation.unsqueeze(1), frame.origin.unsqueeze(1))
        worlds = to_world(MotionState.unpack(worlds), outer, pivot.unsqueeze(1)).pack()
    states = MotionState.unpack(torch.cat([initial.pack().unsqueeze(1), worlds], 1))
    mean, variance = prior.prior(pasts)
    return RollOut(states, latents, logits, mean, variance, pasts)


def sample(
    prior: MotionPrior,
    initial: MotionState,
    steps: int,
    generator: torch.Generator | None = None,
    use_mean: bool = False,
    rest_joints: Float[Tensor, "#batch 22 3"] | None = None,
) -> RollOut:
    """Random motion from an initial state, drawn from the conditional prior (or its mean).

    Args:
        prior: The motion prior.
        initial: One state per row of the batch.
        steps: How many.
        generator: Draws the latents.
        use_mean: Take the mean instead.
        rest_joints: Of the body. Where they are given, the joints of each state are those of its posed body instead of
            the predicted ones, which nothing holds to the body while latents are drawn.
    """

    def draw(_step: int, past: Step, _frame: LocalFrame) -> Tensor:
        mean, variance = prior.prior(past.pack())
        if use_mean:
            return mean
        noise = torch.randn(mean.shape, generator=generator, dtype=mean.dtype, device=mean.device)
        return mean + variance.sqrt() * noise

    return unroll(prior, initial, steps, draw, rest_joints=rest_joints)


def infer_latents(prior: MotionPrior, states: MotionState) -> Float[Tensor, "batch steps 48"]:
    """Posterior means, each step encoded by itself (open loop): right locally, drifting when rolled out."""
    mean, _ = prior.posterior(*local_transitions(states))
    return mean


def infer_latents_closed_loop(
    prior: MotionPrior, states: MotionState, trans_to_joint: Float[Tensor, "#batch 3"] | None = None
) -> Float[Tensor, "batch steps 48"]:
    """Posterior means, each step encoded against the state rolled out so far, which corrects drift."""
    return reconstruct(prior, states, trans_to_joint).latents


def reconstruct(
    prior: MotionPrior, states: MotionState, trans_to_joint: Float[Tensor, "#batch 3"] | None = None
) -> RollOut:
    """The roll-out of `infer_latents_closed_loop`, which is computed along the way."""
    pivot = states.frame(0).trans_to_joint() if trans_to_joint is None else trans_to_joint
    pivot = pivot.expand(states.translation.shape[0], 3)

    def encode(step: int, past: Step, frame: LocalFrame) -> Tensor:
        target = to_local(states.frame(step + 1), frame, pivot)
        return prior.posterior(past.pack(), target.pack())[0]

    return unroll(prior, states.frame(0), states.frames - 1, encode, pivot)


def local_transitions(
    states: MotionState,
) -> tuple[Float[Tensor, "batch steps 339"], Float[Tensor, "batch steps 339"]]:
    """Each frame but the last, and the frame after it, both in the local frame of the former."""
    past, following = states.slice(0, states.frames - 1), states.slice(1, states.frames)
    frame = local_frame(past)
    pivot = states.frame(0).trans_to_joint().unsqueeze(1).expand_as(past.translation)
    return to_local(past, frame, pivot).pack(), to_local(following, frame, pivot).pack()


def unroll(
    prior: MotionPrior,
    initial: MotionState,
    steps: int,
    choose_latent: ChooseLatent,
    trans_to_joint: Float[Tensor, "#batch 3"] | None = None,
    initial_is_local: bool = False,
    rest_joints: Float[Tensor, "#batch 22 3"] | None = None,
) -> RollOut:
    """A roll-out whose latents are chosen on the way, from where it has come to.

    Args:
        prior: The motion prior.
        initial: One state per row of the batch.
        steps: How many.
        choose_latent: Gives the latent of each step.
        trans_to_joint: See `roll_out`.
        initial_is_local: See `roll_out`.
        rest_joints: See `sample`.
    """
    pivot = initial.trans_to_joint() if trans_to_joint is None else trans_to_joint
    pivot = pivot.expand_as(initial.translation)
    frame = _unmoved(initial) if initial_is_local else local_frame(initial)
    past = Step.unpack(to_local(initial, frame, pivot).pack())
    change = FrameChange.about(pivot)
    pasts: list[Tensor] = []
    nexts: list[Tensor] = []
    frames: list[LocalFrame] = []
    latents: list[Tensor] = []
    logits: list[Tensor] = []
    for step in range(steps):
        latent = choose_latent(step, past, frame)
        following, contacts = prior.advance(past, latent)
        if rest_joints is not None:
            following = with_posed_joints(following, rest_joints)
        pasts.append(past.pack())
        nexts.append(following.pack())
        latents.append(latent)
        logits.append(contacts)
        frames.append(frame)
        past, frame = change.apply(following, frame)
    local_pasts = _stacked(pasts, initial.translation, 339)
    mean, variance = prior.prior(local_pasts)
    return RollOut(
        states=_in_frame_of_initial(initial, nexts, frames, pivot),
        latents=_stacked(latents, initial.translation, MOTION_LATENT),
        contact_logits=_stacked(logits, initial.translation, 9),
        prior_mean=mean,
        prior_variance=variance,
        local_pasts=local_pasts,
    )


def with_posed_joints(state: Step, rest_joints: Float[Tensor, "#batch 22 3"]) -> Step:
    """The state with the joints of its posed body in place of those it says."""
    rest = rest_joints.expand(len(state.vectors), BODY_JOINTS, 3)
    root, pose = state.rotations[:, :1], state.rotations[:, 1:].unsqueeze(1)
    joints = pose_skeleton(rest, state.vectors[:, :1], root, pose).joints.squeeze(1)
    return Step(torch.cat([state.vectors[:, :3], joints, state.vectors[:, _POINTS:]], 1), state.rotations)


@dataclass(frozen=True)
class FrameChange:
    """Brings a decoded state, given in the frame of the state before it, into its own local frame.

    Attributes:
        is_point: 1 at the horizontal numbers of the rows of `Step.vectors` that are points.
        pivots: What each row turns about.
    """

    is_point: Float[Tensor, "47 3"]
    pivots: Float[Tensor, "batch 47 3"]

    @classmethod
    def about(cls, pivot: Float[Tensor, "batch 3"]) -> FrameChange:
        """Joints turn about the root joint's ground point: `pivot` is the vector to it from the translation."""
        is_point = torch.zeros(47, 1, dtype=pivot.dtype, device=pivot.device)
        is_point[0] = is_point[3:_POINTS] = 1.0
        is_joint = is_point.clone()
        is_joint[0] = 0.0
        ground = torch.tensor([1.0, 1.0, 0.0], dtype=pivot.dtype, device=pivot.device)
        return cls(is_point * ground, is_joint * (pivot * ground).unsqueeze(1))

    def apply(self, state: Step, outer: LocalFrame) -> tuple[Step, LocalFrame]:
        """The state in its own local frame, and where that frame lies; `outer` is the frame it was given in."""
        heading = heading_rotation(state.rotations[:, 0])
        origin = state.vectors[:, :1] * self.is_point
        moved = (state.vectors - origin - self.pivots) @ heading.transpose(-1, -2) + self.pivots
        root = heading.unsqueeze(1) @ state.rotations[:, :1]
        local = Step(moved, torch.cat([root, state.rotations[:, 1:]], 1))
        return local, LocalFrame(
            heading @ outer.rotation,
            outer.origin + (origin[:, :1] @ outer.rotation).squeeze(1),
        )


def _in_frame_of_initial(
    initial: MotionState, nexts: list[Tensor], frames: list[LocalFrame], pivot: Tensor
) -> MotionState:
    first = initial.map(lambda tensor: tensor.unsqueeze(1))
    if not nexts:
        return first
    frame = LocalFrame(
        torch.stack([frame.rotation for frame in frames], 1),
        torch.stack([frame.origin for frame in frames], 1),
    )
    local = MotionState.unpack(torch.stack(nexts, 1))
    rolled = to_world(local, frame, pivot.unsqueeze(1).expand_as(local.translation))
    return MotionState.unpack(torch.cat([first.pack(), rolled.pack()], 1))


def _unmoved(state: MotionState) -> LocalFrame:
    identity = torch.eye(3, dtype=state.translation.dtype, device=state.translation.device)
    return LocalFrame(identity.expand_as(state.root_orientation), torch.zeros_like(state.translation))


def _stacked(values: list[Tensor], like: Tensor, width: int) -> Tensor:
    return torch.stack(values, 1) if values else like.new_zeros(like.shape[0], 0, width)
