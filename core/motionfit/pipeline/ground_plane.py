"""The plane that feet stand on, found among all places where they were, with how sure that is.

A plane is written as a height over the plane through an anchor across a first guess of up: height = shift + q·slope,
with q the place along the ground. Places of the feet count the more the slower they were. Those over the plane may be
feet in the air or on a step, and lose their say with distance; nothing should be under it. The slope of the ground
shows only along the ground that was stood on: beyond, the guess of up decides.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

_STEEPEST = math.tan(math.radians(24.0))
_STEP = math.tan(math.radians(4.0))
_OFFSETS = 24
_TRIED_ON = 400
_REFINEMENTS = 25
_FAR = 3.0
"""Places that are so many deviations over the plane have lost most of their say."""


@dataclass(frozen=True)
class UpGuess:
    """Which way is up, before looking at the feet.

    Attributes:
        direction: Unit.
        deviation: How far off it may be, radians (standard deviation).
    """

    direction: Float[Tensor, "xyz=3"]
    deviation: float


@dataclass(frozen=True)
class GroundPlane:
    """A ground plane n·p = d and how sure it is.

    Attributes:
        normal: Unit, up.
        offset: Metres.
        anchor: The point of the plane amid its support, about which tilt and height are independent.
        tilt_precision: Of the slopes along the two `tangents` of the normal, 1/rad², the guess of up included.
        height_precision: Of the height at the anchor, 1/m².
        support: How many independent footings stand on it.
        spread: How far they lie apart along the two main directions (standard deviations, larger first), metres.
        residual: How far off the plane they are (standard deviation), metres.
        tilt_confidence: What the feet add to the guess of up where they tell least: 0 nothing, 1 all.
    """

    normal: Float[Tensor, "xyz=3"]
    offset: Float[Tensor, ""]
    anchor: Float[Tensor, "xyz=3"]
    tilt_precision: Float[Tensor, "axes=2 axes=2"]
    height_precision: float
    support: float
    spread: tuple[float, float]
    residual: float
    tilt_confidence: float

    @property
    def tilt_deviation(self) -> float:
        """The standard deviation of the tilt in its less certain direction, radians."""
        return 1.0 / math.sqrt(float(torch.linalg.eigvalsh(self.tilt_precision)[0]))

    def facts(self) -> dict[str, float]:
        """The confidence in numbers, for reports."""
        return {
            "tilt_deviation_degrees": math.degrees(self.tilt_deviation),
            "tilt_confidence": self.tilt_confidence,
            "height_deviation_cm": 100.0 / math.sqrt(self.height_precision),
            "footings": self.support,
            "spread_m": self.spread[0],
            "spread_across_m": self.spread[1],
            "residual_cm": 100.0 * self.residual,
        }


def tangents(normal: Float[Tensor, "*batch 3"]) -> Float[Tensor, "*batch axes=2 3"]:
    """Two unit vectors along a plane: the first nearest to z (or to y where the normal is near z), then across it."""
    z, y = normal.new_tensor([0.0, 0.0, 1.0]), normal.new_tensor([0.0, 1.0, 0.0])
    guide = torch.where((normal @ z).abs().unsqueeze(-1) < 0.9, z, y)
    first = guide - (guide * normal).sum(-1, keepdim=True) * normal
    first = first / first.norm(dim=-1, keepdim=True)
    return torch.stack([first, torch.linalg.cross(first, normal)], -2)


def fit_ground(
    points: Float[Tensor, "samples 3"],
    weights: Float[Tensor, " samples"],
    up: UpGuess,
    least_deviation: float,
    common_deviation: float,
) -> GroundPlane:
    """The plane under the feet, by a robust fit that starts from the best of many planes.

    Args:
        points: Where the soles were, metres.
        weights: What each point counts; one independent footing in all = 1. Their sum is positive.
        up: The guess of up.
        least_deviation: Of a footing from the plane, metres.
        common_deviation: Of all footings together from where they truly were, which no number of them makes smaller.

    Returns:
        The plane. With hardly any weight its direction is the guess, and its precisions say so.
    """
    axes = tangents(up.direction)
    centre = (weights[:, None] * points).sum(0) / weights.sum()
    along, heights = (points - centre) @ axes.T, (points - centre) @ up.direction
    prior = up.deviation**-2
    every = -(-points.shape[0] // _TRIED_ON)
    some = slice(None, None, every)
    slope, shift = _best_of_many(along[some], heights[some], every * weights[some], prior, 2.0 * least_deviation)
    deviation = 2.0 * least_deviation
    for _ in range(_REFINEMENTS):
        residuals = heights - along @ slope - shift
        counts = weights * _influence(residuals / deviation)
        deviation = max(least_deviation, _weighted_deviation(residuals, counts))
        slope, shift = _solve(along, heights, counts / deviation**2, prior)
    counts = weights * _influence((heights - along @ slope - shift) / deviation)
    return _plane(up, axes, _Support(centre, along, counts, deviation, common_deviation), slope, shift)


def _best_of_many(
    along: Tensor, heights: Tensor, weights: Tensor, prior: float, deviation: float
) -> tuple[Tensor, Tensor]:
    """The best of a grid of slopes and heights."""
    steps = torch.arange(-_STEEPEST, _STEEPEST + 1e-9, _STEP).to(along)
    slopes = torch.cartesian_prod(steps, steps)
    over = heights[None] - slopes @ along.T
    levels = torch.linspace(0.0, 1.0, _OFFSETS).to(along)
    ranked = over.sort(-1).values
    places = (levels * (over.shape[1] - 1)).round().long()
    shifts = ranked[:, places]
    residuals = (over[:, None] - shifts[..., None]) / deviation
    cost = (weights * _cost(residuals)).sum(-1) + 0.5 * prior * slopes.square().sum(-1, keepdim=True)
    best = int(cost.argmin())
    return slopes[best // _OFFSETS], shifts.flatten()[best]


def _cost(residuals: Tensor) -> Tensor:
    """Squares that saturate over the plane and go over to lines under it, in deviations."""
    squared = residuals.square()
    above = 0.5 * squared / (1.0 + squared / _FAR**2)
    below = torch.where(residuals > -_FAR, 0.5 * squared, -_FAR * residuals - 0.5 * _FAR**2)
    return torch.where(residuals > 0, above, below)


def _influence(residuals: Tensor) -> Tensor:
    """Derivative of `_cost` over the residual: what a point counts in the next linear fit."""
    above = (1.0 + residuals.square() / _FAR**2) ** -2
    below = _FAR / (-residuals).clamp(min=_FAR)
    return torch.where(residuals > 0, above, below)


def _weighted_deviation(residuals: Tensor, counts: Tensor) -> float:
    return float(((counts * residuals.square()).sum() / counts.sum()).sqrt())


def _solve(along: Tensor, heights: Tensor, counts: Tensor, prior: float) -> tuple[Tensor, Tensor]:
    """Weighted linear least squares of slope and shift, with a prior on the slope."""
    columns = torch.cat([along, torch.ones_like(along[:, :1])], 1)
    matrix = columns.T @ (counts[:, None] * columns)
    matrix = matrix + torch.diag(matrix.new_tensor([prior, prior, 1e-9]))
    found: Tensor = torch.linalg.solve(matrix, columns.T @ (counts * heights))
    return found[:2], found[2]


@dataclass(frozen=True)
class _Support:
    """The places that a plane was fitted to, along the ground about a centre, and what each counted in the end."""

    centre: Tensor
    along: Tensor
    counts: Tensor
    deviation: float
    common_deviation: float


def _plane(up: UpGuess, axes: Tensor, support: _Support, slope: Tensor, shift: Tensor) -> GroundPlane:
    normal = up.direction - slope @ axes
    normal = normal / normal.norm()
    counts, total = support.counts, float(support.counts.sum())
    middle = (counts[:, None] * support.along).sum(0) / total
    anchor = support.centre + middle @ axes + (shift + middle @ slope) * up.direction
    apart = support.along - middle
    scatter = (counts[:, None] * apart).T @ apart
    prior = up.deviation**-2
    precision = scatter / support.deviation**2 + prior * torch.eye(2).to(scatter)
    small, large = torch.linalg.eigvalsh(scatter / total).clamp(min=0.0).sqrt().tolist()
    return GroundPlane(
        normal=normal,
        offset=normal @ anchor,
        anchor=anchor,
        tilt_precision=precision,
        height_precision=1.0 / (support.deviation**2 / total + support.common_deviation**2),
        support=total,
        spread=(large, small),
        residual=support.deviation,
        tilt_confidence=1.0 - prior / float(torch.linalg.eigvalsh(precision)[0]),
    )
