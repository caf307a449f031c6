"""Writes results in other formats on the worker thread, since a film or a sequence of meshes takes its time."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from motionfit.body.model import BodyModel
from motionfit.pipeline.result import FitResult

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ExportRequest:
    """What to write.

    Attributes:
        path: The file; its end names the format.
        name: Of the clip.
        result: The fit.
        stage: Of it.
        body: Of it.
        video: That was fitted, for films.
    """

    path: Path
    name: str
    result: FitResult
    stage: str
    body: BodyModel
    video: Path | None


class ExportWorker(QObject):
    """Lives on the worker thread; `export` is called through a queued signal."""

    exported = Signal(object)
    failed = Signal(object)

    @Slot(object)
    def export(self, request: ExportRequest) -> None:
        """Write and emit `exported` with what was written, or `failed` with the exception."""
        # Imported here so that the window is up before the writers are.
        from motionfit.export.clip import clip_of_result
        from motionfit.export.formats import export
        from motionfit.files.report import build_report

        try:
            report = build_report(request.result, tuple(request.result.stages))
            clip = clip_of_result(request.name, request.result, request.body, report, request.stage, request.video)
            written = export(request.path, clip)
        except Exception as error:
            _logger.exception("%s cannot be exported", request.path)
            self.failed.emit(error)
            return
        self.exported.emit(written)
