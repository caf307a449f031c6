"""The undoable steps: an edit of the settings, and a run that finished."""

from __future__ import annotations

from PySide6.QtGui import QUndoCommand

from motionfit.files.project import ProjectRun
from motionfit.pipeline.settings import FitSettings
from motionfit_app.state.document import Document


class EditSettings(QUndoCommand):
    """Replace the settings of the next run."""

    def __init__(self, document: Document, before: FitSettings, after: FitSettings, text: str) -> None:
        super().__init__(text)
        self._document = document
        self._before = before
        self._after = after

    def redo(self) -> None:
        """Take the new settings."""
        self._document.replace_settings(self._after)

    def undo(self) -> None:
        """Take the old settings back."""
        self._document.replace_settings(self._before)


class AddRun(QUndoCommand):
    """Add a finished run; its results stay as they are, so undo only takes it off the list."""

    def __init__(self, document: Document, run: ProjectRun, text: str) -> None:
        super().__init__(text)
        self._document = document
        self._run = run
        current = document.current_run
        self._current_before = 0 if current is None else current.number
        self._shown_before = document.shown

    def redo(self) -> None:
        """Put the run on the list and show its last stage."""
        self._document.replace_runs((*self._document.runs, self._run), self._run.number)
        self._document.show_last_stage()

    def undo(self) -> None:
        """Take the run off the list."""
        runs = tuple(run for run in self._document.runs if run.number != self._run.number)
        self._document.replace_runs(runs, self._current_before)
        self._document.show(self._shown_before)


def edit_settings(document: Document, after: FitSettings, text: str) -> None:
    """Change the settings as one undoable step; nothing happens where nothing changes."""
    project = document.project
    if project is not None and after != project.settings:
        document.undo_stack.push(EditSettings(document, project.settings, after, text))


def add_run(document: Document, run: ProjectRun, text: str) -> None:
    """Add a finished run as one undoable step."""
    document.undo_stack.push(AddRun(document, run, text))
