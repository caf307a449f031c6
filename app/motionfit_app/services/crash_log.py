"""Nothing goes wrong silently: unexpected exceptions of any thread and hard crashes go to a log file."""

from __future__ import annotations

import faulthandler
import logging
import logging.handlers
import sys
import threading
import traceback
from pathlib import Path
from types import TracebackType
from typing import TextIO

import platformdirs
from PySide6.QtCore import QObject, Signal

_logger = logging.getLogger(__name__)
_LOGGERS = ("motionfit_app", "motionfit")


def default_log_folder() -> Path:
    """Where the logs of this user are."""
    return Path(platformdirs.user_log_dir("motionfit"))


class CrashLog(QObject):
    """Writes the log and announces unexpected exceptions, so that a window can show them.

    The signal may be emitted from any thread: connect it to a slot of a QObject that lives on the window's thread.
    """

    happened = Signal(str, str)
    """One sentence, and the whole report."""

    def __init__(self, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "motionfit-gui.log"
        self._handler: logging.Handler | None = None
        self._faults: TextIO | None = None
        self._had_faulthandler = False
        self._hooks = (sys.excepthook, threading.excepthook)

    def install(self) -> None:
        """Take over the hooks of the interpreter."""
        handler = logging.handlers.RotatingFileHandler(self.path, maxBytes=2_000_000, backupCount=3, encoding="utf-8")
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        for name in _LOGGERS:
            logging.getLogger(name).addHandler(handler)
        self._handler = handler
        self._had_faulthandler = faulthandler.is_enabled()
        self._faults = self.path.with_name("motionfit-gui-faults.log").open("w")
        faulthandler.enable(self._faults)
        self._hooks = (sys.excepthook, threading.excepthook)
        sys.excepthook = self._on_exception
        threading.excepthook = self._on_thread_exception

    def remove(self) -> None:
        """Give the hooks back and close the files."""
        sys.excepthook, threading.excepthook = self._hooks
        if self._handler is not None:
            for name in _LOGGERS:
                logging.getLogger(name).removeHandler(self._handler)
            self._handler.close()
        if self._faults is not None:
            faulthandler.disable()
            if self._had_faulthandler:
                faulthandler.enable()
            self._faults.close()

    def _on_exception(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        report = "".join(traceback.format_exception(kind, error, trace))
        _logger.error("unexpected exception\n%s", report)
        self.happened.emit(f"{kind.__name__}: {error}", report)

    def _on_thread_exception(self, arguments: threading.ExceptHookArgs) -> None:
        error = arguments.exc_value or arguments.exc_type()
        self._on_exception(arguments.exc_type, error, arguments.exc_traceback)
