"""Which term, window and frame of a clip is not finite, has no finite gradient, or is the largest."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True)
class FaultPlace:
    """Where a fault shows first; None where that cannot be told.

    Attributes:
        term: Its key.
        window: Of the clip, from 0.
        frame: Of the window, from 0.
    """

    term: str | None = None
    window: int | None = None
    frame: int | None = None


def first_not_finite(
    frame_terms: Mapping[str, Float[Tensor, "windows _"]], whole_terms: Mapping[str, float]
) -> FaultPlace:
    """The earliest frame of a clip at which a term is not finite, and the first such term there.

    A roll-out that fails at a frame has no value from there on, so the earliest frame is the one to look at.

    Args:
        frame_terms: Per window and frame; terms of steps have one entry less, those of a window's start one.
        whole_terms: Sums over the clip, also of terms without frames.
    """
    frames = _frames(frame_terms)
    found = [
        (_frame(entry, term.shape[1], frames), place, window, name)
        for place, (name, term) in enumerate(frame_terms.items())
        for window, entry in (~torch.isfinite(term)).nonzero().tolist()
    ]
    if found:
        frame, _, window, name = min(found)
        return FaultPlace(name, window, frame)
    return FaultPlace(next((name for name, term in whole_terms.items() if not math.isfinite(term)), None))


def first_without_gradient(
    whole_terms: Mapping[str, Float[Tensor, ""]],
    point: Float[Tensor, "clips unknowns"],
    tensors: Mapping[str, Float[Tensor, "windows times numbers"]],
    offsets: Mapping[str, int],
) -> FaultPlace:
    """The first term whose gradient is not finite, and the frame at whose unknowns it shows.

    Args:
        whole_terms: Sums over the clip, made from the point.
        point: Requires gradients.
        tensors: Gradient of the loss by the unknowns that have frames.
        offsets: The frame that the first of each of them moves: 0, or 1 for the steps of a roll-out. There a fault
            spoils all steps that lead to it, so the last of them is the one to look at.
    """
    term = next((name for name, whole in whole_terms.items() if not _has_gradient(whole, point)), None)
    for name, gradient in tensors.items():
        bad = (~torch.isfinite(gradient).all(-1)).nonzero().tolist()
        if bad:
            window = bad[0][0]
            times = [time for row, time in bad if row == window]
            return FaultPlace(term, window, offsets[name] + (times[-1] if offsets[name] else times[0]))
    return FaultPlace(term)


def largest(frame_terms: Mapping[str, Float[Tensor, "windows _"]], name: str) -> FaultPlace:
    """The frame at which a term is largest."""
    if name not in frame_terms:
        return FaultPlace(name)
    term = frame_terms[name]
    window, entry = divmod(int(term.flatten().argmax()), term.shape[1])
    return FaultPlace(name, window, _frame(entry, term.shape[1], _frames(frame_terms)))


def _has_gradient(value: Tensor, point: Tensor) -> bool:
    if not value.requires_grad:
        return True
    (gradient,) = torch.autograd.grad(value, point, retain_graph=True, allow_unused=True)
    return gradient is None or bool(torch.isfinite(gradient).all())


def _frames(frame_terms: Mapping[str, Tensor]) -> int:
    return max((term.shape[1] for term in frame_terms.values()), default=0)


def _frame(entry: int, entries: int, frames: int) -> int:
    """The frame that an entry of a term belongs to: a step ends at its frame; a window's start is frame 0."""
    return entry + (frames - entries if entries > 1 else 0)
