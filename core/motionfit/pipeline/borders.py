"""Close what is left between a motion that was fitted anew and the locked motion beside it."""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from motionfit.body.model import BodyModel
from motionfit.geometry.rotations import axis_angle_from_rotation, rotation_from_axis_angle
from motionfit.metrics.drift import joints_of
from motionfit.motion import Motion

FASTEST = 0.3
"""Metres per second (1 cm per frame): a ramp is as long as it takes to move no joint faster, if there is room."""

_STEEPEST = 1.5


def close_borders(fitted: Motion, locked: Motion, start: int, stop: int, body: BodyModel) -> Motion:
    """Bend a motion over a range so that it runs into the locked one at both ends.

    The transform that is missing at the last locked frame before the range and at the first one after it is spread
    over the frames of the range by smooth ramps: a shift of the root, a turn of the root in the frame of the motion,
    and turns of the joints.

    Args:
        fitted: With the locked neighbours, as they were fitted.
        locked: Of the same length and shape; what stands in the range does not matter.
        start: First frame of the range; no frame is locked before it where it is zero.
        stop: The frame after the range; likewise where it is the number of frames.
        body: Of the motions.

    Returns:
        The fitted motion with the frames of the range bent; at the two locked neighbours it equals the locked motion up
        to rounding.
    """
    apart = (joints_of(body, fitted) - joints_of(body, locked)).norm(dim=-1).amax(-1)
    before, after = start - 1, stop
    closed = fitted
    room = after - before if before >= 0 and after < fitted.frames else fitted.frames
    if before >= 0:
        closed = _bent(closed, fitted, locked, before, _ramp(fitted, before, float(apart[before]), room))
    if after < fitted.frames:
        closed = _bent(closed, fitted, locked, after, _ramp(fitted, after, float(apart[after]), room))
    return closed


def _ramp(motion: Motion, anchor: int, gap: float, room: int) -> Float[Tensor, " frames"]:
    """One at the anchor, zero so far from it that the gap closes gently, but within the room."""
    length = min(math.ceil(_STEEPEST * gap / FASTEST * motion.fps) + 1, room)
    frames = torch.arange(motion.frames, dtype=motion.translation.dtype, device=motion.translation.device)
    near = (1.0 - (frames - anchor).abs() / length).clamp(min=0.0)
    return near * near * (3.0 - 2.0 * near)


def _bent(motion: Motion, fitted: Motion, locked: Motion, anchor: int, ramp: Float[Tensor, " frames"]) -> Motion:
    shift = locked.translation[anchor] - fitted.translation[anchor]
    root = _turn(fitted.root_orientation[anchor], locked.root_orientation[anchor], ramp)
    pose = _turn(fitted.body_pose[anchor], locked.body_pose[anchor], ramp[:, None])
    return replace(
        motion,
        translation=motion.translation + ramp[:, None] * shift,
        root_orientation=root @ motion.root_orientation,
        body_pose=pose @ motion.body_pose,
    )


def _turn(first: Tensor, second: Tensor, weight: Tensor) -> Tensor:
    """Shares of the turn that leads from one rotation to another."""
    axis_angle = axis_angle_from_rotation(second @ first.transpose(-1, -2))
    return rotation_from_axis_angle(weight[..., None] * axis_angle)
