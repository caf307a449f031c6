"""Collar bones for rigs that have none: they follow the upper arms."""

from __future__ import annotations

import math
from dataclasses import replace

from motionfit.body.model import BodyModel
from motionfit.geometry.rotations import axis_angle_from_rotation, rotation_from_axis_angle
from motionfit.motion import Motion
from motionfit.retarget.bones import turn_between

SHARE = 0.16
"""Of the swing of the upper arm."""

_RIGID = math.radians(0.5)
_COLLARS = ((13, 16, 18), (14, 17, 19))


def has_rigid_collars(motion: Motion) -> bool:
    """Whether neither collar ever moves."""
    collars = motion.body_pose[:, [12, 13]]
    return bool(axis_angle_from_rotation(collars[:1].transpose(-1, -2) @ collars).norm(dim=-1).max() < _RIGID)


def move_collars(motion: Motion, body: BodyModel) -> Motion:
    """Give each collar its share of the swing of the upper arm from the T-pose; the arms keep their directions."""
    rest = body.rest_joints(motion.betas)
    pose = motion.body_pose.clone()
    for collar, shoulder, elbow in _COLLARS:
        bone = rest[elbow] - rest[shoulder]
        turn = pose[:, collar - 1] @ pose[:, shoulder - 1]
        swing = turn_between(bone.expand(motion.frames, 3), (turn @ bone[:, None])[..., 0])
        pose[:, collar - 1] = rotation_from_axis_angle(SHARE * axis_angle_from_rotation(swing))
        pose[:, shoulder - 1] = pose[:, collar - 1].transpose(-1, -2) @ turn
    return replace(motion, body_pose=pose)


__all__ = ["SHARE", "has_rigid_collars", "move_collars"]
