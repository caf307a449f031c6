"""The status line: device, memory, iteration, closures per second, time left."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QTimer, Slot
from PySide6.QtWidgets import QLabel, QStatusBar, QWidget

from motionfit_app.state.document import Document
from motionfit_app.state.live_run import LiveRun

_MEMORY_MILLISECONDS = 2000
_PAGES = Path("/proc/self/statm")
_PAGE_BYTES = 4096


def memory_megabytes() -> int | None:
    """Memory of this process; None where the system does not tell."""
    if not _PAGES.is_file():
        return None
    return int(_PAGES.read_text().split()[1]) * _PAGE_BYTES // 2**20


def duration_text(seconds: float) -> str:
    """Seconds as m:ss."""
    whole = max(0, round(seconds))
    return f"{whole // 60}:{whole % 60:02d}"


class StatusLine(QStatusBar):
    """Messages at the left, facts at the right."""

    def __init__(self, document: Document, live: LiveRun, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document, self._live = document, live
        self.run = self._fact(self.tr("State of the run"))
        self.device = self._fact(self.tr("Device of the fit"))
        self.memory = self._fact(self.tr("Memory of the program"))
        self.memory.setMinimumWidth(self.fontMetrics().horizontalAdvance("00000 MB  "))
        self._timer = QTimer(self)
        self._timer.setInterval(_MEMORY_MILLISECONDS)
        self._timer.timeout.connect(self._refresh_memory)
        self._timer.start()
        self._refresh_memory()
        document.settings_changed.connect(self._refresh_device)
        for signal in (live.started, live.changed, live.ended):
            signal.connect(self._refresh_run)

    def _fact(self, name: str) -> QLabel:
        label = QLabel(self)
        label.setAccessibleName(name)
        label.setToolTip(name)
        label.setMargin(self.fontMetrics().height() // 4)
        self.addPermanentWidget(label)
        return label

    @Slot()
    def _refresh_memory(self) -> None:
        megabytes = memory_megabytes()
        self.memory.setText("" if megabytes is None else self.tr("{0} MB").format(megabytes))

    @Slot()
    def _refresh_device(self) -> None:
        project = self._document.project
        if project is not None:
            settings = project.settings
            self.device.setText(self.tr("device {0} · threads {1}").format(settings.device, settings.threads))

    @Slot()
    def _refresh_run(self) -> None:
        live, progress = self._live, self._live.progress
        if not live.is_active:
            self.run.clear()
            return
        if progress is None:
            self.run.setText(self.tr("starting…"))
            return
        left = live.seconds_left
        remaining = self.tr("estimating") if left is None else self.tr("{0} left").format(duration_text(left))
        text = self.tr("iteration {0}/{1} · {2:.1f} closures/s · {3}")
        self.run.setText(text.format(progress.iteration, progress.iterations, live.closures_per_second, remaining))
