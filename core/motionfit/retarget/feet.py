"""Feet on a floor: out of it where they are in it, down to it where they stand just over it."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from scipy.ndimage import gaussian_filter1d
from torch import Tensor

from motionfit.body.model import BodyModel, PosedSkeleton
from motionfit.geometry.differences import velocity
from motionfit.geometry.rotations import rotation_from_axis_angle
from motionfit.motion import Motion
from motionfit.retarget.bones import pose_bones, with_rotations
from motionfit.retarget.soles import Soles, sole_points, soles_of
from motionfit.retarget.two_bone import reach

_LEGS = ((1, 4, 7, 10), (2, 5, 8, 11))
_ANKLE_POINTS = 3
_DEEPEST_PULL = 0.03
_NO_PULL = 0.05
"""Feet up to the first height (m) over the floor are pulled down to it; from the second on they are in the air."""

_STANDS = 0.1
_MOVES = 0.3
"""A foot slower than the first (m/s) stands, one faster than the second does not."""

_TOES_BEND = math.radians(55.0)
_EASE = 1.0
"""Standard deviation (frames) over which a foot is lifted and let down."""


def plant_feet(motion: Motion, body: BodyModel, pulls: bool = True) -> Motion:
    """Lift feet out of the floor z = 0, pull slow ones down to it, bend toes over it.

    Ankles move straight up or down by two-bone inverse kinematics; the feet keep their orientation and the hips
    their place, so that nothing slides that did not.

    Args:
        motion: At 30 fps or so, seated on a flat floor.
        body: Gives legs and soles.
        pulls: Whether slow feet just over the floor belong on it; False where things to step on stand on the floor.
    """
    soles = soles_of(body, motion.betas)
    posed = pose_bones(motion, body)
    points = sole_points(posed, soles)
    standing = _standing(points, motion.fps) if pulls else points.new_zeros(points.shape[:2])
    rises = _rises(points, _highest_tips(posed, points), standing)
    rotations = posed.rotations.clone()
    up = torch.tensor([0.0, 0.0, 1.0], dtype=rises.dtype)
    for side, (hip, knee, ankle, _) in enumerate(_LEGS):
        moved = rises[:, side].abs() > 1e-5
        places = (posed.joints[:, hip], posed.joints[:, knee], posed.joints[:, ankle])
        target = places[2] + rises[:, side, None] * up
        thigh, shin = reach(*places, target, posed.rotations[:, hip, :, 0])
        for joint, turn in ((hip, thigh), (knee, shin)):
            rotations[:, joint] = torch.where(moved[:, None, None], turn @ rotations[:, joint], rotations[:, joint])
    lifted = with_rotations(motion, rotations)
    return _bend_toes(lifted, pose_bones(lifted, body), soles)


def _rises(
    points: Float[Tensor, "frames 2 5 3"], highest_tips: Float[Tensor, "frames 2"], standing: Float[Tensor, "frames 2"]
) -> Float[Tensor, "frames 2"]:
    """By how much each ankle has to go up (or down, negative)."""
    height = points[..., 2]
    rigid = torch.minimum(height[..., :_ANKLE_POINTS].amin(-1), highest_tips)
    lowest = height.amin(-1)
    need = (-rigid).clamp(min=0.0)
    pull = -lowest.clamp(min=0.0, max=_DEEPEST_PULL) * standing
    pull = pull * ((_NO_PULL - lowest) / (_NO_PULL - _DEEPEST_PULL)).clamp(0.0, 1.0)
    eased = torch.from_numpy(gaussian_filter1d((need + pull).numpy(), _EASE, axis=0, mode="nearest"))
    least = torch.where(need > 0, need, -lowest.clamp(min=0.0))
    return torch.maximum(eased, least)


def _standing(points: Float[Tensor, "frames 2 5 3"], fps: float) -> Float[Tensor, "frames 2"]:
    """1 where the slowest point of a foot stands, 0 where all of it moves, smoothly between."""
    if points.shape[0] < 2:
        return torch.ones(points.shape[:2], dtype=points.dtype)
    speed = velocity(points, fps, frame_axis=0).norm(dim=-1).amin(-1)
    share = ((_MOVES - speed) / (_MOVES - _STANDS)).clamp(0.0, 1.0)
    smooth_share: Tensor = share * share * (3.0 - 2.0 * share)
    return smooth_share


def _highest_tips(posed: PosedSkeleton, points: Float[Tensor, "frames 2 5 3"]) -> Float[Tensor, "frames 2"]:
    """How high the tips of the toes can be brought by bending the toes."""
    heights = []
    for side in range(len(_LEGS)):
        level, cosine, sine = _tip_heights(posed, points, side)
        bend = torch.atan2(sine, cosine).clamp(0.0, _TOES_BEND)
        heights.append((level + cosine * bend.cos() + sine * bend.sin()).amin(-1))
    return torch.stack(heights, -1)


def _bend_toes(motion: Motion, posed: PosedSkeleton, soles: Soles) -> Motion:
    """Turn toes up about their joint until their tips are on the floor, by 55 degrees at most."""
    points = sole_points(posed, soles)
    rotations = posed.rotations.clone()
    for side, (*_, toe) in enumerate(_LEGS):
        angle = _least_bend(*_tip_heights(posed, points, side)).amax(-1)
        axis = rotations[:, toe, :, 0]
        rotations[:, toe] = rotation_from_axis_angle(-axis * angle[:, None]) @ rotations[:, toe]
    return with_rotations(motion, rotations)


def _tip_heights(
    posed: PosedSkeleton, points: Float[Tensor, "frames 2 5 3"], side: int
) -> tuple[Float[Tensor, "frames tips"], Float[Tensor, "frames tips"], Float[Tensor, "frames tips"]]:
    """Height of the tips of a foot after its toes are bent by b: the first + the second cos b + the third sin b."""
    toe = _LEGS[side][3]
    axis = posed.rotations[:, toe, None, :, 0]
    tips = points[:, side, _ANKLE_POINTS:] - posed.joints[:, None, toe]
    across = (tips * axis).sum(-1, keepdim=True) * axis
    forwards = tips - across
    upwards = -torch.linalg.cross(axis.expand_as(forwards), forwards)
    return posed.joints[:, None, toe, 2] + across[..., 2], forwards[..., 2], upwards[..., 2]


def _least_bend(
    level: Float[Tensor, "frames tips"], cosine: Float[Tensor, "frames tips"], sine: Float[Tensor, "frames tips"]
) -> Float[Tensor, "frames tips"]:
    """The smallest b >= 0 that brings the height of `_tip_heights` to 0; what lifts most where none does."""
    radius = torch.hypot(cosine, sine).clamp(min=1e-9)
    to_floor = torch.atan2(sine, cosine) - (-level / radius).clamp(-1.0, 1.0).acos()
    is_under = level + cosine < 0.0
    return torch.where(is_under, to_floor.clamp(0.0, _TOES_BEND), torch.zeros_like(to_floor))
