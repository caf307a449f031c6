"""The run in progress: what the window knows of it between its start and its end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from motionfit.motion import Motion
from motionfit.pipeline.result import ClosureRecord, Progress, StageResult
from motionfit.pipeline.settings import FitSettings

_RATE_SECONDS = 3.0


@dataclass(frozen=True)
class RateSample:
    """How many closures were done at a time since the start."""

    seconds: float
    closures: int


class LiveRun(QObject):
    """Collects what a running fit tells."""

    started = Signal()
    changed = Signal()
    motion_changed = Signal()
    ended = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.is_active = False
        self.is_stopping = False
        self.settings: FitSettings | None = None
        self.kept: Mapping[str, StageResult] = {}
        self.progress: Progress | None = None
        self.motion: Motion | None = None
        self.histories: dict[str, list[ClosureRecord]] = {}
        self._rate: list[RateSample] = []

    def begin(self, settings: FitSettings, kept: Mapping[str, StageResult]) -> None:
        """Forget the last run and begin another.

        Args:
            settings: Of the run.
            kept: The earlier stages that the run starts from.
        """
        self.is_active, self.is_stopping = True, False
        self.settings, self.kept = settings, kept
        self.progress, self.motion = None, None
        self.histories = {stage: list(result.history) for stage, result in kept.items()}
        self._rate = [RateSample(0.0, 0)]
        self.started.emit()

    def advance(self, progress: Progress, records: Iterable[tuple[str, ClosureRecord]], motion: Motion | None) -> None:
        """Take in what was done since the last call.

        Args:
            progress: The latest state.
            records: All closures since the last call with their stages.
            motion: The current motion, where it was computed.
        """
        count = self._rate[-1].closures
        for stage, record in records:
            self.histories.setdefault(stage, []).append(record)
            count += 1
        self._rate.append(RateSample(progress.seconds, count))
        while len(self._rate) > 2 and progress.seconds - self._rate[1].seconds > _RATE_SECONDS:
            self._rate.pop(0)
        self.progress = progress
        self.changed.emit()
        if motion is not None:
            self.motion = motion
            self.motion_changed.emit()

    def stop(self) -> None:
        """Remember that the user asked to stop."""
        self.is_stopping = True
        self.changed.emit()

    def end(self) -> None:
        """The run is over, however it ended."""
        if self.is_active:
            self.is_active = False
            self.motion = None
            self.ended.emit()

    @property
    def closures_per_second(self) -> float:
        """Over the last seconds."""
        if len(self._rate) < 2:
            return 0.0
        first, last = self._rate[0], self._rate[-1]
        return (last.closures - first.closures) / max(last.seconds - first.seconds, 1e-6)

    @property
    def seconds_left(self) -> float | None:
        """Estimated from the share that is done; None before there is one."""
        if self.progress is None or self.progress.fraction <= 0.01:
            return None
        return self.progress.seconds * (1.0 - self.progress.fraction) / self.progress.fraction
