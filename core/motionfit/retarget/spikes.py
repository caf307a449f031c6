"""Glitches of capture: the root or a joint that jumps away and comes back, and places where a recording was cut."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from motionfit.geometry.gaps import fill_rotations, fill_vectors
from motionfit.geometry.rotations import axis_angle_from_rotation, geodesic_angle
from motionfit.motion import Motion

ROOT_TURN = 18.0
ROOT_SPEED = 9.0
"""Faster than this (rad/s, m/s) no root moves."""

JOINT_TURN = 20.0
"""A joint that turns faster (rad/s) for one frame, and differs by as much from its turning before and after, jumps:
people reach such speeds, but never within a frame."""

LONGEST_SPIKE = 0.2
"""What comes back within this time (s) is bridged; the rest is a cut."""


@dataclass(frozen=True)
class Stretch:
    """The frames start..stop-1 of a motion."""

    start: int
    stop: int

    @property
    def frames(self) -> int:
        """Number of frames."""
        return self.stop - self.start


@dataclass(frozen=True)
class RootRepair:
    """A motion without root spikes.

    Attributes:
        motion: All frames; those of spikes are bridged.
        bridged: Number of frames that were bridged.
        stretches: What lies between the cuts, in order. Frames of long glitches belong to none.
    """

    motion: Motion
    bridged: int
    stretches: tuple[Stretch, ...]


def repair_root(motion: Motion) -> RootRepair:
    """Bridge short spikes of the root; find the cuts.

    A group of steps that are too fast is a spike where it is short and the root afterwards is where it can have gone
    from where it was before. Else the motion is cut there.
    """
    path, turns = motion.translation, motion.root_orientation
    speeds = (path[1:] - path[:-1]).norm(dim=-1) * motion.fps / ROOT_SPEED
    speeds = torch.maximum(speeds, geodesic_angle(turns[:-1], turns[1:]) * motion.fps / ROOT_TURN)
    known = torch.ones(motion.frames, dtype=torch.bool)
    stretches, start = [], 0
    for before, after in _groups((speeds > 1.0).nonzero()[:, 0].tolist(), LONGEST_SPIKE * motion.fps):
        seconds = (after - before) / motion.fps
        distance = float((path[after] - path[before]).norm()) / ROOT_SPEED
        turn = float(geodesic_angle(turns[before], turns[after])) / ROOT_TURN
        if seconds <= LONGEST_SPIKE and max(distance, turn) <= seconds:
            known[before + 1 : after] = False
        else:
            stretches.append(Stretch(start, before + 1))
            start = after
    stretches.append(Stretch(start, motion.frames))
    bridged = replace(motion, translation=fill_vectors(path, known), root_orientation=fill_rotations(turns, known))
    return RootRepair(bridged, int((~known).sum()), tuple(stretches))


def _groups(steps: list[int], reach: float) -> list[tuple[int, int]]:
    """The frames before and after each group of fast steps that are nearer than `reach` frames to each other."""
    groups: list[tuple[int, int]] = []
    for step in steps:
        if groups and step - groups[-1][1] < reach:
            groups[-1] = (groups[-1][0], step + 1)
        else:
            groups.append((step, step + 1))
    return groups


def repair_joints(motion: Motion) -> tuple[Motion, int]:
    """Bridge spikes of single joints.

    Returns:
        The motion, and the number of frames in which a joint was bridged, summed over the joints.
    """
    jumps = _jumps(motion.body_pose, motion.fps)
    pose, count = motion.body_pose.clone(), 0
    for joint in jumps.any(0).nonzero()[:, 0].tolist():
        known = _outside_spikes(pose[:, joint], jumps[:, joint].nonzero()[:, 0].tolist(), motion.fps)
        count += int((~known).sum())
        pose[:, joint] = fill_rotations(pose[:, joint], known)
    return replace(motion, body_pose=pose), count


def _jumps(pose: Float[Tensor, "frames joints 3 3"], fps: float) -> Bool[Tensor, "steps joints"]:
    turning = axis_angle_from_rotation(pose[:-1].transpose(-1, -2) @ pose[1:]) * fps
    padded = torch.cat([turning[:1], turning, turning[-1:]])
    change = (turning - (padded[:-2] + padded[2:]) / 2.0).norm(dim=-1)
    jumps: Tensor = (turning.norm(dim=-1) > JOINT_TURN) & (change > JOINT_TURN)
    return jumps


def _outside_spikes(turns: Float[Tensor, "frames 3 3"], steps: list[int], fps: float) -> Bool[Tensor, " frames"]:
    """Marks what lies between a jump and the last one in reach after which the joint is back.

    It walks from spike to spike, since where one ends decides where the next may begin.
    """
    known = torch.ones(turns.shape[0], dtype=torch.bool)
    free = 0
    for place, step in enumerate(steps):
        if step < free:
            continue
        for back in reversed(steps[place + 1 :]):
            frames = back + 1 - step
            if frames > LONGEST_SPIKE * fps:
                continue
            if float(geodesic_angle(turns[step], turns[back + 1])) * fps <= JOINT_TURN * frames:
                known[step + 1 : back + 1] = False
                free = back + 1
                break
    return known
