"""How often each recording is drawn: frequent kinds of motion count less than their share of time."""

from __future__ import annotations

from collections import Counter

_EVENING = 0.4
"""0 draws by time, 1 gives every kind the same share."""


def clip_weights(kinds: list[str], frames: list[int]) -> list[float]:
    """Weight of a frame of each clip: the time of its kind to the power of −0.4, with mean one over all frames."""
    total: Counter[str] = Counter()
    for kind, count in zip(kinds, frames, strict=True):
        total[kind] += count
    raw = [total[kind] ** -_EVENING for kind in kinds]
    mean = sum(weight * count for weight, count in zip(raw, frames, strict=True)) / sum(frames)
    return [weight / mean for weight in raw]
