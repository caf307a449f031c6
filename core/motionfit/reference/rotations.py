"""Rotations and headings in the published form, which is a little off.

Kept faults: Rodrigues' formula divides by a length that is off by 1e-8; the heading goes through an arc cosine of a
number that is a millionth too small, so it is up to 6e-5 rad off and each step of a roll-out adds to it; a body that
faces exactly backwards is not turned at all.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from motionfit.geometry.rotations import skew

_LENGTH_SHIFT = 1e-8
_HEADING_SHIFT = 1e-6


def rotation_from_vector(axis_angle: Float[Tensor, "*batch 3"]) -> Float[Tensor, "*batch 3 3"]:
    """Rodrigues' formula with the published guard against zero: 1e-8 is added to every component before the length."""
    angle: Tensor = torch.linalg.vector_norm(axis_angle + _LENGTH_SHIFT, dim=-1, keepdim=True)
    cross = skew(axis_angle / angle)
    identity = torch.eye(3, dtype=axis_angle.dtype, device=axis_angle.device)
    sine, cosine = angle.sin().unsqueeze(-1), angle.cos().unsqueeze(-1)
    return identity + sine * cross + (1.0 - cosine) * (cross @ cross)


def heading_rotation(root_orientation: Float[Tensor, "*batch 3 3"]) -> Float[Tensor, "*batch 3 3"]:
    """The rotation about z that turns the body's right (its −x), projected on the ground, to +x."""
    right_x, right_y = (-root_orientation[..., :2, 0]).unbind(-1)
    length = torch.linalg.vector_norm(root_orientation[..., :2, 0], dim=-1)
    angle = (right_x / (length + _HEADING_SHIFT)).clamp(-1.0, 1.0).acos()
    turn = -right_y / (right_y.abs() + _HEADING_SHIFT) * angle
    zero = torch.zeros_like(turn)
    return rotation_from_vector(torch.stack([zero, zero, turn], -1))
