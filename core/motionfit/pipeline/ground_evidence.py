"""What a posed body tells of the ground: where its soles were slow, and which way it stood upright."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from motionfit.pipeline.ground_plane import UpGuess

_FOOTING_SECONDS = 0.5
"""Errors of single poses last about so long, so that all points of a foot within it make one independent footing."""

_SLOW = 0.3
_SPEED_REACH_SECONDS = 0.07
_STRAIGHT = 0.9
_UPRIGHT_DEVIATION = math.radians(2.5)
_UPRIGHT_SECONDS = 0.5
_ANKLES, _HIPS, _KNEES, _NECK = (7, 8), (1, 2), (4, 5), 12


def footings(
    soles: Float[Tensor, "frames feet points 3"], fps: float
) -> tuple[Float[Tensor, "samples 3"], Float[Tensor, " samples"]]:
    """All points of the soles and what each counts: the slower, the more.

    What is slow is measured by the slower foot of each frame, since noise alone makes still feet move.
    """
    speeds = _speeds(soles.mean(2), fps)
    usual = float(speeds.amin(1).median())
    limit = max(_SLOW, min(1.5 * usual, 3.0 * _SLOW))
    slowness = torch.exp(-0.5 * (speeds / limit).square())
    share = 1.0 / (soles.shape[2] * max(_FOOTING_SECONDS * fps, 1.0))
    weights = (slowness * share)[..., None].expand(soles.shape[:3])
    return soles.reshape(-1, 3), weights.reshape(-1)


def _speeds(places: Float[Tensor, "frames feet 3"], fps: float) -> Float[Tensor, "frames feet"]:
    """Over a seventh of a second about each frame, m/s."""
    frames = places.shape[0]
    reach = max(1, round(_SPEED_REACH_SECONDS * fps))
    index = torch.arange(frames, device=places.device)
    later, sooner = (index + reach).clamp(max=frames - 1), (index - reach).clamp(min=0)
    seconds = (later - sooner).clamp(min=1).to(places) / fps
    speeds: Tensor = (places[later] - places[sooner]).norm(dim=-1) / seconds[:, None]
    return speeds


def with_upright_body(up: UpGuess, joints: Float[Tensor, "frames 22 3"], fps: float) -> UpGuess:
    """The guess of up together with the direction of a body that stands: from between the ankles to the neck.

    Only frames in which the body is stretched out and nearer to the guess than to the ground count.
    """
    body = joints[:, _NECK] - joints[:, _ANKLES].mean(1)
    length = body.norm(dim=-1)
    legs = (joints[:, _HIPS] - joints[:, _KNEES]).norm(dim=-1) + (joints[:, _KNEES] - joints[:, _ANKLES]).norm(dim=-1)
    torso = (joints[:, _NECK] - joints[:, _HIPS].mean(1)).norm(dim=-1)
    directions = body / length[:, None].clamp(min=1e-6)
    stands = (length > _STRAIGHT * (legs.mean(1) + torso)) & (directions @ up.direction > math.cos(math.radians(45.0)))
    if not bool(stands.any()):
        return up
    upright = directions[stands].median(0).values
    upright = upright / upright.norm()
    seconds = float(stands.sum()) / fps
    precision = min(1.0, seconds / _UPRIGHT_SECONDS) * _UPRIGHT_DEVIATION**-2
    own = up.deviation**-2
    together = own * up.direction + precision * upright
    return UpGuess(together / together.norm(), (own + precision) ** -0.5)
