"""The document: the project, the body it is shown with, and what of it is shown. Panels read it and call its methods.

Values are frozen and replaced as a whole; a change is told by one signal per topic.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoStack

from motionfit.body.model import BodyModel
from motionfit.files.project import Project, ProjectRun
from motionfit.motion import Floor, Motion
from motionfit.pipeline.settings import FitSettings, load_preset
from motionfit.pipeline.stages import STAGE_TITLES

TRUTH_RUN = 0


@dataclass(frozen=True, order=True)
class ShownKey:
    """One motion that can be shown: a stage of a run, or the true motion (run 0)."""

    run: int
    stage: str


TRUTH = ShownKey(TRUTH_RUN, "truth")


class Document(QObject):
    """Holds the project and announces what changed in it."""

    opened = Signal()
    settings_changed = Signal()
    runs_changed = Signal()
    shown_changed = Signal()
    saved_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.undo_stack = QUndoStack(self)
        self.undo_stack.cleanChanged.connect(self._on_clean_changed)
        self._project: Project | None = None
        self._body: BodyModel | None = None
        self._path: Path | None = None
        self._current: int = TRUTH_RUN
        self._shown: frozenset[ShownKey] = frozenset()

    @property
    def project(self) -> Project | None:
        """What is open."""
        return self._project

    @property
    def body(self) -> BodyModel | None:
        """The body that motions are shown with."""
        return self._body

    @property
    def path(self) -> Path | None:
        """The project folder, once saved."""
        return self._path

    @property
    def is_unsaved(self) -> bool:
        """Whether closing would lose work."""
        return self._project is not None and not self.undo_stack.isClean()

    @property
    def runs(self) -> tuple[ProjectRun, ...]:
        """The runs of the clip, oldest first."""
        return () if self._project is None else self._project.runs

    @property
    def current_run(self) -> ProjectRun | None:
        """The run that stages, losses and plots are about."""
        return self.run(self._current)

    @property
    def shown(self) -> frozenset[ShownKey]:
        """The motions that the views show."""
        return self._shown

    def run(self, number: int) -> ProjectRun | None:
        """A run by its number."""
        return next((run for run in self.runs if run.number == number), None)

    def motion(self, key: ShownKey) -> Motion | None:
        """The motion that a key names, if it is (still) there."""
        if key == TRUTH:
            return None if self._project is None else self._project.truth
        run = self.run(key.run)
        stage = None if run is None else run.result.stages.get(key.stage)
        return None if stage is None else stage.motion

    def floor(self) -> Floor | None:
        """The floor of the last stage of the current run, else the observed one."""
        run = self.current_run
        if run is not None and run.result.stages:
            return run.result.final.floor
        return None if self._project is None else self._project.observations.floor

    def open(self, project: Project, body: BodyModel, path: Path | None = None) -> None:
        """Show a project (of a saved folder, or a fresh one of a clip)."""
        self._project, self._body, self._path = project, body, path
        self._current = project.runs[-1].number if project.runs else TRUTH_RUN
        self._shown = self._default_shown()
        self.undo_stack.clear()
        self.opened.emit()
        for signal in (self.settings_changed, self.runs_changed, self.shown_changed, self.saved_changed):
            signal.emit()

    def mark_saved(self, path: Path) -> None:
        """Remember where the project was saved."""
        self._path = path
        self.undo_stack.setClean()
        self.saved_changed.emit()

    def replace_settings(self, settings: FitSettings) -> None:
        """Take settings over without an undo step (commands call this)."""
        if self._project is not None:
            self._project = replace(self._project, settings=settings)
            self.settings_changed.emit()

    def replace_runs(self, runs: tuple[ProjectRun, ...], current: int) -> None:
        """Take runs over without an undo step (commands call this)."""
        if self._project is None:
            return
        self._project = replace(self._project, runs=runs)
        self._current = current
        kept = frozenset(key for key in self._shown if self.motion(key) is not None)
        self._shown = kept or self._default_shown()
        self.runs_changed.emit()
        self.shown_changed.emit()

    def select_run(self, number: int) -> None:
        """Make a run the one that stages, losses and plots are about."""
        if number != self._current and self.run(number) is not None:
            self._current = number
            self.runs_changed.emit()

    def show(self, keys: frozenset[ShownKey]) -> None:
        """Choose the motions that the views show."""
        if keys != self._shown:
            self._shown = keys
            self.shown_changed.emit()

    def show_last_stage(self) -> None:
        """Show the result of the current run alone."""
        self.show(self._default_shown())

    def show_drift(self) -> bool:
        """Show initial roll-out, stage II and result of the current run together; False where they are not."""
        run = self.current_run
        stages = () if run is None else tuple(run.result.stages)
        wanted = [stage for stage in ("stage2", "stage3_init", "stage3") if stage in stages]
        if run is None or len(wanted) < 2:
            return False
        self.show(frozenset(ShownKey(run.number, stage) for stage in wanted))
        return True

    def preset_settings(self) -> FitSettings | None:
        """The settings that the preset in use began with."""
        return None if self._project is None else load_preset(self._project.settings.preset)

    def _default_shown(self) -> frozenset[ShownKey]:
        run = self.current_run
        if run is not None and run.result.stages:
            return frozenset({ShownKey(run.number, list(run.result.stages)[-1])})
        return frozenset({TRUTH}) if self.motion(TRUTH) is not None else frozenset()

    def _on_clean_changed(self, _clean: bool) -> None:
        self.saved_changed.emit()


def stage_order(stage: str) -> int:
    """Place of a stage result in the order of a fit; the true motion comes first."""
    names = list(STAGE_TITLES)
    return names.index(stage) if stage in names else -1
