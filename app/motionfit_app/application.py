"""The composition root: makes the services, the worker thread and the window, and joins them."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyqtgraph as pg
from PySide6.QtCore import QSettings
from PySide6.QtGui import QSurfaceFormat
from PySide6.QtWidgets import QApplication

from motionfit_app.jobs.core import CoreFunctions, installed_core
from motionfit_app.jobs.runner import JobRunner
from motionfit_app.main_window import MainWindow
from motionfit_app.services.crash_log import CrashLog, default_log_folder
from motionfit_app.services.preferences import Preferences
from motionfit_app.services.theme import ThemeService
from motionfit_app.viewport.gl_support import surface_format


@dataclass(frozen=True)
class Arguments:
    """What the command line asks for."""

    path: Path | None
    is_demo: bool


def parse_arguments(arguments: Sequence[str]) -> Arguments:
    """Read `motionfit-gui [PROJECT|INPUT] [--demo]`."""
    parser = argparse.ArgumentParser(prog="motionfit-gui", description="See why a fit failed, and repair it.")
    parser.add_argument("path", nargs="?", type=Path, help="a project folder, or an input to fit")
    parser.add_argument("--demo", action="store_true", help="open the embedded demo clip")
    found = parser.parse_args(arguments)
    return Arguments(found.path, bool(found.demo))


def create_application() -> QApplication:
    """The QApplication with its name; shares GL contexts so that docks can float."""
    QSurfaceFormat.setDefaultFormat(surface_format())
    application = QApplication.instance()
    if not isinstance(application, QApplication):
        application = QApplication(sys.argv[:1])
    application.setApplicationName("MotionFit")
    application.setOrganizationName("MotionFit")
    application.setDesktopFileName("motionfit")
    return application


def create_window(
    application: QApplication, core: CoreFunctions, settings: QSettings, crash_log: CrashLog
) -> MainWindow:
    """Make the window with all it needs."""
    pg.setConfigOptions(antialias=True)
    preferences = Preferences(settings)
    themes = ThemeService(application, preferences.theme())
    runner = JobRunner(core)
    application.aboutToQuit.connect(runner.shut_down)
    window = MainWindow(runner, preferences, themes, crash_log)
    for service in (preferences, themes, runner):
        service.setParent(window)
    application.setWindowIcon(themes.icon("app"))
    return window


def run(arguments: Sequence[str]) -> int:
    """Run the application until its window is closed; gives the exit status."""
    wanted = parse_arguments(arguments)
    application = create_application()
    crash_log = CrashLog(default_log_folder())
    crash_log.install()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    window = create_window(application, installed_core(), QSettings(), crash_log)
    window.show()
    if wanted.is_demo:
        window.opening.open_demo()
    elif wanted.path is not None:
        window.opening.open_path(wanted.path)
    status = application.exec()
    crash_log.remove()
    return status
