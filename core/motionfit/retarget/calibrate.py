"""What "upright" is to a rig: the zero attitude of pelvis and head, measured on people who stand or walk.

Where markers were put decides the zero of these two, and it differs by up to 24 and 30 degrees between the subjects
of one collection. How far the median over upright frames is from neutral is partly the person and partly the rig. The
estimate of the rig's share is the non-negative garrote (Breiman 1995): nothing within what people differ by, nearly all
of what is far beyond it, without a step between.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from motionfit.body.model import BodyModel, PosedSkeleton
from motionfit.geometry.rotations import axis_angle_from_rotation, rotation_from_axis_angle
from motionfit.motion import Motion
from motionfit.retarget.bones import pose_bones, turn_between, with_rotations

_PELVIS, _HEAD, _NECK = 0, 15, 12
_HIPS, _ANKLES = (1, 2), (7, 8)

_TRUNK_ANGLE = math.radians(20.0)
_STRAIGHT_LEG = 0.95
_LEAST_SECONDS = 1.0

_PELVIS_SPREAD = math.radians(6.0)
_HEAD_SPREAD = math.radians(8.0)
"""By how much people differ."""

_HEAD_NEUTRAL = math.radians(-8.0)
"""People who walk look down a little."""


@dataclass(frozen=True)
class Attitude:
    """The zero attitude of a subject.

    Attributes:
        pelvis: Rotation from the pelvis of the body to that of the rig; the identity where it needs no correction.
        head: The same for the head.
        seconds: How long the subject stood upright in what was measured.
    """

    pelvis: Float[Tensor, "3 3"]
    head: Float[Tensor, "3 3"]
    seconds: float


def measure_attitude(motions: Sequence[Motion], body: BodyModel) -> Attitude | None:
    """Measure the zero attitude of a subject over its recordings (z up, any frame rates).

    Returns:
        The attitude; None where the subject is upright for less than a second in all.
    """
    pelvis, head, seconds = [], [], 0.0
    for motion in motions:
        posed = pose_bones(motion, body)
        upright = _upright(posed, body.rest_joints(motion.betas))
        pelvis.append(posed.rotations[upright, _PELVIS, 2])
        head.append(posed.rotations[upright, _HEAD, 2])
        seconds += int(upright.sum()) / motion.fps
    if seconds < _LEAST_SECONDS:
        return None
    return Attitude(
        _correction(torch.cat(pelvis), 0.0, _PELVIS_SPREAD),
        _correction(torch.cat(head), _HEAD_NEUTRAL, _HEAD_SPREAD),
        seconds,
    )


def correct_attitude(motion: Motion, body: BodyModel, attitude: Attitude) -> Motion:
    """The motion with the pelvis and head of the body; the middle of the hips and all other bones stay as they are."""
    rest = body.rest_joints(motion.betas)
    rotations = pose_bones(motion, body).rotations.clone()
    between_hips = rest[list(_HIPS)].mean(0) - rest[0]
    before = rotations[:, _PELVIS] @ between_hips
    rotations[:, _PELVIS] = rotations[:, _PELVIS] @ attitude.pelvis
    rotations[:, _HEAD] = rotations[:, _HEAD] @ attitude.head
    moved = before - rotations[:, _PELVIS] @ between_hips
    return replace(with_rotations(motion, rotations), translation=motion.translation + moved)


def correction_degrees(correction: Float[Tensor, "3 3"]) -> float:
    """Angle of a correction."""
    cosine = (float(torch.trace(correction)) - 1.0) / 2.0
    return math.degrees(math.acos(max(-1.0, min(1.0, cosine))))


def _upright(posed: PosedSkeleton, rest: Float[Tensor, "22 3"]) -> Bool[Tensor, " frames"]:
    """Frames with the trunk over the hips and at least one leg straight under them, whatever pelvis and head do."""
    trunk = posed.joints[:, _NECK] - posed.joints[:, list(_HIPS)].mean(1)
    legs = posed.joints[:, list(_HIPS)] - posed.joints[:, list(_ANKLES)]
    longest = (rest[1] - rest[4]).norm() + (rest[4] - rest[7]).norm()
    is_straight = (legs[..., 2] > _STRAIGHT_LEG * longest).any(-1)
    upright: Tensor = (trunk[:, 2] > math.cos(_TRUNK_ANGLE) * trunk.norm(dim=-1)) & is_straight
    return upright


def _correction(ups: Float[Tensor, "frames 3"], neutral_pitch: float, spread: float) -> Float[Tensor, "3 3"]:
    """The rig's share of the rotation from the neutral to the median of where "up" is in the frame of a bone."""
    neutral = ups.new_tensor([0.0, math.cos(neutral_pitch), math.sin(neutral_pitch)])
    turn = axis_angle_from_rotation(turn_between(neutral, ups.median(0).values))
    share = 1.0 - (spread / max(float(turn.norm()), spread)) ** 2
    return rotation_from_axis_angle(share * turn)
