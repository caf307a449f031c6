"""The points of the soles that touch the ground, taken from the surface of the body."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from motionfit.body.model import BodyModel, PosedSkeleton

ANKLES = (7, 8)
TOES = (10, 11)
FOOT_POINTS = 5
"""Heel, inner and outer ball, which move with the ankle; inner and outer toe tip, which move with the toes."""

_SOLE_DEPTH = 0.006
"""What lies within this height (m) over the lowest point of a foot at rest belongs to its sole."""


@dataclass(frozen=True)
class Soles:
    """Points of both soles, left first.

    Attributes:
        offsets: From the joint that moves each point, in the rest pose, metres.
        joints: That joint, per foot and point.
    """

    offsets: Float[Tensor, "2 5 3"]
    joints: tuple[tuple[int, ...], tuple[int, ...]]


def soles_of(body: BodyModel, betas: Float[Tensor, "16"]) -> Soles:
    """Find the points of both soles of a shape."""
    surface, rest = body.surface.shaped(betas), body.rest_joints(betas)
    owner = body.surface.weights.argmax(-1)
    offsets, joints = [], []
    for ankle, toe in zip(ANKLES, TOES, strict=True):
        of_foot = (owner == ankle) | (owner == toe)
        lowest = surface[of_foot, 1].min()
        is_sole = surface[:, 1] < lowest + _SOLE_DEPTH
        behind, before = surface[is_sole & (owner == ankle)], surface[is_sole & (owner == toe)]
        ball = behind[behind[:, 2] > behind[:, 2].quantile(0.8)]
        tips = before[before[:, 2] > before[:, 2].quantile(0.7)]
        points = [behind[behind[:, 2].argmin()], *_sides(ball), *_sides(tips)]
        owners = (ankle, ankle, ankle, toe, toe)
        offsets.append(torch.stack(points) - rest[list(owners)])
        joints.append(owners)
    return Soles(torch.stack(offsets), (joints[0], joints[1]))


def _sides(points: Float[Tensor, "points 3"]) -> list[Tensor]:
    return [points[points[:, 0].argmin()], points[points[:, 0].argmax()]]


def sole_points(posed: PosedSkeleton, soles: Soles) -> Float[Tensor, "frames 2 5 3"]:
    """Where the points of the soles are, in the frame of `posed`."""
    owners = torch.tensor(soles.joints)
    turned = (posed.rotations[:, owners] @ soles.offsets[..., None])[..., 0]
    return posed.joints[:, owners] + turned
