"""Rotations as matrices; 6D and axis-angle are other clothes of the same thing, worn at borders.

6D is the representation of Zhou et al. (CVPR 2019) in VPoser's layout: the first two columns of the matrix,
interleaved row by row, so that six.reshape(3, 2) holds the columns.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

_SMALL = 1e-8


def skew(vector: Float[Tensor, "*batch 3"]) -> Float[Tensor, "*batch 3 3"]:
    """The matrix K with K @ p = vector × p."""
    x, y, z = vector.unbind(-1)
    zero = torch.zeros_like(x)
    return torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).reshape(*vector.shape[:-1], 3, 3)


def rotation_from_axis_angle(axis_angle: Float[Tensor, "*batch 3"]) -> Float[Tensor, "*batch 3 3"]:
    """Rodrigues' formula; value and gradient are exact and finite at zero."""
    squared = (axis_angle * axis_angle).sum(-1)
    is_small = squared < 1e-8
    safe = torch.where(is_small, torch.ones_like(squared), squared)
    angle = safe.sqrt()
    sine = torch.where(is_small, 1.0 - squared / 6.0, angle.sin() / angle)
    cosine = torch.where(is_small, 0.5 - squared / 24.0, (1.0 - angle.cos()) / safe)
    cross = skew(axis_angle)
    identity = torch.eye(3, dtype=axis_angle.dtype, device=axis_angle.device)
    return identity + sine[..., None, None] * cross + cosine[..., None, None] * (cross @ cross)


def quaternion_from_rotation(rotation: Float[Tensor, "*batch 3 3"]) -> Float[Tensor, "*batch 4"]:
    """Unit quaternion w, x, y, z with w ≥ 0.

    Of the four ways to solve for it the one with the largest divisor is taken, so the gradient stays finite for
    every rotation, also near π (Shepperd 1978).
    """
    m = rotation
    trace = m[..., 0, 0] + m[..., 1, 1] + m[..., 2, 2]
    squares = torch.stack(
        [
            1.0 + trace,
            1.0 + 2.0 * m[..., 0, 0] - trace,
            1.0 + 2.0 * m[..., 1, 1] - trace,
            1.0 + 2.0 * m[..., 2, 2] - trace,
        ],
        -1,
    )
    differences = (m[..., 2, 1] - m[..., 1, 2], m[..., 0, 2] - m[..., 2, 0], m[..., 1, 0] - m[..., 0, 1])
    sums = (m[..., 0, 1] + m[..., 1, 0], m[..., 0, 2] + m[..., 2, 0], m[..., 1, 2] + m[..., 2, 1])
    rows = torch.stack(
        [
            torch.stack([squares[..., 0], *differences], -1),
            torch.stack([differences[0], squares[..., 1], sums[0], sums[1]], -1),
            torch.stack([differences[1], sums[0], squares[..., 2], sums[2]], -1),
            torch.stack([differences[2], sums[1], sums[2], squares[..., 3]], -1),
        ],
        -2,
    )
    best = squares.argmax(-1)[..., None, None].expand(*squares.shape[:-1], 1, 4)
    row = rows.gather(-2, best).squeeze(-2)
    quaternion = row / row.norm(dim=-1, keepdim=True)
    return torch.where(quaternion[..., :1] < 0, -quaternion, quaternion)


def axis_angle_from_rotation(rotation: Float[Tensor, "*batch 3 3"]) -> Float[Tensor, "*batch 3"]:
    """Axis times angle, angle in 0..π; gradients are finite at 0 and near π."""
    quaternion = quaternion_from_rotation(rotation)
    scalar, vector = quaternion[..., :1], quaternion[..., 1:]
    squared = (vector * vector).sum(-1, keepdim=True)
    is_small = squared < 1e-12
    sine = torch.where(is_small, torch.ones_like(squared), squared).sqrt()
    factor = torch.where(is_small, 2.0 / scalar.clamp(min=0.5), 2.0 * torch.atan2(sine, scalar) / sine)
    return vector * factor


def rotation_from_six(six: Float[Tensor, "*batch 6"]) -> Float[Tensor, "*batch 3 3"]:
    """Gram-Schmidt of the two columns (Zhou et al. 2019, section B)."""
    columns = six.reshape(*six.shape[:-1], 3, 2)
    first, second = columns[..., 0], columns[..., 1]
    x = first / first.norm(dim=-1, keepdim=True).clamp(min=_SMALL)
    y = second - (x * second).sum(-1, keepdim=True) * x
    y = y / y.norm(dim=-1, keepdim=True).clamp(min=_SMALL)
    return torch.stack([x, y, torch.linalg.cross(x, y)], -1)


def six_from_rotation(rotation: Float[Tensor, "*batch 3 3"]) -> Float[Tensor, "*batch 6"]:
    """The first two columns, interleaved by row."""
    return rotation[..., :2].reshape(*rotation.shape[:-2], 6)


def rotation_from_quaternion(quaternion: Float[Tensor, "*batch 4"]) -> Float[Tensor, "*batch 3 3"]:
    """From w, x, y, z of any non-zero length."""
    w, x, y, z = (quaternion / quaternion.norm(dim=-1, keepdim=True)).unbind(-1)
    rows = [
        1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y),
        2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
        2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y),
    ]  # fmt: skip
    return torch.stack(rows, -1).reshape(*quaternion.shape[:-1], 3, 3)


def geodesic_angle(first: Float[Tensor, "*batch 3 3"], second: Float[Tensor, "*batch 3 3"]) -> Float[Tensor, "*batch"]:
    """Angle of the rotation between two rotations, radians in 0..π."""
    between = axis_angle_from_rotation(first.transpose(-1, -2) @ second)
    angle: Tensor = torch.linalg.vector_norm(between, dim=-1)
    return angle


def interpolate_rotations(
    first: Float[Tensor, "*batch 3 3"], second: Float[Tensor, "*batch 3 3"], weight: Float[Tensor, "*batch"]
) -> Float[Tensor, "*batch 3 3"]:
    """Slerp along the geodesic: weight 0 gives the first, 1 the second."""
    step = axis_angle_from_rotation(first.transpose(-1, -2) @ second)
    return first @ rotation_from_axis_angle(weight[..., None] * step)
