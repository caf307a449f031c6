"""Frames in which the observed person leaps away and back: another person's keypoints, or those of another time."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor

_LONGEST_SECONDS = 0.5
_SPEED_FRAMES = 3
_LEAST_FRAMES = 5

Places = Float[Tensor, "frames points axes"]
Seen = Bool[Tensor, "frames points"]


def excursions(places: Places, seen: Seen, fps: float) -> Float[Tensor, " frames"]:
    """How far the observed points leap together, out of their movement and back into it within half a second.

    A leap is how far a step between two frames differs, in the median of the points, from the steps before and after
    it (the smaller difference counts). The frames between two leaps have the smaller of both as value, less what then
    still lies between the path before and the path after; a jump or a run has no leaps, and who leaps for good has no
    way back.

    Args:
        places: Observed points, metres or pixels.
        seen: Which of them were observed.
        fps: Frames per second.

    Returns:
        In the unit of the places; zero where nothing leaps or too little was observed.
    """
    frames = len(places)
    found = places.new_zeros(frames)
    if frames < _LEAST_FRAMES:
        return found
    leaps = _leaps(places, seen)
    for length in range(1, min(round(_LONGEST_SECONDS * fps), frames - 4) + 1):
        away = torch.minimum(leaps[: frames - length], leaps[length:])
        size = (away - _gap(places, seen, length)).nan_to_num(0.0).clamp(min=0.0)
        for inside in range(length):
            found[inside : inside + len(size)] = torch.maximum(found[inside : inside + len(size)], size)
    return found


def _leaps(places: Places, seen: Seen) -> Float[Tensor, " frames"]:
    """Size of the leap from the frame before into each frame; zero at the ends, where a step lies on one side only."""
    steps = places[1:] - places[:-1]
    both = seen[1:] & seen[:-1]
    changes = _common_length(steps[1:] - steps[:-1], both[1:] & both[:-1])
    leaps = places.new_zeros(len(places))
    leaps[2:-1] = torch.minimum(changes[:-1], changes[1:])
    return leaps


def _gap(places: Places, seen: Seen, length: int) -> Float[Tensor, " spans"]:
    """For spans of so many frames from each frame on: how far the path after does not go on from the path before."""
    frames = len(places)
    first = torch.arange(frames - length)
    before, after = (first - 1).clamp(min=0), (first + length).clamp(max=frames - 1)
    earlier, later = (before - _SPEED_FRAMES).clamp(min=0), (after + _SPEED_FRAMES).clamp(max=frames - 1)
    past = (places[before] - places[earlier]) / (before - earlier).clamp(min=1)[:, None, None]
    future = (places[later] - places[after]) / (later - after).clamp(min=1)[:, None, None]
    expected = (after - before)[:, None, None] * 0.5 * (past + future)
    everywhere = seen[before] & seen[after] & seen[earlier] & seen[later]
    return _common_length(places[after] - places[before] - expected, everywhere)


def _common_length(vectors: Float[Tensor, "rows points axes"], seen: Bool[Tensor, "rows points"]) -> Tensor:
    """Length of the median of the vectors that count; NaN where none does."""
    middle: Tensor = torch.where(seen[..., None], vectors, torch.nan).nanmedian(1).values
    return middle.norm(dim=-1)
