"""Poses and a walk that any prior of human motion must know, made by formula from anatomical ranges.

They are what `priors.self_check` asks a prior about; no recording is behind them. Body frame: y up, facing +z,
left is +x; the walk is in the frame of `priors.state`: z up, facing +y.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from motionfit.body.model import pose_skeleton
from motionfit.body.skeleton import MIRROR, POSED_JOINTS
from motionfit.geometry.differences import angular_velocity, velocity
from motionfit.geometry.rotations import rotation_from_axis_angle
from motionfit.priors.state import MotionState, local_frame, to_local

POSES = 64
WALK_FRAMES = 40
_FPS = 30.0
_STEPS_HZ = 0.95
_SPEED = 1.15
_SITTING_SPLIT = 0.9
"""How far both thighs may differ, rad: more is a split that few do."""

_FLEXION, _TWIST, _ROLL = 0, 1, 2
_RANGES: tuple[tuple[int, int, float, float], ...] = (
    (1, _FLEXION, -1.2, 0.15), (1, _ROLL, -0.05, 0.15), (2, _FLEXION, -1.2, 0.15), (2, _ROLL, -0.15, 0.05),
    (3, _FLEXION, 0.0, 0.35), (6, _FLEXION, 0.0, 0.15), (6, _TWIST, -0.15, 0.15), (9, _TWIST, -0.1, 0.1),
    (4, _FLEXION, 0.05, 1.4), (5, _FLEXION, 0.05, 1.4), (7, _FLEXION, -0.2, 0.1), (8, _FLEXION, -0.2, 0.1),
    (12, _TWIST, -0.3, 0.3), (15, _FLEXION, -0.1, 0.2), (16, _ROLL, -1.25, -0.3), (16, _TWIST, -0.6, 0.1),
    (17, _ROLL, 0.3, 1.25), (17, _TWIST, -0.1, 0.6), (18, _TWIST, -1.4, -0.1), (19, _TWIST, 0.1, 1.4),
)  # fmt: skip
"""Joint, axis, least and largest angle (rad) of what is done standing, bending, reaching and sitting down."""

_LEFT_REST: tuple[tuple[int, float, float, float], ...] = (
    (1, 0.065, -0.31, 0.02), (4, 0.10, -0.69, 0.01), (7, 0.09, -1.09, -0.03), (10, 0.115, -1.145, 0.09),
    (13, 0.08, 0.19, -0.01), (16, 0.17, 0.225, -0.015), (18, 0.43, 0.215, -0.04), (20, 0.68, 0.22, -0.045),
)  # fmt: skip
_MIDDLE_REST: tuple[tuple[int, float, float], ...] = (
    (0, -0.22, 0.03), (3, -0.11, 0.0), (6, 0.02, 0.0), (9, 0.075, 0.025), (12, 0.285, -0.015), (15, 0.355, 0.035),
)  # fmt: skip


def plausible_poses() -> Float[Tensor, "poses 21 3 3"]:
    """Everyday poses: each angle swings through its range at a pace of its own; legs stay short of a split."""
    number = torch.arange(POSES, dtype=torch.float32)
    angles = torch.zeros(POSES, POSED_JOINTS + 1, 3)
    for place, (joint, axis, least, largest) in enumerate(_RANGES):
        pace = 0.37 + 0.618 * place
        swing = 0.5 + 0.5 * torch.sin(pace * number + place)
        angles[:, joint, axis] = least + (largest - least) * swing
    middle = angles[:, 1:3, _FLEXION].mean(-1, keepdim=True)
    apart = angles[:, 1:3, _FLEXION] - middle
    angles[:, 1:3, _FLEXION] = middle + apart.clamp(-0.5 * _SITTING_SPLIT, 0.5 * _SITTING_SPLIT)
    return rotation_from_axis_angle(angles[:, 1:])


def plausible_walk() -> MotionState:
    """Walking ahead at 30 fps on the floor z = 0; the frames are in the world frame, all starts facing +y."""
    time = torch.arange(WALK_FRAMES + 2, dtype=torch.float32) / _FPS
    phase = 2.0 * math.pi * _STEPS_HZ * time
    body_pose = rotation_from_axis_angle(_walking_angles(phase)[:, 1:])
    root = _upright().expand(time.shape[0], 3, 3)
    rest = rest_joints()
    ahead = torch.stack([torch.zeros_like(time), _SPEED * time, torch.zeros_like(time)], -1)
    lowest = pose_skeleton(rest, ahead, root, body_pose).joints[:, (10, 11), 2].amin(-1)
    translation = ahead + torch.stack([0.0 * time, 0.0 * time, 0.02 - lowest], -1)
    joints = pose_skeleton(rest, translation, root, body_pose).joints
    states = MotionState(
        translation=translation,
        linear_velocity=velocity(translation, _FPS),
        root_orientation=root,
        angular_velocity=angular_velocity(root, _FPS),
        body_pose=body_pose,
        joints=joints,
        joint_velocities=velocity(joints, _FPS, frame_axis=0),
    )
    return states.slice(1, WALK_FRAMES + 1)


def steps_of(walk: MotionState) -> tuple[MotionState, MotionState]:
    """Each state and the one that follows it, both in the local frame of the first."""
    past, following = walk.slice(0, walk.frames - 1), walk.slice(1, walk.frames)
    frame, pivot = local_frame(past), past.trans_to_joint()
    return to_local(past, frame, pivot), to_local(following, frame, pivot)


def rest_joints() -> Float[Tensor, "22 3"]:
    """Joints of an adult of average size in the rest pose, m, rounded to half a centimetre."""
    joints = torch.zeros(POSED_JOINTS + 1, 3)
    for joint, *place in _LEFT_REST:
        joints[joint] = torch.tensor(place)
        joints[MIRROR[joint]] = torch.tensor(place) * torch.tensor([-1.0, 1.0, 1.0])
    for joint, *height_and_depth in _MIDDLE_REST:
        joints[joint, 1:] = torch.tensor(height_and_depth)
    return joints


def _walking_angles(phase: Tensor) -> Tensor:
    swing = torch.sin(phase)
    angles = torch.zeros(phase.shape[0], POSED_JOINTS + 1, 3)
    for left, sign in ((True, 1.0), (False, -1.0)):
        hip, knee, ankle, shoulder, elbow = (1, 4, 7, 16, 18) if left else (2, 5, 8, 17, 19)
        angles[:, hip, _FLEXION] = -0.1 - 0.4 * sign * swing
        angles[:, knee, _FLEXION] = 0.35 + 0.3 * sign * torch.cos(phase - 0.3)
        angles[:, ankle, _FLEXION] = 0.1 * sign * swing
        angles[:, shoulder, _ROLL] = -1.15 * sign
        angles[:, shoulder, _TWIST] = 0.3 * swing
        angles[:, elbow, _TWIST] = -0.35 * sign + 0.15 * swing
    angles[:, 3, _FLEXION] = 0.05
    return angles


def _upright() -> Tensor:
    """World from body: the body's up is z, and it faces +y."""
    return torch.tensor([[-1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]])
