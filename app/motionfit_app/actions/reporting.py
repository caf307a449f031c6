"""Says what went wrong, and what the program is."""

from __future__ import annotations

import platform
import traceback
from importlib import metadata

import PySide6
import torch
from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QWidget

from motionfit.errors import MotionFitError
from motionfit_app.services.crash_log import CrashLog
from motionfit_app.widgets.message_dialog import MessageDialog


class Reporting(QObject):
    """Opens the dialogs that tell about errors and versions."""

    def __init__(self, crash_log: CrashLog, window: QWidget) -> None:
        super().__init__(window)
        self._crash_log, self._window = crash_log, window
        crash_log.happened.connect(self._on_crash)

    @Slot(object)
    def show_error(self, error: Exception) -> None:
        """Say what went wrong and what to do."""
        details = "".join(traceback.format_exception(error))
        if isinstance(error, MotionFitError):
            self._open(self.tr("That did not work"), error.message, error.hint, details)
            return
        message = self.tr("Something unexpected happened: {0}").format(str(error) or type(error).__name__)
        hint = self.tr("The report is in {0}. Nothing that was done before is lost.")
        self._open(self.tr("Unexpected error"), message, hint.format(self._crash_log.path), details)

    @Slot()
    def show_log(self) -> None:
        """Say where the log is."""
        self._open(
            self.tr("Log file"), self.tr("Unexpected errors are written to this file:"), str(self._crash_log.path)
        )

    @Slot()
    def show_about(self) -> None:
        """Say which versions run."""
        versions = f"PySide6 {PySide6.__version__}, torch {torch.__version__}, Python {platform.python_version()}"
        self._open(self.tr("About MotionFit"), f"MotionFit {metadata.version('motionfit')}", versions)

    @Slot(str, str)
    def _on_crash(self, sentence: str, report: str) -> None:
        hint = self.tr("The report is in {0}. You can go on; save your work.").format(self._crash_log.path)
        self._open(self.tr("Unexpected error"), sentence, hint, report)

    def _open(self, title: str, message: str, hint: str, details: str = "") -> None:
        MessageDialog(title, message, hint, details, self._window).open()
