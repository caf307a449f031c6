"""Rotations from angles about coordinate axes."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

_NEXT = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}


def rotation_about(axis: str, angle: Float[Tensor, "*batch"]) -> Float[Tensor, "*batch 3 3"]:
    """The rotation about a coordinate axis, "x", "y" or "z", by an angle in radians."""
    second, third = _NEXT[axis]
    rotation = torch.eye(3, dtype=angle.dtype, device=angle.device).repeat(*angle.shape, 1, 1)
    rotation[..., second, second] = rotation[..., third, third] = angle.cos()
    rotation[..., third, second] = angle.sin()
    rotation[..., second, third] = -angle.sin()
    return rotation


def intrinsic_rotation(axes: str, angles: Float[Tensor, "*batch angles"]) -> Float[Tensor, "*batch 3 3"]:
    """Turns one after the other about the axes that the previous turn left, as BVH channels do.

    Args:
        axes: One of x, y, z per angle, in order; "zxy" gives Rz·Rx·Ry.
        angles: Radians.
    """
    rotation = torch.eye(3, dtype=angles.dtype, device=angles.device).repeat(*angles.shape[:-1], 1, 1)
    for axis, angle in zip(axes, angles.unbind(-1), strict=True):
        rotation = rotation @ rotation_about(axis, angle)
    return rotation
