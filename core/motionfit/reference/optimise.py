"""One phase as published: steps of torch's L-BFGS with a strong Wolfe search, all windows of a batch in one vector.

Kept faults: one line search for the whole batch; no test of convergence between steps; the last iterate is the
result, not the best. Where the published code goes on with NaN, this stops with an error.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from motionfit.errors import FitError
from motionfit.pipeline.result import ClosureRecord
from motionfit.reference.initialise import Values
from motionfit.reference.observation_terms import Terms
from motionfit.reference.schedule import PublishedPhase, Schedule

TermsOf = Callable[[Mapping[str, Tensor], Collection[str]], Terms]
Watch = Callable[[ClosureRecord, Values], bool]
"""Told every closure and the values tried; returns False to stop."""


class _Stopped(Exception):  # noqa: N818 - it is no error
    """Leaves the optimiser in the middle of a step."""


@dataclass(frozen=True)
class PhaseEnd:
    """What a phase leaves behind.

    Attributes:
        values: All values; those that were held are the same tensors.
        history: Every closure.
        stopped: The watcher stopped it; the values are then the best seen.
    """

    values: Values
    history: tuple[ClosureRecord, ...]
    stopped: bool = False


def optimise(phase: PublishedPhase, values: Values, terms_of: TermsOf, schedule: Schedule, watch: Watch) -> PhaseEnd:
    """Run a phase.

    Raises:
        FitError: The objective is not finite somewhere.
    """
    weights = schedule.weights_of(phase)
    free = {name: values[name].detach().clone().requires_grad_() for name in phase.free if name in values}
    optimiser = torch.optim.LBFGS(
        list(free.values()), lr=1.0, max_iter=schedule.inner_iterations, line_search_fn="strong_wolfe"
    )
    history: list[ClosureRecord] = []
    best: Values = dict(values)
    least = math.inf

    def closure(step: int) -> float:
        nonlocal best, least
        optimiser.zero_grad()
        terms = terms_of(values | free, weights)
        loss = torch.stack([weights[name] * term for name, term in terms.items()]).sum()
        loss.backward()
        history.append(_record(phase, step, terms, weights))
        current = values | {name: value.detach().clone() for name, value in free.items()}
        _check_finite(history[-1])
        if history[-1].loss < least:
            best, least = current, history[-1].loss
        if not watch(history[-1], current):
            raise _Stopped
        return loss.item()

    try:
        for step in range(schedule.iterations.get(phase.key, 0)):
            optimiser.step(partial(closure, step))
    except _Stopped:
        return PhaseEnd(best, tuple(history), stopped=True)
    return PhaseEnd(values | {name: value.detach() for name, value in free.items()}, tuple(history))


def _record(
    phase: PublishedPhase, step: int, terms: Mapping[str, Tensor], weights: Mapping[str, float]
) -> ClosureRecord:
    raw = {name: float(term.detach()) for name, term in terms.items()}
    weighted = {name: weights[name] * value for name, value in raw.items()}
    return ClosureRecord(phase.key, step, sum(weighted.values()), raw, weighted)


def _check_finite(record: ClosureRecord) -> None:
    if not math.isfinite(record.loss):
        wild = [name for name, value in record.raw.items() if not math.isfinite(value)]
        raise FitError(
            f"The objective of the reference is not finite in step {record.iteration + 1} of {record.phase} "
            f"({', '.join(wild)}).",
            "The published method has no way back from there; MotionFit's own presets do.",
        )
