"""A leg of two bones put so that its ankle reaches a place: the closed form of inverse kinematics."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from motionfit.geometry.rotations import rotation_from_axis_angle
from motionfit.retarget.bones import turn_between

_STRETCH = 0.999
"""Of the full length: a leg is never quite straight, so that its plane stays known."""

_SHOWS_PLANE = 0.17
"""The sine of the bend (10 degrees) from which on the leg alone shows its plane."""


def reach(
    hip: Float[Tensor, "frames 3"],
    knee: Float[Tensor, "frames 3"],
    ankle: Float[Tensor, "frames 3"],
    target: Float[Tensor, "frames 3"],
    hinge: Float[Tensor, "frames 3"],
) -> tuple[Float[Tensor, "frames 3 3"], Float[Tensor, "frames 3 3"]]:
    """World rotations to apply to thigh and shin, so that the ankle comes to the target or as near as the leg is long.

    The leg stays in its plane, which swings with the line from hip to ankle. A leg that reaches its target already is
    not touched.

    Args:
        hip: Stays.
        knee: As it is.
        ankle: As it is.
        target: For the ankle.
        hinge: The axis about which the knee bends forwards, for legs that are too straight to show it.

    Returns:
        Rotations to multiply from the left to the global rotations of thigh and shin.
    """
    thigh, shin = knee - hip, ankle - knee
    upper, lower = thigh.norm(dim=-1), shin.norm(dim=-1)
    line, wanted = ankle - hip, target - hip
    old = line.norm(dim=-1)
    longest = torch.maximum((upper + lower) * _STRETCH, old)
    new = torch.minimum(wanted.norm(dim=-1), longest).clamp(min=1e-3)
    axis, side = _bending_axis(thigh, shin, hinge)
    kept = torch.where(new < old, torch.ones_like(side), side)
    opening = side * _angle_at_hip(upper, lower, old) - kept * _angle_at_hip(upper, lower, new)
    bending = kept * _bend_of_knee(upper, lower, new) - side * _bend_of_knee(upper, lower, old)
    swing = turn_between(line, wanted)
    turn_thigh = swing @ rotation_from_axis_angle(axis * opening[:, None])
    turn_shin = turn_thigh @ rotation_from_axis_angle(axis * bending[:, None])
    return turn_thigh, turn_shin


def _bending_axis(
    thigh: Float[Tensor, "frames 3"], shin: Float[Tensor, "frames 3"], hinge: Float[Tensor, "frames 3"]
) -> tuple[Float[Tensor, "frames 3"], Float[Tensor, " frames"]]:
    """The axis about which the knee bends forwards, and the side to which it is bent: -1 for one bent backwards."""
    shown = torch.linalg.cross(thigh, shin) / (thigh.norm(dim=-1) * shin.norm(dim=-1))[:, None]
    line = (thigh + shin) / (thigh + shin).norm(dim=-1, keepdim=True)
    across = hinge - (hinge * line).sum(-1, keepdim=True) * line
    across = across / across.norm(dim=-1, keepdim=True)
    sine = shown.norm(dim=-1, keepdim=True)
    side = torch.where((shown * across).sum(-1, keepdim=True) < 0, -torch.ones_like(sine), torch.ones_like(sine))
    share = (sine / _SHOWS_PLANE).clamp(max=1.0)
    axis = share * side * shown / sine.clamp(min=1e-9) + (1.0 - share) * across
    return axis / axis.norm(dim=-1, keepdim=True), side[:, 0]


def _angle_at_hip(
    upper: Float[Tensor, " frames"], lower: Float[Tensor, " frames"], line: Float[Tensor, " frames"]
) -> Float[Tensor, " frames"]:
    """Between the thigh and the line to the ankle."""
    cosine = (upper**2 + line**2 - lower**2) / (2.0 * upper * line)
    return cosine.clamp(-1.0, 1.0).acos()


def _bend_of_knee(
    upper: Float[Tensor, " frames"], lower: Float[Tensor, " frames"], line: Float[Tensor, " frames"]
) -> Float[Tensor, " frames"]:
    """How far the shin turns from the direction of the thigh."""
    cosine = (line**2 - upper**2 - lower**2) / (2.0 * upper * lower)
    return cosine.clamp(-1.0, 1.0).acos()
