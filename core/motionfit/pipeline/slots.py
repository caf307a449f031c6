"""Observations in slots of the grid frames that they follow in time, and predictions at their times."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from motionfit.pipeline.timeline import Timeline


def in_slots(
    observed: Sequence[Shaped[Tensor, " observed *features"]], lines: Sequence[Timeline]
) -> Shaped[Tensor, "clips frames slots *features"]:
    """What was observed in the frames of each clip, on its grid; zero (or False) in slots that have no frame."""
    slots = max(line.slots for line in lines)
    shape = (len(lines), lines[0].frames, slots, *observed[0].shape[1:])
    placed = observed[0].new_zeros(shape)
    for clip, (values, line) in enumerate(zip(observed, lines, strict=True)):
        placed[clip, line.frame, line.slot] = values
    return placed


def shares_in_slots(lines: Sequence[Timeline]) -> Float[Tensor, "clips frames slots"] | None:
    """How far the observations lie towards the next frame of the grid; None where all are on its frames."""
    if not any(bool(line.share.any()) for line in lines):
        return None
    return in_slots([line.share for line in lines], lines)


def between_frames(
    points: Float[Tensor, "clips frames points 3"], share: Float[Tensor, "clips frames slots"]
) -> Float[Tensor, "clips frames slots points 3"]:
    """Points on the line to where they are in the next frame; the last frame has none (its share must be zero)."""
    following = torch.cat([points[:, 1:], points[:, -1:]], 1)
    return points[:, :, None] + share[..., None, None] * (following - points)[:, :, None]
