"""Glitches of the root: it jumps away and comes back, or the recording was cut."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch

from motionfit.geometry.gaps import fill_rotations, fill_vectors
from motionfit.geometry.rotations import geodesic_angle
from motionfit.motion import Motion

ROOT_TURN = 18.0
ROOT_SPEED = 9.0
"""Faster than this (rad/s, m/s) no root moves."""

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
