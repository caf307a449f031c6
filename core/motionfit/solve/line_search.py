"""A line search for many independent groups at once: sufficient decrease and curvature by bracketing.

Each group brackets its own step: too long a step (no sufficient decrease, or not finite) becomes the upper end, too
short a one (the slope still falls steeply) the lower end; the next trial is the minimum of the cubic through both
ends, or twice the step while there is no upper end (Lewis & Overton 2013; Nocedal & Wright, section 3.5).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

_DECREASE = 1e-4
_CURVATURE = 0.9
_TRIALS = 12
_EDGE = 0.1

Evaluate = Callable[[Tensor], tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class LineStart:
    """Where a line search begins, per group."""

    point: Float[Tensor, "groups unknowns"]
    loss: Float[Tensor, " groups"]
    gradient: Float[Tensor, "groups unknowns"]
    direction: Float[Tensor, "groups unknowns"]
    slope: Float[Tensor, " groups"]
    length: Float[Tensor, " groups"]
    is_active: Bool[Tensor, " groups"]


@dataclass(frozen=True)
class LineEnd:
    """The best point found on the line, per group; `improved` is False where none was lower than the start."""

    point: Float[Tensor, "groups unknowns"]
    loss: Float[Tensor, " groups"]
    gradient: Float[Tensor, "groups unknowns"]
    improved: Bool[Tensor, " groups"]


@dataclass
class _End:
    """One end of a bracket."""

    length: Tensor
    loss: Tensor
    slope: Tensor

    def move(self, where: Tensor, length: Tensor, loss: Tensor, slope: Tensor) -> None:
        self.length = torch.where(where, length, self.length)
        self.loss = torch.where(where, loss, self.loss)
        self.slope = torch.where(where, slope, self.slope)


def search_line(evaluate: Evaluate, start: LineStart) -> LineEnd:
    """Search along the direction of each active group; inactive ones stay where they are."""
    zero = torch.zeros_like(start.length)
    low = _End(zero, start.loss, start.slope)
    high = _End(torch.full_like(zero, torch.inf), torch.full_like(zero, torch.inf), zero)
    best = LineEnd(start.point, start.loss, start.gradient, torch.zeros_like(start.is_active))
    length, searching = start.length, start.is_active.clone()
    for _ in range(_TRIALS):
        step = torch.where(searching, length, zero)
        point = start.point + step[:, None] * start.direction
        loss, gradient = evaluate(point)
        slope = (gradient * start.direction).sum(1)
        is_finite = torch.isfinite(loss) & torch.isfinite(slope)
        is_lower = loss <= start.loss + _DECREASE * step * start.slope
        too_long = searching & (~is_finite | ~is_lower | (loss > low.loss) & (low.length > 0))
        too_short = searching & ~too_long & (slope < _CURVATURE * start.slope)
        best = _better(best, searching & is_finite & (loss < best.loss), point, loss, gradient)
        searching = searching & (too_long | too_short)
        if not bool(searching.any()):
            break
        high.move(too_long, length, loss, slope)
        low.move(too_short, length, loss, slope)
        length = _next_length(low, high)
    return best


def _better(best: LineEnd, where: Tensor, point: Tensor, loss: Tensor, gradient: Tensor) -> LineEnd:
    row = where[:, None]
    return LineEnd(
        torch.where(row, point, best.point),
        torch.where(where, loss, best.loss),
        torch.where(row, gradient, best.gradient),
        best.improved | where,
    )


def _next_length(low: _End, high: _End) -> Tensor:
    """The minimum of the cubic through both ends, kept off their edges; bisection where the cubic has none."""
    has_high = torch.isfinite(high.length)
    span = torch.where(has_high, high.length - low.length, torch.ones_like(low.length))
    safe_loss = torch.where(torch.isfinite(high.loss), high.loss, low.loss)
    rise = (low.loss - safe_loss) / span
    d1 = low.slope + high.slope + 3.0 * rise
    square = d1.square() - low.slope * high.slope
    d2 = square.clamp(min=0.0).sqrt()
    share = 1.0 - (high.slope + d2 - d1) / (high.slope - low.slope + 2.0 * d2)
    is_usable = torch.isfinite(high.loss) & torch.isfinite(share) & (square >= 0)
    share = torch.where(is_usable, share.clamp(_EDGE, 1.0 - _EDGE), torch.full_like(share, 0.5))
    inside = low.length + share * span
    return torch.where(has_high, inside, 2.0 * low.length.clamp(min=1e-12))
