"""The similarity that brings one set of points as near as possible to another (Umeyama 1991)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from motionfit.geometry.planes import RigidTransform


@dataclass(frozen=True)
class Similarity:
    """p ↦ scale · rotation @ p + translation."""

    scale: Float[Tensor, "*batch"]
    rotation: Float[Tensor, "*batch 3 3"]
    translation: Float[Tensor, "*batch 3"]

    def apply(self, points: Float[Tensor, "*batch points 3"]) -> Float[Tensor, "*batch points 3"]:
        """Transform points."""
        turned = points @ self.rotation.transpose(-1, -2)
        return self.scale[..., None, None] * turned + self.translation.unsqueeze(-2)


def align(points: Float[Tensor, "*batch points 3"], target: Float[Tensor, "*batch points 3"]) -> Similarity:
    """The least-squares similarity (no mirroring) from points to target; each batch entry has its own.

    Points that all coincide get the identity rotation and scale 1.
    """
    centre, target_centre = points.mean(-2, keepdim=True), target.mean(-2, keepdim=True)
    centred, target_centred = points - centre, target - target_centre
    left, singular, right = torch.linalg.svd(target_centred.transpose(-1, -2) @ centred)
    sign = torch.ones_like(singular)
    sign[..., 2] = torch.linalg.det(left @ right).sign()
    rotation = left @ (sign.unsqueeze(-1) * right)
    spread = centred.square().sum((-1, -2))
    is_point = spread < 1e-12
    scale = (singular * sign).sum(-1) / torch.where(is_point, torch.ones_like(spread), spread)
    scale = torch.where(is_point, torch.ones_like(scale), scale)
    moved = scale[..., None] * (rotation @ centre.transpose(-1, -2)).squeeze(-1)
    return Similarity(scale, rotation, target_centre.squeeze(-2) - moved)


def align_over_floor(
    joints: Float[Tensor, "frames joints 3"], target: Float[Tensor, "frames joints 3"]
) -> RigidTransform:
    """The least-squares turn about the vertical and move along the floor (z up) from joints to target."""
    points, goal = joints.flatten(0, 1), target.flatten(0, 1)
    centre, goal_centre = points.mean(0), goal.mean(0)
    a, b = (points - centre)[:, :2], (goal - goal_centre)[:, :2]
    angle = torch.atan2((a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum(), (a * b).sum())
    cosine, sine, zero, one = angle.cos(), angle.sin(), torch.zeros_like(angle), torch.ones_like(angle)
    rotation = torch.stack([cosine, -sine, zero, sine, cosine, zero, zero, zero, one]).reshape(3, 3)
    move = goal_centre - rotation @ centre
    return RigidTransform(rotation, torch.cat([move[:2], zero.reshape(1)]))
