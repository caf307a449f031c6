"""The reference pose of a rig: standing, legs down, arms straight and not raised, facing z.

Files draw their zero pose as they like. Taken is the first of these that stands so: the pose of a given file, the
zero pose, the first frame (many files begin with a T-pose); if none does, a T-pose is built from how the joints bend.
"""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from motionfit.errors import InputError
from motionfit.retarget.built_reference import built_t_pose
from motionfit.retarget.euler import rotation_about
from motionfit.retarget.rig import RigMotion

_LEAST_DOWN = math.cos(math.radians(40.0))
_LEAST_STRAIGHT = math.cos(math.radians(35.0))
_MOST_RAISED = math.sin(math.radians(25.0))
_LEAST_OUT = math.cos(math.radians(20.0))
_QUARTER = math.pi / 2

_BUILT = (
    "Neither the zero pose nor the first frame is a T-pose; one was built from how knees and elbows bend. "
    "A file of the same rig that begins with a T-pose gives a better result (reference)."
)


def with_reference(rig: RigMotion, posed: RigMotion | None = None) -> RigMotion:
    """The rig with a reference pose that stands upright and faces z, and with y up.

    Args:
        rig: Its reference is the zero pose.
        posed: The same rig in a T-pose, in its first frame.

    Raises:
        InputError: `posed` is no T-pose.
    """
    if posed is not None:
        found = _posed(rig, posed.rotations[0], posed.positions[0], is_frame=True)
        if found is None:
            raise InputError(
                f"{posed.source}: the first frame is no T-pose (upright, legs down, arms straight and not raised).",
                "Give a file of the same rig that begins with a T-pose.",
            )
        return found
    zero = _posed(rig, rig.reference_rotations, rig.reference_positions, is_frame=False)
    if zero is not None:
        return zero
    first = _posed(rig, rig.rotations[0], rig.positions[0], is_frame=True)
    if first is not None:
        return first
    rotations, positions = built_t_pose(rig)
    warnings = (*rig.warnings, _BUILT)
    return replace(rig, reference_rotations=rotations, reference_positions=positions, warnings=warnings)


def _posed(
    rig: RigMotion, rotations: Float[Tensor, "joints 3 3"], positions: Float[Tensor, "joints 3"], is_frame: bool
) -> RigMotion | None:
    """The rig with this reference, turned to face z, if it stands with y or with z up.

    A frame may face anywhere; a zero pose is drawn along the axes, and what its hips deviate is the person. The arms
    of a frame must be out: hanging arms of somebody who stands there may be turned in any way.
    """
    joints = list(rig.joint_map.joints)
    for upright in (torch.eye(3, dtype=torch.float64), rotation_about("x", positions.new_tensor(-_QUARTER))):
        heading = _heading(positions[joints] @ upright.T)
        turn = rotation_about("y", heading if is_frame else (heading / _QUARTER).round() * _QUARTER)
        facing = turn.T @ upright
        places = positions[joints] @ facing.T
        if not (stands_straight(places) and (_arms_out(places) or not is_frame)):
            continue
        return replace(
            rig,
            rotations=upright @ rig.rotations,
            positions=rig.positions @ upright.T,
            reference_rotations=facing @ rotations,
            reference_positions=positions @ facing.T,
        )
    return None


def _heading(places: Float[Tensor, "22 3"]) -> Float[Tensor, ""]:
    """Angle about y from facing z to where hips and shoulders face."""
    left = places[1] - places[2] + places[16] - places[17]
    return torch.atan2(-left[2], left[0])


def stands_straight(places: Float[Tensor, "22 3"]) -> bool:
    """Whether SMPL joints stand upright and face z: legs down, trunk up, arms straight and at or below the shoulders.

    A T-pose, an A-pose and hanging arms do.
    """
    bones = {(start, end): _direction(places[end] - places[start]) for start, end in _BONES}
    down = min(float(-bones[bone][1]) for bone in _LEGS)
    up = float(_direction(places[16:18].mean(0) - places[1:3].mean(0))[1])
    straight = min(float(bones[upper] @ bones[lower]) for upper, lower in _ARMS)
    raised = max(float(bones[bone][1]) for arm in _ARMS for bone in arm)
    spread = min(float(bones[upper][0]) * side for (upper, _), side in zip(_ARMS, (1, -1), strict=True))
    legs_apart = float(places[1, 0] - places[2, 0])
    return (
        min(down, up) > _LEAST_DOWN
        and straight > _LEAST_STRAIGHT
        and raised < _MOST_RAISED
        and spread > -_MOST_RAISED
        and legs_apart > 0
    )


def _arms_out(places: Float[Tensor, "22 3"]) -> bool:
    """Whether both arms point sideways."""
    left, right = (_direction(places[wrist] - places[shoulder]) for shoulder, wrist in ((16, 20), (17, 21)))
    return min(float(left[0]), float(-right[0])) > _LEAST_OUT


_LEGS = ((1, 4), (4, 7), (2, 5), (5, 8))
_ARMS = (((16, 18), (18, 20)), ((17, 19), (19, 21)))
_BONES = (*_LEGS, *_ARMS[0], *_ARMS[1])


def _direction(vector: Float[Tensor, "xyz=3"]) -> Float[Tensor, "xyz=3"]:
    unit: Tensor = vector / vector.norm().clamp(min=1e-9)
    return unit
