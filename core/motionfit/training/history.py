"""The epochs of a run by their metrics: which was best, and whether to wait for a better one."""

from __future__ import annotations

import math
from collections.abc import Sequence

from motionfit.training.task import Metrics


def best_epoch(history: Sequence[Metrics]) -> int:
    """Number of the epoch with the lowest score."""
    return min(range(len(history)), key=lambda epoch: history[epoch]["score"])


def waited_enough(history: Sequence[Metrics], patience: int) -> bool:
    """Whether so many epochs have brought no better score; a patience of 0 has no end."""
    return bool(history) and len(history) - 1 - best_epoch(history) >= (patience or math.inf)
