"""A motion as global rotations of its bones, and back: what is repaired in the world frame is written here."""

from __future__ import annotations

from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from motionfit.body.model import BodyModel, PosedSkeleton, pose_skeleton
from motionfit.body.skeleton import PARENTS
from motionfit.motion import Motion

LIMB_BONES: tuple[tuple[int, int], ...] = (
    (1, 4), (4, 7), (2, 5), (5, 8), (16, 18), (18, 20), (17, 19), (19, 21),
)  # fmt: skip
"""Thighs, shins, upper arms and forearms as pairs of joints: the bones whose directions every source tells."""


def pose_bones(motion: Motion, body: BodyModel) -> PosedSkeleton:
    """Joints and global rotations of a motion, metres, in the motion's frame."""
    rest = body.rest_joints(motion.betas)
    return pose_skeleton(rest, motion.translation, motion.root_orientation, motion.body_pose)


def with_rotations(motion: Motion, rotations: Float[Tensor, "frames 22 3 3"]) -> Motion:
    """The motion with other global rotations; the root joint stays in its place."""
    parents = list(PARENTS[1:])
    local = rotations[:, parents].transpose(-1, -2) @ rotations[:, 1:]
    return replace(motion, root_orientation=rotations[:, 0], body_pose=local)


def turn_between(first: Float[Tensor, "*batch 3"], second: Float[Tensor, "*batch 3"]) -> Float[Tensor, "*batch 3 3"]:
    """The smallest rotation that takes one direction to another; for opposite ones it is a half turn.

    Args:
        first: Of any length above 0.
        second: Of any length above 0.
    """
    a = first / first.norm(dim=-1, keepdim=True)
    b = second / second.norm(dim=-1, keepdim=True)
    half = a + b
    length = half.norm(dim=-1, keepdim=True)
    # Two reflections, in a and in the bisector, make the rotation; a bisector of opposite directions is any normal.
    helper = torch.nn.functional.one_hot(a.abs().argmin(-1), 3).to(a)
    normal = torch.linalg.cross(a, helper)
    half = torch.where(length > 1e-6, half, normal)
    half = half / half.norm(dim=-1, keepdim=True)
    identity = torch.eye(3, dtype=a.dtype, device=a.device)
    reflection = 2.0 * half[..., :, None] * half[..., None, :] - identity
    first_reflection = 2.0 * a[..., :, None] * a[..., None, :] - identity
    turn: Tensor = reflection @ first_reflection
    return turn
