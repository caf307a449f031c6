"""The motion of the demo clip: a given motion as the motion prior performs it."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from motionfit.body.model import BodyModel, vertices
from motionfit.body.skeleton import CONTACT_JOINTS
from motionfit.errors import InputError
from motionfit.motion import Motion
from motionfit.priors.motion import MotionPrior
from motionfit.priors.rollout import RollOut, reconstruct
from motionfit.training.dataset import FLAT, Clip, labelled_states, leg_length

FRAMES = 120
BETAS = torch.tensor([0.6, -0.5, 0.4, 0.3, *[0.0] * 12])
"""The person of the clip is not the mean one, so that a fit has a shape to find."""


def perform(motion: Motion, body: BodyModel, prior: MotionPrior, start: int = 0) -> Motion:
    """Let the prior perform a motion: each step is encoded against the state rolled out so far, and decoded.

    What is returned is the prior's roll-out, not the given motion: only what its latents say comes through.

    Args:
        motion: In the world frame, 30 fps.
        body: The body that performs.
        prior: The motion prior.
        start: First frame to perform.

    Returns:
        `FRAMES` frames of the person with the shape `BETAS`, on the floor z = 0, with contacts.

    Raises:
        InputError: The motion is too short.
    """
    needed = start + FRAMES
    if motion.frames < needed:
        raise InputError(
            f"The motion has {motion.frames} frames, and {needed} are needed.",
            "Give a longer one or --start less.",
        )
    part = _with_a_frame_more_at_both_ends(motion.slice(start, needed))
    own_rest = body.rest_joints(part.betas)
    clip = Clip(
        name="demo",
        kind="demo",
        floor=FLAT,
        root=part.translation + own_rest[0],
        root_orientation=part.root_orientation,
        body_pose=part.body_pose,
        leg_length=leg_length(own_rest),
        betas=BETAS,
    )
    states = labelled_states(clip, body).states.map(lambda tensor: tensor.unsqueeze(0))
    with torch.no_grad():
        return _on_floor(_as_motion(reconstruct(prior, states)), body)


def _with_a_frame_more_at_both_ends(motion: Motion) -> Motion:
    """The motion going on as it does at its ends: velocities need a frame before and a frame after."""

    def carry_on(values: Tensor) -> Tensor:
        return torch.cat([2 * values[:1] - values[1:2], values, 2 * values[-1:] - values[-2:-1]])

    def turn_on(values: Tensor) -> Tensor:
        before = values[:1] @ values[1:2].transpose(-1, -2) @ values[:1]
        after = values[-1:] @ values[-2:-1].transpose(-1, -2) @ values[-1:]
        return torch.cat([before, values, after])

    return replace(
        motion,
        translation=carry_on(motion.translation),
        root_orientation=turn_on(motion.root_orientation),
        body_pose=turn_on(motion.body_pose),
        contacts=None,
    )


def _as_motion(rolled: RollOut) -> Motion:
    """The states of a roll-out as a motion; the first frame has the contacts of the second."""
    logits = rolled.contact_logits[0]
    contacts = torch.zeros(FRAMES, 22)
    contacts[:, list(CONTACT_JOINTS)] = torch.cat([logits[:1], logits]).sigmoid()
    return Motion(
        fps=30.0,
        translation=rolled.states.translation[0],
        root_orientation=rolled.states.root_orientation[0],
        body_pose=rolled.states.body_pose[0],
        betas=BETAS,
        contacts=contacts,
    )


def _on_floor(motion: Motion, body: BodyModel) -> Motion:
    """The motion lifted so that the lowest point of the body is, in the median frame, at z = 0."""
    points = vertices(body, motion.betas, motion.translation, motion.root_orientation, motion.body_pose)
    lowest = points[..., 2].amin(1).median()
    return replace(motion, translation=motion.translation - torch.stack([lowest * 0, lowest * 0, lowest]))
