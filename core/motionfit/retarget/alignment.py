"""From a rig to the SMPL body: rest alignment, joints, scale and root.

The rotation of a SMPL joint is what the rig's joint turned since the reference pose, after Q, the rotation that
brings the T-pose of the body into the rig's reference pose. Q aligns limbs only; the trunk takes the turns as they are.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from motionfit.body.model import BodyModel
from motionfit.body.skeleton import PARENTS
from motionfit.geometry.rotations import (
    interpolate_rotations,
    quaternion_from_rotation,
    rotation_from_axis_angle,
    skew,
)
from motionfit.motion import Motion
from motionfit.retarget.bones import LIMB_BONES
from motionfit.retarget.euler import rotation_about
from motionfit.retarget.rig import RigMotion

_LIMBS = {start: (start, end) for start, end in LIMB_BONES}
"""The bone from hip, knee, shoulder and elbow to the next joint."""
_FEET = {7: 4, 8: 5, 10: 4, 11: 5}
_WRISTS = {20: 18, 21: 19}
_SPLAYED_FEET = frozenset({"cmu-asf", "cmu-bvh"})
"""Their reference has the legs apart and each foot in line with its leg."""
_DRAWN_BENT = frozenset({"daz"})
"""Knees and elbows that are drawn bent in the zero pose, by 7 and 17 degrees, and mean straight ones."""
_STRAIGHTENED = {1: (4, 7), 2: (5, 8), 18: (16, 18), 19: (17, 19)}
"""The thigh is then meant to be in line with the drawn shin, the forearm with the drawn upper arm."""


def retarget(rig: RigMotion, body: BodyModel) -> Motion:
    """The motion of a rig on the SMPL body, at the rig's frame rate, z up, without any cleaning.

    Args:
        rig: Of a reader.
        body: Gives the rest joints of the mean shape.

    Returns:
        The motion with zero betas, float64. Its scale is that of the body: lengths are multiplied by `leg_scale`.
    """
    rest = body.rest_joints(torch.zeros(16, dtype=body.joint_template.dtype)).double()
    rotations = _turned(rig) @ rest_alignment(rig, rest)
    parents = list(PARENTS[1:])
    body_pose = rotations[:, parents].transpose(-1, -2) @ rotations[:, 1:]
    hips = rig.positions[:, list(rig.joint_map.joints[1:3])].mean(1)
    hip_offset = rest[1:3].mean(0) - rest[0]
    pelvis = leg_scale(rig, rest) * hips - rotations[:, 0] @ hip_offset
    z_up = rotation_about("x", torch.tensor(math.pi / 2, dtype=torch.float64))
    return Motion(
        fps=rig.fps,
        translation=pelvis @ z_up.transpose(-1, -2) - rest[0],
        root_orientation=z_up @ rotations[:, 0],
        body_pose=body_pose,
        betas=torch.zeros(16, dtype=torch.float64),
        gender=body.gender,
    )


def leg_scale(rig: RigMotion, rest_joints: Float[Tensor, "22 3"]) -> float:
    """How much longer the legs of the body are than those of the rig (hip, knee, ankle; both sides)."""
    places = rig.reference_positions[list(rig.joint_map.joints)]
    lengths = [
        sum(float((joints[end] - joints[start]).norm()) for start, end in LIMB_BONES[:4])
        for joints in (rest_joints, places)
    ]
    return lengths[0] / lengths[1]


def rest_alignment(rig: RigMotion, rest_joints: Float[Tensor, "22 3"]) -> Float[Tensor, "22 3 3"]:
    """Q: per SMPL joint the rotation from the body's T-pose to the rig's reference pose.

    Args:
        rig: With its reference pose.
        rest_joints: Of the body in the T-pose, metres.
    """
    places = rig.reference_positions[list(rig.joint_map.joints)]
    alignment = torch.eye(3, dtype=torch.float64).repeat(22, 1, 1)
    meant = _LIMBS | (_STRAIGHTENED if rig.joint_map.family in _DRAWN_BENT else {})
    for joint, (start, end) in _LIMBS.items():
        first, last = meant[joint]
        alignment[joint] = smallest_rotation(rest_joints[end] - rest_joints[start], places[last] - places[first])
    for joint, elbow in _WRISTS.items():
        alignment[joint] = alignment[elbow]
    if rig.joint_map.family in _SPLAYED_FEET:
        for joint, knee in _FEET.items():
            shin = places[_LIMBS[knee][1]] - places[knee]
            alignment[joint] = rotation_about("z", torch.atan2(shin[0], -shin[1]))
    for joint in rig.joint_map.lacking:
        alignment[joint] = alignment[PARENTS[joint]]
    return alignment


def smallest_rotation(start: Float[Tensor, "xyz=3"], end: Float[Tensor, "xyz=3"]) -> Float[Tensor, "3 3"]:
    """The smallest rotation that turns one direction into another."""
    first, second = start / start.norm(), end / end.norm()
    axis, cosine = torch.linalg.cross(first, second), torch.dot(first, second)
    if float(cosine) < -1 + 1e-12:
        across = torch.linalg.cross(first, torch.eye(3, dtype=first.dtype)[int(first.abs().argmin())])
        return rotation_from_axis_angle(math.pi * across / across.norm())
    cross = skew(axis)
    return torch.eye(3, dtype=first.dtype) + cross + cross @ cross / (1 + cosine)


def _turned(rig: RigMotion) -> Float[Tensor, "frames 22 3 3"]:
    """What each SMPL joint turned since the reference pose."""
    turned = rig.rotations @ rig.reference_rotations.transpose(-1, -2)
    joints = turned[:, list(rig.joint_map.joints)]
    for between in rig.joint_map.between:
        fraction = torch.full((rig.frames,), between.fraction, dtype=turned.dtype)
        joints[:, between.joint] = interpolate_rotations(turned[:, between.first], turned[:, between.second], fraction)
    for elbow, twist in zip((18, 19), rig.joint_map.forearm_twists, strict=True):
        if twist is not None:
            forearm = rig.joint_map.joints[elbow], rig.joint_map.joints[elbow + 2]
            axis = rig.reference_positions[forearm[1]] - rig.reference_positions[forearm[0]]
            joints[:, elbow] = half_twisted(turned[:, forearm[0]], turned[:, twist], axis / axis.norm())
    return joints


def half_twisted(
    forearm: Float[Tensor, "frames 3 3"], wrist: Float[Tensor, "frames 3 3"], axis: Float[Tensor, "xyz=3"]
) -> Float[Tensor, "frames 3 3"]:
    """The forearm with half of the wrist's twist about it.

    The twist passes 100° and more, so it is followed in time: a slerp would take the short way round and flip.

    Args:
        forearm: What the forearm turned since the reference pose.
        wrist: What the wrist turned.
        axis: Unit direction of the forearm in the reference pose.
    """
    quaternion = quaternion_from_rotation(forearm.transpose(-1, -2) @ wrist)
    angle = 2 * torch.atan2(quaternion[:, 1:] @ axis, quaternion[:, 0])
    steps = torch.diff(angle)
    jumps = torch.round(steps / (2 * math.pi)).cumsum(0) * (2 * math.pi)
    followed = angle - torch.cat([torch.zeros_like(angle[:1]), jumps])
    return forearm @ rotation_from_axis_angle(followed[:, None] / 2 * axis)
