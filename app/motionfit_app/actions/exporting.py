"""Writes the result that is shown for other programs."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QWidget

from motionfit.errors import InputError
from motionfit_app.jobs.export_worker import ExportRequest
from motionfit_app.jobs.runner import JobRunner
from motionfit_app.services.preferences import Preferences
from motionfit_app.state.document import Document


class Exporting(QObject):
    """The command that writes results in other formats."""

    failed = Signal(object)
    message = Signal(str)
    busy_changed = Signal(str)

    def __init__(self, document: Document, runner: JobRunner, preferences: Preferences, window: QWidget) -> None:
        super().__init__(window)
        self._document, self._runner, self._preferences, self._window = document, runner, preferences, window
        runner.exported.connect(self._on_exported)
        runner.export_failed.connect(self._on_failed)

    @Slot()
    def ask_export(self) -> None:
        """Ask where to write the stage that is shown alone, else the last of the current run."""
        project = self._document.project
        if project is None:
            return
        kinds = ";;".join((
            self.tr("Animation for Blender and engines, glTF (*.glb)"),
            self.tr("Skeleton and rotations, BVH (*.bvh)"),
            self.tr("AMASS (*.npz)"),
            self.tr("Joints, angles and contacts (*.csv)"),
            self.tr("Film (*.mp4)"),
            self.tr("Meshes, one file a frame (*.obj *.ply)"),
            self.tr("Report (*.json)"),
        ))  # fmt: skip
        proposed = str(Path(self._preferences.last_folder()) / f"{project.name}.glb")
        chosen, kind = QFileDialog.getSaveFileName(self._window, self.tr("Export result"), proposed, kinds)
        if chosen:
            path = Path(chosen)
            self._preferences.set_last_folder(path.parent)
            self.export_to(path if path.suffix else path.with_suffix(_suffix_of(kind)))

    def export_to(self, path: Path) -> None:
        """Write there, in the format that the name ends in."""
        project, body, run = self._document.project, self._document.body, self._document.current_run
        if project is None or body is None or run is None or not run.result.stages:
            self.failed.emit(InputError(self.tr("There is no result to export yet."), self.tr("Run the fit first.")))
            return
        waits = self._runner.is_fitting
        text = self.tr("Exporting {0} when the fit is done…") if waits else self.tr("Exporting {0}…")
        self.busy_changed.emit(text.format(path.name))
        self._runner.export(ExportRequest(path, project.name, run.result, self._stage(), body, project.video))

    def _stage(self) -> str:
        run, shown = self._document.current_run, self._document.shown
        assert run is not None
        alone = next(iter(shown)) if len(shown) == 1 else None
        is_of_run = alone is not None and alone.run == run.number and alone.stage in run.result.stages
        return alone.stage if alone is not None and is_of_run else list(run.result.stages)[-1]

    @Slot(object)
    def _on_exported(self, written: Path) -> None:
        self.busy_changed.emit("")
        self.message.emit(self.tr("Exported to {0}.").format(written))

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self.busy_changed.emit("")
        self.failed.emit(error)


def _suffix_of(kind: str) -> str:
    """The first end that a filter of the file dialog names, for names that were typed without one."""
    _title, _, pattern = kind.rpartition("(*")
    return pattern.rstrip(")").split(" ")[0] or ".glb"
