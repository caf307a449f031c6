"""Starts, follows and stops fits: between the document, the live run and the worker thread."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import replace

from PySide6.QtCore import QObject, Signal, Slot

from motionfit.files.project import ProjectRun
from motionfit.motion import Motion
from motionfit.pipeline.result import FitResult, Progress, StageResult
from motionfit.pipeline.stages import OPTIMISED_STAGES
from motionfit_app.jobs.fit_worker import FitRequest
from motionfit_app.jobs.runner import JobRunner
from motionfit_app.state.document import Document
from motionfit_app.state.live_run import LiveRun
from motionfit_app.state.undo import add_run


class Fitting(QObject):
    """The commands about runs."""

    failed = Signal(object)
    message = Signal(str)

    def __init__(self, document: Document, live: LiveRun, runner: JobRunner, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document, self._live, self._runner = document, live, runner
        runner.fit_progressed.connect(self._on_progressed)
        runner.fit_finished.connect(self._on_finished)
        runner.fit_failed.connect(self._on_failed)

    @Slot()
    def run_all(self) -> None:
        """Run all stages."""
        self._start(OPTIMISED_STAGES, None)

    @Slot(str)
    def run_from(self, stage: str) -> None:
        """Run from a stage on; the earlier stages of the current run are kept."""
        place = OPTIMISED_STAGES.index(stage)
        run = self._document.current_run
        if place == 0 or run is None:
            self.run_all()
            return
        self._start(OPTIMISED_STAGES[place:], _kept_before(run.result, stage))

    @Slot()
    def run_from_second(self) -> None:
        """Run from stage II on."""
        self.run_from(OPTIMISED_STAGES[1])

    @Slot()
    def run_from_third(self) -> None:
        """Run stage III again."""
        self.run_from(OPTIMISED_STAGES[2])

    @Slot()
    def stop(self) -> None:
        """Stop the running fit; what is done is kept."""
        if self._live.is_active:
            self._live.stop()
            self._runner.cancel_fit()

    def _start(self, stages: tuple[str, ...], previous: FitResult | None) -> None:
        project, body = self._document.project, self._document.body
        if project is None or body is None or self._live.is_active:
            return
        settings = replace(project.settings, stages=stages)
        kept: Mapping[str, StageResult] = {} if previous is None else previous.stages
        self._live.begin(settings, kept)
        self._runner.start_fit(FitRequest(project.observations, body, settings, previous))

    @Slot(object, object, object)
    def _on_progressed(self, progress: Progress, records: tuple, motion: Motion | None) -> None:  # type: ignore[type-arg]
        if self._live.is_active:
            self._live.advance(progress, records, motion)

    @Slot(object)
    def _on_finished(self, result: FitResult) -> None:
        self._live.end()
        if not result.stages:
            self.message.emit(self.tr("The run was stopped before there was a result."))
            return
        number = 1 + max((run.number for run in self._document.runs), default=0)
        name = self.tr("Run {0}").format(number)
        created = datetime.datetime.now().isoformat(timespec="seconds")
        add_run(self._document, ProjectRun(number, name, created, result), self.tr("{0} finished").format(name))
        text = self.tr("{0} was stopped; what was done is kept.") if result.cancelled else self.tr("{0} is finished.")
        self.message.emit(text.format(name))

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self._live.end()
        self.failed.emit(error)


def _kept_before(result: FitResult, stage: str) -> FitResult:
    """The result up to a stage, without it and what follows."""
    kept: dict[str, StageResult] = {}
    for key, value in result.stages.items():
        if key == stage or (stage == "stage3" and key == "stage3_init"):
            break
        kept[key] = value
    return replace(result, stages=kept)
