"""The one worker thread of the application and the workers on it."""

from __future__ import annotations

from PySide6.QtCore import QObject, QThread, Signal, Slot

from motionfit_app.jobs.core import CoreFunctions
from motionfit_app.jobs.export_worker import ExportRequest, ExportWorker
from motionfit_app.jobs.fit_worker import FitRequest, FitWorker
from motionfit_app.jobs.open_worker import OpenRequest, OpenWorker


class JobRunner(QObject):
    """Queues jobs to the worker thread; lives on the window's thread.

    The thread's event queue is the queue of jobs. Workers belong to no parent (they live on another thread) and are
    kept by this object until the thread has ended.
    """

    fit_progressed = Signal(object, object, object)
    fit_finished = Signal(object)
    fit_failed = Signal(object)
    input_opened = Signal(object)
    open_failed = Signal(object)
    exported = Signal(object)
    export_failed = Signal(object)
    _fit_requested = Signal(object)
    _open_requested = Signal(object)
    _export_requested = Signal(object)

    def __init__(self, core: CoreFunctions, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thread = QThread(self)
        self._thread.setObjectName("jobs")
        self._fit_worker = FitWorker(core)
        self._open_worker = OpenWorker(core)
        self._export_worker = ExportWorker()
        for worker in (self._fit_worker, self._open_worker, self._export_worker):
            worker.moveToThread(self._thread)
        self._fit_requested.connect(self._fit_worker.run)
        self._open_requested.connect(self._open_worker.open)
        self._export_requested.connect(self._export_worker.export)
        self._fit_worker.progressed.connect(self.fit_progressed)
        self._fit_worker.finished.connect(self._on_fit_finished)
        self._fit_worker.failed.connect(self._on_fit_failed)
        self._open_worker.opened.connect(self.input_opened)
        self._open_worker.failed.connect(self.open_failed)
        self._export_worker.exported.connect(self.exported)
        self._export_worker.failed.connect(self.export_failed)
        self._is_fitting = False
        self._thread.start()

    @property
    def is_fitting(self) -> bool:
        """Whether a fit is queued or running."""
        return self._is_fitting

    def start_fit(self, request: FitRequest) -> None:
        """Queue a fit."""
        self._is_fitting = True
        self._fit_worker.arm()
        self._fit_requested.emit(request)

    def cancel_fit(self) -> None:
        """Ask the running fit to end within one closure."""
        self._fit_worker.cancel()

    def open(self, request: OpenRequest) -> None:
        """Queue the reading of a clip or project."""
        self._open_requested.emit(request)

    def export(self, request: ExportRequest) -> None:
        """Queue the writing of a result in another format."""
        self._export_requested.emit(request)

    @Slot()
    def shut_down(self) -> None:
        """Stop what runs and end the thread; waits for it."""
        self._fit_worker.cancel()
        self._thread.quit()
        self._thread.wait()

    @Slot(object)
    def _on_fit_finished(self, result: object) -> None:
        self._is_fitting = False
        self.fit_finished.emit(result)

    @Slot(object)
    def _on_fit_failed(self, error: object) -> None:
        self._is_fitting = False
        self.fit_failed.emit(error)
