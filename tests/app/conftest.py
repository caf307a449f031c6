"""A whole window per test: fresh settings, no dangling thread, a fit that pretends unless a test says otherwise."""

import gc
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QSettings, QThread
from PySide6.QtGui import QSurfaceFormat

sys.path.insert(0, str(Path(__file__).parent))

from window_driving import WAIT, open_clip
from window_fakes import FakeFit, fake_core, make_walk, write_joints_clip

from motionfit_app.application import create_window
from motionfit_app.jobs.core import CoreFunctions
from motionfit_app.main_window import MainWindow
from motionfit_app.services.crash_log import CrashLog
from motionfit_app.viewport.gl_support import surface_format

QSurfaceFormat.setDefaultFormat(surface_format())
WindowMaker = Callable[..., MainWindow]


@pytest.fixture(scope="session", autouse=True)
def _quick_collections() -> None:
    """What was imported stays anyway: collections after each window need not look at it."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def settings(tmp_path: Path) -> QSettings:
    """Settings of this test alone."""
    return QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)


@pytest.fixture
def crash_log(tmp_path: Path) -> CrashLog:
    return CrashLog(tmp_path / "log")


@pytest.fixture
def fake() -> tuple[CoreFunctions, FakeFit]:
    return fake_core()


@pytest.fixture
def make_window(qtbot, qapp, settings: QSettings, crash_log: CrashLog) -> Iterator[WindowMaker]:
    """Makes windows and closes them; a thread that goes on afterwards fails the test."""
    made: list[MainWindow] = []

    def make(core: CoreFunctions) -> MainWindow:
        window = create_window(qapp, core, settings, crash_log)
        made.append(window)
        window.resize(1100, 780)
        window.show()
        window.activateWindow()
        qtbot.waitUntil(window.windowHandle().isExposed, timeout=WAIT)
        return window

    yield make
    for window in made:
        threads = window.findChildren(QThread)
        if window.isVisible():
            window.document.undo_stack.setClean()
            window.close()
            qtbot.waitUntil(lambda window=window: not window.isVisible(), timeout=WAIT)
        assert not [thread.objectName() for thread in threads if thread.isRunning()]
        window.deleteLater()
    made.clear()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    # Python's side of what Qt has deleted must go at once: a new object at an old address would get the old type
    # (seen with QOpenGLContext.functions(), which PySide does not own).
    gc.collect()


@pytest.fixture
def window(make_window: WindowMaker, fake: tuple[CoreFunctions, FakeFit]) -> MainWindow:
    """A window with nothing open."""
    return make_window(fake[0])


@pytest.fixture
def clip_path(tmp_path: Path) -> Path:
    """Forty frames of observed joints with a gap of three frames."""
    return write_joints_clip(tmp_path / "walk.npz", make_walk())


@pytest.fixture
def opened(qtbot, window: MainWindow, clip_path: Path) -> MainWindow:
    """A window with the clip open and few iterations."""
    open_clip(qtbot, window, clip_path)
    return window
