"""Glitches of single bones: they jump away and are back within a fifth of a second, or turn faster than anybody."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from motionfit.geometry.gaps import fill_rotations
from motionfit.geometry.rotations import axis_angle_from_rotation
from motionfit.motion import Motion

JUMP = 20.0
"""A bone that turns faster (rad/s) for one frame, and differs by as much from its turning before and after, jumps:
people reach such speeds, but never within a frame."""

LONGEST_SPIKE = 0.2
"""A spike lasts no longer than this (s)."""

_RETURN = 0.5
"""Bridged, a bone turns at most by this share of what it turned in the spike."""

_FASTEST = 29.0
_FASTEST_SECONDS = 1.0 / 30.0
"""No bone turns that fast (rad/s) for that long; it takes its turn over a longer time."""

_LIMBS = ((1, 4, 7, 10), (2, 5, 8, 11), (13, 16, 18, 20), (14, 17, 19, 21))


def repair_joints(motion: Motion) -> tuple[Motion, int]:
    """Bridge spikes by slerp.

    Bones of limbs are taken relative to the trunk and not to each other: where a thigh jumps, the knee that follows it
    jumps the other way for the foot to stay, and must not be bridged on its own.

    Returns:
        The motion, and the number of frames in which a bone was bridged, summed over the bones.
    """
    turns = _relative_to_trunk(motion.body_pose)
    count = _bridge(turns, _jumps(turns, motion.fps), 1, _RETURN, motion.fps) + _slow_down(turns, motion.fps)
    pose = _relative_to_parents(turns)
    count += _slow_down(pose, motion.fps)
    return (replace(motion, body_pose=pose), count) if count else (motion, 0)


def _slow_down(turns: Float[Tensor, "frames 21 3 3"], fps: float) -> int:
    """Bridge, in place, where bones turn too fast; gives the number of frames, summed over the bones."""
    lasting = max(1, round(_FASTEST_SECONDS * fps))
    if turns.shape[0] <= lasting:
        return 0
    speeds = _angle(turns[:-lasting], turns[lasting:]) * (fps / lasting)
    return _bridge(turns, speeds > _FASTEST, lasting, 1.0, fps)


def _bridge(
    turns: Float[Tensor, "frames 21 3 3"], starts: Bool[Tensor, "steps 21"], lasting: int, share: float, fps: float
) -> int:
    """Bridge, in place, what begins at the marked frames; gives the number of frames, summed over the bones."""
    count = 0
    for bone in starts.any(0).nonzero()[:, 0].tolist():
        known = _outside_spikes(turns[:, bone], starts[:, bone].nonzero()[:, 0].tolist(), lasting, share, fps)
        count += int((~known).sum())
        turns[:, bone] = fill_rotations(turns[:, bone], known)
    return count


def _relative_to_trunk(pose: Float[Tensor, "frames 21 3 3"]) -> Float[Tensor, "frames 21 3 3"]:
    turns = pose.clone()
    for limb in _LIMBS:
        for upper, lower in pairwise(limb):
            turns[:, lower - 1] = turns[:, upper - 1] @ turns[:, lower - 1]
    return turns


def _relative_to_parents(turns: Float[Tensor, "frames 21 3 3"]) -> Float[Tensor, "frames 21 3 3"]:
    pose = turns.clone()
    for limb in _LIMBS:
        for upper, lower in pairwise(limb):
            pose[:, lower - 1] = turns[:, upper - 1].transpose(-1, -2) @ turns[:, lower - 1]
    return pose


def _jumps(turns: Float[Tensor, "frames bones 3 3"], fps: float) -> Bool[Tensor, "steps bones"]:
    turning = axis_angle_from_rotation(turns[:-1].transpose(-1, -2) @ turns[1:]) * fps
    padded = torch.cat([turning[:1], turning, turning[-1:]])
    change = (turning - (padded[:-2] + padded[2:]) / 2.0).norm(dim=-1)
    jumps: Tensor = (turning.norm(dim=-1) > JUMP) & (change > JUMP)
    return jumps


def _angle(first: Float[Tensor, "*#batch 3 3"], second: Float[Tensor, "*#batch 3 3"]) -> Float[Tensor, "*batch"]:
    """Angle between rotations, by their distance: many times faster than by quaternions, and as exact in float64."""
    chord = (first - second).flatten(-2).norm(dim=-1)
    angle: Tensor = 2.0 * (chord / math.sqrt(8.0)).clamp(max=1.0).asin()
    return angle


def _outside_spikes(
    turns: Float[Tensor, "frames 3 3"], starts: list[int], lasting: int, share: float, fps: float
) -> Bool[Tensor, " frames"]:
    """Marks what lies outside the shortest windows around the glitches over which the bone turns as bones do.

    It walks from one to the next, since where one ends decides where the next may begin.
    """
    known = torch.ones(turns.shape[0], dtype=torch.bool)
    travelled = torch.nn.functional.pad(_angle(turns[:-1], turns[1:]).cumsum(0), (1, 0))
    free = 0
    for start in starts:
        if start < free:
            continue
        window = _shortest_window(turns, travelled, (free, start, start + lasting), share, fps)
        if window is not None:
            known[window[0] + 1 : window[1]] = False
            free = window[1]
    return known


def _shortest_window(
    turns: Float[Tensor, "frames 3 3"],
    travelled: Float[Tensor, " frames"],
    places: tuple[int, int, int],
    share: float,
    fps: float,
) -> tuple[int, int] | None:
    """The frames before and after a glitch; None where no window makes it better.

    Args:
        turns: Of one bone.
        travelled: Angle that it turned in all up to each frame.
        places: The first frame that the window may begin at, and the frames that it must enclose.
        share: Of what it turned within the window, by which the bone may have turned at its end.
        fps: Frames per second.
    """
    free, first, last = places
    reach = int(LONGEST_SPIKE * fps)
    before = torch.arange(max(free, last - reach), first + 1)[:, None]
    after = torch.arange(last, min(first + reach + 1, turns.shape[0]))[None]
    frames = after - before
    angle = _angle(turns[before], turns[after])
    fits = (angle <= share * (travelled[after] - travelled[before]) + 1e-9) & (angle * fps <= JUMP * frames)
    fits &= (frames > 1) & (frames <= reach)
    if not bool(fits.any()):
        return None
    best = int(torch.where(fits, frames, frames.max() + 1).argmin())
    return int(before[best // after.shape[1], 0]), int(after[0, best % after.shape[1]])
