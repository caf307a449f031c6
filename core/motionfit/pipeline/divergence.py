"""Watch the closures of a phase for values that are not finite or soar, and find out which term and frame it was.

The solvers step back by themselves. Telling why takes further evaluations, so it is done only when something happened.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from motionfit.pipeline.fault_place import FaultPlace, first_not_finite, first_without_gradient, largest
from motionfit.pipeline.incidents import (
    GRADIENT_NOT_FINITE,
    NOT_FINITE,
    NOT_STARTED,
    SMALLER_STEP,
    SOARED,
    Incident,
)
from motionfit.pipeline.pose_stage import PoseStage
from motionfit.pipeline.result import ClosureRecord
from motionfit.pipeline.rollout_stage import RolloutStage
from motionfit.solve.layout import Layout

SOARS = 1e5
"""A loss soars when it is so many times the best one; trial steps of sound fits stay below a thousand."""

_LEAST_LOSS = 1e-2
_MOST_SEARCHES = 5


StageTerms = PoseStage | RolloutStage
"""A stage knows its terms, whole and by frame."""


@dataclass(frozen=True)
class Closure:
    """One evaluation of a phase's objective.

    Attributes:
        iteration: Of the optimiser.
        values: All variables.
        gradient: By the free tensors, as far as the solver asked for it.
        records: The terms of each clip.
    """

    iteration: int
    values: Mapping[str, Tensor]
    gradient: Mapping[str, Tensor]
    records: Sequence[ClosureRecord]


class Guard:
    """What a phase has seen so far: the best closure and the incidents of each clip.

    Args:
        stage: Its terms.
        weights: Of those that count.
        layout: Of the unknowns.
    """

    def __init__(self, stage: StageTerms, weights: Mapping[str, float], layout: Layout) -> None:
        self._stage, self._weights, self._layout = stage, weights, layout
        self._best: list[ClosureRecord | None] = [None] * layout.groups
        self._incidents: list[list[Incident]] = [[] for _ in range(layout.groups)]
        self._searches = [0] * layout.groups

    def incidents(self, clip: int) -> tuple[Incident, ...]:
        """Those of a clip so far, in the order in which they first came up."""
        return tuple(self._incidents[clip])

    def look(self, closure: Closure) -> None:
        """Take note of a closure."""
        has_gradient = self._has_gradient(closure)
        for clip, record in enumerate(closure.records):
            best = self._best[clip]
            if best is None and self._incidents[clip]:
                continue  # it could not start: all its closures are the first one again
            if not math.isfinite(record.loss):
                self._note(clip, closure, NOT_FINITE)
            elif not has_gradient[clip]:
                self._note(clip, closure, GRADIENT_NOT_FINITE)
            elif best is None or record.loss < best.loss:
                self._best[clip] = record
            elif record.loss - best.loss > SOARS * max(abs(best.loss), _LEAST_LOSS):
                self._note(clip, closure, SOARED)

    def _has_gradient(self, closure: Closure) -> list[bool]:
        clips = len(closure.records)
        rows = [torch.isfinite(part).reshape(clips, -1).all(1) for part in closure.gradient.values()]
        return torch.stack(rows).all(0).tolist() if rows else [True] * clips

    def _note(self, clip: int, closure: Closure, what: str) -> None:
        known = self._incidents[clip]
        same = [index for index, incident in enumerate(known) if incident.what == what]
        if self._searches[clip] >= _MOST_SEARCHES and same:
            known[same[-1]] = replace(known[same[-1]], times=known[same[-1]].times + 1)
            return
        self._searches[clip] += 1
        found = self._incident(clip, closure, what)
        for index in same:
            if replace(known[index], iteration=found.iteration, times=1) == found:
                known[index] = replace(known[index], times=known[index].times + 1)
                return
        known.append(found)

    def _incident(self, clip: int, closure: Closure, what: str) -> Incident:
        starts, record = self._stage.window_starts, closure.records[clip]
        place = self._place(clip, closure, what)
        has_place = place.window is not None and place.frame is not None
        return Incident(
            phase=record.phase,
            iteration=closure.iteration,
            what=what,
            term=place.term,
            frame=starts[place.window or 0] + (place.frame or 0) if has_place else None,
            window=place.window if has_place and len(starts) > 1 else None,
            action=NOT_STARTED if self._best[clip] is None else SMALLER_STEP,
        )

    def _place(self, clip: int, closure: Closure, what: str) -> FaultPlace:
        count = len(self._stage.window_starts)
        rows = slice(clip * count, (clip + 1) * count)
        if what == GRADIENT_NOT_FINITE:
            return self._place_of_gradient(clip, closure, rows)
        with torch.no_grad():
            by_frame = _terms_by_frame(self._stage, closure.values, self._weights)
        frame_terms = {name: term[rows] for name, term in by_frame.items()}
        if what == NOT_FINITE:
            return first_not_finite(frame_terms, closure.records[clip].raw)
        return largest(frame_terms, self._most_risen(clip, closure.records[clip]))

    def _place_of_gradient(self, clip: int, closure: Closure, rows: slice) -> FaultPlace:
        point = self._layout.pack(closure.values).requires_grad_()
        with torch.enable_grad():
            terms = self._stage.terms({**closure.values, **self._layout.unpack(point)}, self._weights)
        offsets = self._stage.frame_tensors
        return first_without_gradient(
            {name: term[clip] for name, term in terms.items()},
            point,
            {name: gradient[rows] for name, gradient in closure.gradient.items() if name in offsets},
            offsets,
        )

    def _most_risen(self, clip: int, record: ClosureRecord) -> str:
        best = self._best[clip]
        before = {} if best is None else best.weighted
        return max(record.weighted, key=lambda name: record.weighted[name] - before.get(name, 0.0))


def _terms_by_frame(stage: StageTerms, values: Mapping[str, Tensor], wanted: Mapping[str, float]) -> dict[str, Tensor]:
    """The terms that have frames, a row per window; see `fault_place.first_not_finite`."""
    if isinstance(stage, RolloutStage):
        return stage.terms_by_frame(stage.roll(values), wanted)
    return {
        name: term
        for name, term in stage.terms_by_frame(values, wanted).items()
        if name not in ("shape_prior", "height")
    }
