"""The learning rate of an epoch: a function of the settings and of the scores so far, so that nothing is kept."""

from __future__ import annotations

import math
from collections.abc import Sequence

from motionfit.training.settings import LoopSettings

_PLATEAU_FACTOR = 0.1
_BETTER = 1e-4
"""A score is better than another when it is lower by this share (torch's ReduceLROnPlateau)."""


def learning_rate(settings: LoopSettings, epoch: int, scores: Sequence[float]) -> float:
    """The rate of an epoch (from 0); `scores` are those of the epochs before."""
    if settings.schedule == "steps":
        steps = zip(settings.step_epochs, settings.step_factors, strict=True)
        return settings.learning_rate * math.prod(factor for first, factor in steps if epoch >= first)
    if settings.schedule == "plateau":
        return settings.learning_rate * _PLATEAU_FACTOR ** _plateaus(scores, settings.plateau_epochs)
    share = 0.5 * (1.0 + math.cos(math.pi * epoch / max(1, settings.epochs - 1)))
    return settings.final_learning_rate + share * (settings.learning_rate - settings.final_learning_rate)


def _plateaus(scores: Sequence[float], patience: int) -> int:
    count, waited, best = 0, 0, math.inf
    for score in scores:
        if score < best * (1.0 - _BETTER):
            best, waited = score, 0
        else:
            waited += 1
        if waited > patience:
            count, waited = count + 1, 0
    return count
