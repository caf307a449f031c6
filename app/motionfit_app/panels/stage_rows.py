"""A row per stage: how far it is, what it took, and a button that runs again from there."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QGridLayout, QLabel, QToolButton, QWidget

from motionfit.pipeline.result import ClosureRecord, StageResult
from motionfit.pipeline.stages import OPTIMISED_STAGES, PHASES, STAGE_TITLES
from motionfit_app.state.document import Document
from motionfit_app.state.live_run import LiveRun

_COLUMNS = ("status", "seconds", "iterations", "loss")
_WIDEST = {"status": "▶ hold x0 00/00", "seconds": "0000.0 s", "iterations": "0000", "loss": "-0.000e+00"}
"""Room for these texts, so that the panel does not jump while numbers change."""


def iterations_done(history: tuple[ClosureRecord, ...] | list[ClosureRecord]) -> int:
    """Iterations over all phases of a stage."""
    last: dict[str, int] = {}
    for record in history:
        last[record.phase] = max(last.get(record.phase, 0), record.iteration)
    return sum(last.values())


class StageRows(QWidget):
    """Shows the stages of the current run, or of the run in progress."""

    run_from_requested = Signal(str)

    def __init__(self, document: Document, live: LiveRun, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document, self._live = document, live
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(4, 2, 4, 2)
        self.buttons: dict[str, QToolButton] = {}
        self.cells: dict[tuple[str, str], QLabel] = {}
        headings = (self.tr("Stage"), "", self.tr("Time"), self.tr("Iter."), self.tr("Loss"))
        for column, heading in enumerate(headings):
            label = QLabel(heading, self)
            label.setProperty("role", "faint")
            self._grid.addWidget(label, 0, column)
        for row, stage in enumerate(STAGE_TITLES):
            self._add_row(row + 1, stage)
        self._grid.setColumnStretch(1, 1)
        self.refresh()

    def _add_row(self, row: int, stage: str) -> None:
        self._grid.addWidget(QLabel(STAGE_TITLES[stage], self), row, 0)
        for column, name in enumerate(_COLUMNS):
            label = QLabel("–", self)
            label.setMinimumWidth(self.fontMetrics().horizontalAdvance(_WIDEST[name]))
            label.setObjectName(f"stage_{stage}_{name}")
            self.cells[stage, name] = label
            self._grid.addWidget(label, row, column + 1)
        if stage in OPTIMISED_STAGES:
            button = QToolButton(self)
            button.setObjectName(f"run_from_{stage}")
            button.setProperty("stage", stage)
            button.setText(self.tr("Run"))
            button.setToolTip(self.tr("Run from {0} on; earlier stages are kept").format(STAGE_TITLES[stage]))
            button.setAccessibleName(self.tr("Run from {0}").format(STAGE_TITLES[stage]))
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.clicked.connect(self._on_clicked)
            self.buttons[stage] = button
            self._grid.addWidget(button, row, len(_COLUMNS) + 1)

    def set_icon(self, icon: QIcon) -> None:
        """The picture on the buttons."""
        for button in self.buttons.values():
            button.setIcon(icon)

    @Slot()
    def refresh(self) -> None:
        """Show what is known now."""
        run = self._document.current_run
        finished = {} if run is None else dict(run.result.stages)
        if self._live.is_active:
            finished = dict(self._live.kept)
            if self._live.progress is not None:
                finished.update(self._live.progress.finished)
        running = self._live.progress.stage if self._live.is_active and self._live.progress is not None else ""
        for place, stage in enumerate(STAGE_TITLES):
            if stage == running:
                self._show_running(stage)
            elif stage in finished:
                self._show_finished(stage, finished[stage])
            else:
                waits = self._live.is_active and place > 0
                self._set(stage, self.tr("waits") if waits else self.tr("not run"), "–", "–", "–")
        self._refresh_buttons(list(finished))

    def _refresh_buttons(self, finished: list[str]) -> None:
        is_ready = self._document.project is not None and not self._live.is_active
        for stage, button in self.buttons.items():
            earlier = OPTIMISED_STAGES[: OPTIMISED_STAGES.index(stage)]
            button.setEnabled(is_ready and all(name in finished for name in earlier))

    def _show_finished(self, stage: str, result: StageResult) -> None:
        loss = f"{result.history[-1].loss:.4g}" if result.history else "–"
        count = str(iterations_done(result.history)) if result.history else "–"
        self._set(stage, "✔", f"{result.seconds:.1f} s", count, loss)
        status = self.cells[stage, "status"]
        status.setToolTip(result.status)
        self.cells[stage, "iterations"].setToolTip(self.tr("{0} closures").format(len(result.history)))

    def _show_running(self, stage: str) -> None:
        progress = self._live.progress
        if progress is None:
            return
        phase = next((phase.title for phase in PHASES if phase.key == progress.phase), progress.phase)
        before = sum(result.seconds for result in progress.finished.values())
        done = iterations_done(self._live.histories.get(stage, []))
        seconds = max(0.0, progress.seconds - before) if not self._live.kept else progress.seconds
        status = f"▶ {phase} {progress.iteration}/{progress.iterations}"
        self._set(stage, status, f"{seconds:.1f} s", str(done), f"{progress.record.loss:.4g}")

    def _set(self, stage: str, *texts: str) -> None:
        for name, text in zip(_COLUMNS, texts, strict=True):
            self.cells[stage, name].setText(text)

    @Slot()
    def _on_clicked(self) -> None:
        button = self.sender()
        if button is not None:
            self.run_from_requested.emit(str(button.property("stage")))
