"""Stage III of a long clip: batches of windows that memory holds, one after the other.

A batch starts from stage II like the first one and is tied to the last window of the batch before it by the overlap
terms, that window being constant by then. What all windows share, shape and floor, stays one: the first batch refines
it from what stage II found on the whole clip, for the later ones it is constant.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

import torch
from jaxtyping import Int
from torch import Tensor

from motionfit.pipeline.incidents import Incident
from motionfit.pipeline.rollout_stage import PER_WINDOW, EarlierWindow, RolloutStage
from motionfit.pipeline.stages import Phase
from motionfit.pipeline.windows import Windows

_SHARED = frozenset({"shape", "floor"})


def split_batches(windows: int, at_once: int) -> tuple[slice, ...]:
    """Neighbouring windows in as few batches as hold them, all about as large."""
    count = -(-windows // at_once)
    borders = [batch * windows // count for batch in range(count + 1)]
    return tuple(slice(*pair) for pair in pairwise(borders))


@dataclass(frozen=True)
class WindowBatch:
    """Some neighbouring windows of every clip.

    Attributes:
        whole: Stage III with all windows.
        own: Which windows of each clip.
    """

    whole: RolloutStage
    own: slice

    @property
    def windows(self) -> Windows:
        """Their frames in the clip."""
        return self.whole.windows[self.own]

    @property
    def share(self) -> float:
        """Of all windows."""
        return len(self.windows) / len(self.whole.windows)

    def rows(self, windows: slice) -> Int[Tensor, " rows"]:
        """Rows of some windows of every clip, clip by clip."""
        count = len(self.whole.windows)
        rows = torch.arange(self.whole.batch.clips, device=self.whole.batch.floor_normal.device)
        return rows.reshape(-1, count)[:, windows].flatten()

    def stage(self, values: Mapping[str, Tensor]) -> RolloutStage:
        """Stage III of these windows, tied to the window before them as `values` have it."""
        own = self._stage_of(self.own)
        if self.own.start == 0:
            return own
        last = slice(self.own.start - 1, self.own.start)
        with torch.no_grad():
            joints = self._stage_of(last).roll(self.take(values, last)).posed.joints()
        return replace(own, earlier=EarlierWindow(self.whole.windows[last.start], joints))

    def _stage_of(self, windows: slice) -> RolloutStage:
        return replace(self.whole, batch=self.whole.batch.rows(self.rows(windows)), windows=self.whole.windows[windows])

    def phase(self, phase: Phase) -> Phase:
        """The phase as these windows go through it."""
        if self.own.start == 0:
            return phase
        shared = _SHARED if self.whole.ground.is_there else _SHARED - {"floor"}
        return replace(phase, free=tuple(variable for variable in phase.free if variable not in shared))

    def in_clip(self, incident: Incident) -> Incident:
        """The incident with its window counted from the first of the clip."""
        if incident.window is None:
            return incident
        return replace(incident, window=incident.window + self.own.start)

    def take(self, values: Mapping[str, Tensor], windows: slice | None = None) -> dict[str, Tensor]:
        """The variables of these windows and those that all share."""
        rows = self.rows(self.own if windows is None else windows)
        return {name: value[rows] if name in PER_WINDOW else value for name, value in values.items()}

    def put(self, values: Mapping[str, Tensor], part: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """All variables with those of these windows replaced."""
        rows = self.rows(self.own)
        own = {name: _replaced(values[name], rows, part[name]) for name in part if name in PER_WINDOW}
        return {**values, **part, **own}


def _replaced(value: Tensor, rows: Tensor, part: Tensor) -> Tensor:
    changed = value.clone()
    changed[rows] = part
    return changed
