"""Roll-outs and latents of the motion prior, step by step as published.

Kept faults: the heading of every step is a little off (`reference.rotations`); the initial state is fed as it is, and
the horizontal place of its root joint is taken for the vector from the SMPL translation to the root joint, which is
right only for a body over the origin; latents are encoded open loop, so their roll-out drifts.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from motionfit.priors.motion import MotionPrior
from motionfit.priors.state import LocalFrame, MotionState, to_local, to_world
from motionfit.reference.rotations import heading_rotation


@dataclass(frozen=True)
class RolledOut:
    """A roll-out.

    Attributes:
        states: In the frame of the initial state, which is their first frame.
        contact_logits: Of `CONTACT_JOINTS` at frames 1, 2, …
        prior_mean: Of the conditional prior at frames 0, 1, …, T−2.
        prior_variance: Likewise.
    """

    states: MotionState
    contact_logits: Float[Tensor, "batch steps 9"]
    prior_mean: Float[Tensor, "batch steps 48"]
    prior_variance: Float[Tensor, "batch steps 48"]


def roll_out(prior: MotionPrior, initial: MotionState, latents: Float[Tensor, "batch steps 48"]) -> RolledOut:
    """Decode latents one after the other, each from the state before it in its own local frame."""
    pivot = initial.joints[:, 0]
    identity = torch.eye(3, dtype=pivot.dtype, device=pivot.device).expand_as(initial.root_orientation)
    outer = LocalFrame(identity, torch.zeros_like(pivot))
    past = initial.pack()
    states, logits, means, variances = [past], [], [], []
    for step in range(latents.shape[1]):
        mean, variance = prior.prior(past)
        vector, contacts = prior.decode(past, latents[:, step])
        following = MotionState.unpack(vector)
        world = to_world(following, outer, pivot)
        own = published_frame(following)
        past = to_local(following, own, pivot).pack()
        outer = LocalFrame(outer.rotation @ own.rotation, ground_point(world.translation))
        states.append(world.pack())
        logits.append(contacts)
        means.append(mean)
        variances.append(variance)
    return RolledOut(
        states=MotionState.unpack(torch.stack(states, 1)),
        contact_logits=torch.stack(logits, 1),
        prior_mean=torch.stack(means, 1),
        prior_variance=torch.stack(variances, 1),
    )


def infer_latents(prior: MotionPrior, states: MotionState) -> Float[Tensor, "batch steps 48"]:
    """Posterior means; every step is encoded by itself from the given states."""
    last = states.frames - 1
    past, following = states.slice(0, last), states.slice(1, last + 1)
    frame = published_frame(past)
    pivot = states.frame(0).trans_to_joint().unsqueeze(1).expand_as(past.translation)
    mean, _ = prior.posterior(to_local(past, frame, pivot).pack(), to_local(following, frame, pivot).pack())
    return mean


def published_frame(state: MotionState) -> LocalFrame:
    """The local frame of a state, with the published heading."""
    return LocalFrame(heading_rotation(state.root_orientation), ground_point(state.translation))


def ground_point(translation: Float[Tensor, "*batch 3"]) -> Float[Tensor, "*batch 3"]:
    """The point under a translation, at height zero."""
    return torch.cat([translation[..., :2], torch.zeros_like(translation[..., :1])], -1)
