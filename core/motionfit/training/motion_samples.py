"""What a motion prior makes of states and motions: random motion, reconstructions, and motions in between."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from motionfit.body.model import BodyModel, pose_skeleton
from motionfit.geometry.rotations import interpolate_rotations
from motionfit.metrics.drift import joints_of
from motionfit.motion import Motion
from motionfit.priors.motion import MotionPrior
from motionfit.priors.recorded_states import states_of_motion
from motionfit.priors.rollout import reconstruct, roll_out, sample
from motionfit.priors.state import MotionState
from motionfit.training.samples import at_the_origin, motions_of


@dataclass(frozen=True)
class Reconstruction:
    """A motion and what encoding and decoding makes of it.

    Attributes:
        given: Its frames that have velocities.
        rebuilt: Likewise.
        errors: `joints_m`, the mean distance of the joints of the posed body; `last_root_m`, that of the root at the
            last frame.
    """

    given: Motion
    rebuilt: Motion
    errors: dict[str, float]


@torch.no_grad()
def random_motions(
    prior: MotionPrior, sources: list[Motion], body: BodyModel, count: int, steps: int, seed: int
) -> list[Motion]:
    """Random motions that start, over the origin, at states drawn from all frames of some motions alike.

    Args:
        prior: The motion prior.
        sources: Of three frames or more each.
        body: Of the motions.
        count: How many.
        steps: Of each.
        seed: Of states and samples.
    """
    generator = torch.Generator().manual_seed(seed)
    states = [states_of_motion(source, body).pack() for source in sources]
    owner = torch.arange(len(states)).repeat_interleave(torch.tensor([len(state) for state in states]))
    chosen = torch.randint(len(owner), (count,), generator=generator)
    initial = at_the_origin(MotionState.unpack(torch.cat(states)[chosen]))
    betas = torch.stack([source.betas for source in sources])[owner[chosen]]
    rolled = sample(prior, initial, steps, generator, rest_joints=body.rest_joints(betas))
    return motions_of(rolled, body, betas)


@torch.no_grad()
def reconstruct_motion(prior: MotionPrior, motion: Motion, body: BodyModel) -> Reconstruction:
    """Encode a motion step by step against its own roll-out, as fits are started, and compare.

    Args:
        prior: The motion prior.
        motion: Four frames or more.
        body: Of the motion.
    """
    states = states_of_motion(motion, body).map(lambda tensor: tensor.unsqueeze(0))
    rebuilt = motions_of(reconstruct(prior, states), body, motion.betas[None])[0]
    given = motion.slice(1, motion.frames - 1)
    distance = (joints_of(body, rebuilt) - joints_of(body, given)).norm(dim=-1)
    return Reconstruction(given, rebuilt, {"joints_m": float(distance.mean()), "last_root_m": float(distance[-1, 0])})


@torch.no_grad()
def interpolate_motions(prior: MotionPrior, first: Motion, second: Motion, body: BodyModel, count: int) -> list[Motion]:
    """Motions from the reconstruction of one to that of another: latents and initial states are mixed.

    Both start over the origin. Vectors and latents are mixed linearly, rotations along geodesics, and the joints are
    those of the body posed with them.

    Args:
        prior: The motion prior.
        first: Four frames or more.
        second: Likewise; the longer one is cut to the length of the shorter.
        body: Of both.
        count: Two or more, with the ends.
    """
    frames = min(first.frames, second.frames)
    states = [states_of_motion(motion.slice(0, frames), body).pack() for motion in (first, second)]
    latents = reconstruct(prior, MotionState.unpack(torch.stack(states))).latents
    starts = at_the_origin(MotionState.unpack(torch.stack(states)[:, 0]))
    weights = torch.linspace(0.0, 1.0, count)
    betas = torch.lerp(first.betas, second.betas, weights[:, None])
    mixed = torch.lerp(latents[:1], latents[1:], weights[:, None, None])
    initial = _between(starts, weights, betas, body)
    return motions_of(roll_out(prior, initial, mixed), body, betas)


def _between(
    starts: MotionState, weights: Float[Tensor, " count"], betas: Float[Tensor, "count 16"], body: BodyModel
) -> MotionState:
    """States between the two rows of `starts`."""

    def turned(rotations: Tensor) -> Tensor:
        spread = weights.reshape(-1, *[1] * (rotations.ndim - 3)).expand(len(weights), *rotations.shape[1:-2])
        first, second = (rotations[place].expand(len(weights), *rotations.shape[1:]) for place in (0, 1))
        return interpolate_rotations(first, second, spread)

    def moved(values: Tensor) -> Tensor:
        return torch.lerp(values[:1], values[1:], weights.reshape(-1, *[1] * (values.ndim - 1)))

    linear = starts.map(lambda tensor: moved(tensor))
    root, pose = turned(starts.root_orientation), turned(starts.body_pose)
    rest = body.rest_joints(betas)
    posed = pose_skeleton(rest, linear.translation[:, None], root[:, None], pose[:, None])
    return replace(linear, root_orientation=root, body_pose=pose, joints=posed.joints[:, 0])
