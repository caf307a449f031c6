"""What whole-window tests do again and again."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QMessageBox

from motionfit_app.main_window import MainWindow

WAIT = 60_000
SHORT = {"root": 6, "pose": 8, "tune_x0": 3, "hold_x0": 3, "refine": 3}


def open_clip(qtbot, window: MainWindow, path: Path | None) -> None:
    """Open a path (None: the demo), wait for it, and ask for few iterations."""
    before = window.document.project
    if path is None:
        window.opening.open_demo()
    else:
        window.opening.open_path(path)
    qtbot.waitUntil(lambda: window.document.project is not before, timeout=WAIT)
    for key, count in SHORT.items():
        window.stages_panel.schedule.iterations[key].setValue(count)
    window.stages_panel.schedule.iterations["root"].editingFinished.emit()
    window.document.undo_stack.clear()


def run_fit(qtbot, window: MainWindow, start: Callable[[], object] | None = None) -> None:
    """Run and wait for the end."""
    with qtbot.waitSignal(window.live.ended, timeout=WAIT):
        (start or window.actions_table["run"].trigger)()


def answer(monkeypatch, button: QMessageBox.StandardButton) -> list[str]:
    """Let message boxes be answered with a button; gives the texts that were asked."""
    asked: list[str] = []

    def execute(box: QMessageBox) -> int:
        asked.append(box.text())
        return button

    monkeypatch.setattr(QMessageBox, "exec", execute)
    return asked
