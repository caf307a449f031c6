"""Opens clips and projects, saves projects, and asks before work is lost."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from motionfit.errors import InputError, MotionFitError
from motionfit.files.project import SUFFIX, Project, write_project
from motionfit_app.jobs.open_worker import Opened, OpenRequest
from motionfit_app.jobs.runner import JobRunner
from motionfit_app.services.preferences import Preferences
from motionfit_app.state.document import Document, ShownKey
from motionfit_app.state.playback import Playback

VIDEO_SUFFIXES = (".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v")


class Opening(QObject):
    """The commands about files."""

    failed = Signal(object)
    message = Signal(str)
    busy_changed = Signal(str)

    def __init__(
        self,
        document: Document,
        playback: Playback,
        runner: JobRunner,
        preferences: Preferences,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._document, self._playback, self._runner = document, playback, runner
        self._preferences, self._window = preferences, window
        self._asked: Path | None = None
        runner.input_opened.connect(self._on_opened)
        runner.open_failed.connect(self._on_failed)

    @Slot(Path)
    def open_path(self, path: Path) -> None:
        """Open a clip or a project; a video asks for its keypoints."""
        keypoints: Path | None = None
        if path.is_file() and path.suffix.lower() in VIDEO_SUFFIXES:
            keypoints = self._ask_keypoints(path)
            if keypoints is None:
                return
        self._request(OpenRequest(path, keypoints), path.name)

    @Slot()
    def open_demo(self) -> None:
        """Open the embedded demo clip."""
        self._request(OpenRequest(None), self.tr("the demo"))

    @Slot()
    def ask_open(self) -> None:
        """Choose a file and open it."""
        kinds = self.tr("Clips (*.npz *.bvh *.amc *.mp4 *.mov *.avi *.mkv *.webm *.m4v);;All files (*)")
        folder = self._preferences.last_folder()
        chosen, _kind = QFileDialog.getOpenFileName(self._window, self.tr("Open clip"), folder, kinds)
        if chosen:
            self._preferences.set_last_folder(Path(chosen).parent)
            self.open_path(Path(chosen))

    @Slot()
    def ask_open_folder(self) -> None:
        """Choose a project or a folder of OpenPose JSON and open it."""
        folder = self._preferences.last_folder()
        chosen = QFileDialog.getExistingDirectory(self._window, self.tr("Open folder or project"), folder)
        if chosen:
            self._preferences.set_last_folder(Path(chosen).parent)
            self.open_path(Path(chosen))

    @Slot()
    def save(self) -> bool:
        """Save the project where it was saved before, else ask where."""
        path = self._document.path
        return self.save_as() if path is None else self._save(path)

    @Slot()
    def save_as(self) -> bool:
        """Ask where to save the project and save it there."""
        project = self._document.project
        if project is None:
            return False
        proposed = str(Path(self._preferences.last_folder()) / f"{project.name}{SUFFIX}")
        kinds = self.tr("MotionFit projects (*{0})").format(SUFFIX)
        chosen, _kind = QFileDialog.getSaveFileName(self._window, self.tr("Save project"), proposed, kinds)
        if not chosen:
            return False
        path = Path(chosen) if chosen.endswith(SUFFIX) else Path(chosen + SUFFIX)
        self._preferences.set_last_folder(path.parent)
        return self._save(path)

    def may_close(self) -> bool:
        """Ask about unsaved work; False where the user wants to go on with it."""
        if not self._document.is_unsaved:
            return True
        buttons = QMessageBox.StandardButton
        box = QMessageBox(self._window)
        box.setObjectName("unsaved_box")
        box.setIcon(QMessageBox.Icon.Question)
        box.setWindowTitle(self.tr("Unsaved changes"))
        box.setText(self.tr("Save the project before closing it?"))
        box.setInformativeText(self.tr("Runs and settings that are not saved are lost."))
        box.setStandardButtons(buttons.Save | buttons.Discard | buttons.Cancel)
        box.setDefaultButton(buttons.Save)
        answer = box.exec()
        box.deleteLater()
        return self.save() if answer == buttons.Save else bool(answer == buttons.Discard)

    def _request(self, request: OpenRequest, name: str) -> None:
        if self._runner.is_fitting:
            self._on_failed(
                InputError(
                    self.tr("A fit is running, so nothing else can be opened now."), self.tr("Stop it or wait for it.")
                )
            )
        elif self.may_close():
            self._asked = request.path
            self.busy_changed.emit(self.tr("Opening {0}…").format(name))
            self._runner.open(request)

    def _ask_keypoints(self, video: Path) -> Path | None:
        title = self.tr("Folder of OpenPose JSON files of {0}").format(video.name)
        chosen = QFileDialog.getExistingDirectory(self._window, title, str(video.parent))
        return Path(chosen) if chosen else None

    @Slot(object)
    def _on_opened(self, opened: Opened) -> None:
        self.busy_changed.emit("")
        self._document.open(opened.project, opened.body, opened.path)
        self._restore_view(opened.project)
        if self._asked is not None:
            self._preferences.add_recent(self._asked)
        self.message.emit(" ".join(opened.project.warnings) or self.tr("Opened {0}.").format(opened.project.name))

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self.busy_changed.emit("")
        self.failed.emit(error)

    def _save(self, path: Path) -> bool:
        project, body = self._document.project, self._document.body
        if project is None or body is None:
            return False
        try:
            write_project(path, replace(project, view=self._view()), body)
        except MotionFitError as error:
            self.failed.emit(error)
            return False
        self._document.mark_saved(path)
        self._preferences.add_recent(path)
        self.message.emit(self.tr("Saved {0}.").format(path))
        return True

    def _view(self) -> dict[str, Any]:
        current = self._document.current_run
        selected = self._playback.selected_range
        return {
            "frame": self._playback.frame,
            "range": None if selected is None else list(selected),
            "loop": self._playback.loops,
            "speed": self._playback.speed,
            "current_run": 0 if current is None else current.number,
            "shown": sorted([key.run, key.stage] for key in self._document.shown),
        }

    def _restore_view(self, project: Project) -> None:
        view = project.view
        if "current_run" in view:
            self._document.select_run(int(view["current_run"]))
        shown = frozenset(ShownKey(int(run), str(stage)) for run, stage in view.get("shown", ()))
        present = frozenset(key for key in shown if self._document.motion(key) is not None)
        if present:
            self._document.show(present)
        selected = view.get("range")
        self._playback.set_range(None if selected is None else (int(selected[0]), int(selected[1])))
        self._playback.set_loop(bool(view.get("loop", False)))
        self._playback.set_speed(float(view.get("speed", 1.0)))
        self._playback.seek(int(view.get("frame", 0)))
