"""Frames in which observed points leap away and back: swapped sides, another person, another time, a lost limb.

Bodies accelerate smoothly, detections that are mistaken do not: at its first and last frame a mistake moves its points
by a step that neither the step before nor the step after has. Two such leaps within half a second cut the frames
between them off from the motion around them, however well a body can be fitted to them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional

_LONGEST_SECONDS = 0.5
_AROUND_SECONDS = 2.0
_SPEED_FRAMES = 3
_LEAST_FRAMES = 5

_TOLERATED = {True: 1.4, False: 2.0}
"""Leaps of the whole body (True) or of a part of it are tolerated up to so many times the usual one of the time."""

_GAP_SHARE = 0.3
"""How much it speaks against an excursion that the path after it does not go on from the path before it: limbs turn."""

Places = Float[Tensor, "frames points axes"]
Seen = Bool[Tensor, "frames points"]


def excursions(places: Places, seen: Seen, parts: Iterable[Sequence[int]], fps: float) -> Float[Tensor, " frames"]:
    """How far observed points leap away and back within half a second, beyond the leaps that are usual around.

    Args:
        places: Observed points, metres or pixels.
        seen: Which of them were observed.
        parts: Points that may leap together, besides all.
        fps: Frames per second.

    Returns:
        The largest excursion of the whole or a part, in the unit of the places; zero where nothing leaps, where there
        is no way back, or where too little was observed.
    """
    found = places.new_zeros(len(places))
    if len(places) < _LEAST_FRAMES:
        return found
    whole = _leaps(places, seen)
    usual = _usual(whole, fps)
    found = _between(places, seen, whole, usual * _TOLERATED[True], usual, fps)
    for part in parts:
        some, some_seen = places[:, list(part)], seen[:, list(part)]
        leaps = _leaps(some, some_seen)
        own = torch.maximum(_usual(leaps, fps), usual)
        found = torch.maximum(found, _between(some, some_seen, leaps, own * _TOLERATED[False], own, fps))
    return found


def _leaps(places: Places, seen: Seen) -> Float[Tensor, " frames"]:
    """Size of the leap from the frame before into each frame, mean over the points; zero where none can be told."""
    steps = places[1:] - places[:-1]
    both = seen[1:] & seen[:-1]
    before, after = steps[1:-1] - steps[:-2], steps[1:-1] - steps[2:]
    counts = both[1:-1] & both[:-2] & both[2:]
    leaps = places.new_zeros(len(places))
    sizes = torch.stack([_mean_length(change, counts) for change in (before, after, 0.5 * (before + after))])
    leaps[2:-1] = sizes.amin(0).nan_to_num(0.0)
    return leaps


def _usual(leaps: Float[Tensor, " frames"], fps: float) -> Float[Tensor, " frames"]:
    """The median of the leaps within two seconds."""
    reach = min(round(_AROUND_SECONDS * fps), len(leaps) - 1)
    known = torch.where(leaps > 0, leaps, torch.nan)
    around = functional.pad(known, (reach, reach), value=torch.nan).unfold(0, 2 * reach + 1, 1)
    usual: Tensor = around.nanmedian(-1).values.nan_to_num(0.0)
    return usual


def _between(
    places: Places,
    seen: Seen,
    leaps: Float[Tensor, " frames"],
    tolerated: Float[Tensor, " frames"],
    usual: Float[Tensor, " frames"],
    fps: float,
) -> Float[Tensor, " frames"]:
    """The smaller of the leaps at both ends of a span, for the frames of the span; the largest over all spans."""
    frames = len(places)
    found = places.new_zeros(frames)
    beyond = (leaps - tolerated).clamp(min=0.0)
    for length in range(1, min(round(_LONGEST_SECONDS * fps), frames - 4) + 1):
        away = torch.minimum(beyond[: frames - length], beyond[length:])
        if not bool(away.any()):
            continue
        gap = (_gap(places, seen, length) - usual[length:]).clamp(min=0.0)
        size = (away - _GAP_SHARE * gap).nan_to_num(0.0).clamp(min=0.0)
        for inside in range(length):
            found[inside : inside + len(size)] = torch.maximum(found[inside : inside + len(size)], size)
    return found


def _gap(places: Places, seen: Seen, length: int) -> Float[Tensor, " spans"]:
    """For spans of so many frames from each frame on: how far the path after does not go on from the path before."""
    frames = len(places)
    first = torch.arange(frames - length)
    before, after = (first - 1).clamp(min=0), first + length
    earlier, later = (before - _SPEED_FRAMES).clamp(min=0), (after + _SPEED_FRAMES).clamp(max=frames - 1)
    past = (places[before] - places[earlier]) / (before - earlier).clamp(min=1)[:, None, None]
    future = (places[later] - places[after]) / (later - after).clamp(min=1)[:, None, None]
    expected = (after - before)[:, None, None] * 0.5 * (past + future)
    everywhere = seen[before] & seen[after] & seen[earlier] & seen[later]
    lengths = (places[after] - places[before] - expected).norm(dim=-1)
    gap: Tensor = torch.where(everywhere, lengths, torch.nan).nanmedian(-1).values
    return gap


def _mean_length(vectors: Float[Tensor, "rows points axes"], counts: Bool[Tensor, "rows points"]) -> Tensor:
    """Mean length of the vectors that count; NaN where none does."""
    return torch.where(counts, vectors.norm(dim=-1), torch.nan).nanmean(-1)
