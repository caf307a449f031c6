"""Runs a fit on the worker thread and tells about it at a bounded rate.

The callback of the core runs inside the closure: it only notes the record and, now and then, emits. Cancelling is an
event that the callback reads, since a queued slot would never run while the worker is busy.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import Any

import torch
from PySide6.QtCore import QObject, Signal, Slot

from motionfit.body.model import BodyModel
from motionfit.motion import Motion, Observations
from motionfit.pipeline.result import ClosureRecord, FitResult, Progress
from motionfit.pipeline.settings import FitSettings
from motionfit_app.jobs.core import CoreFunctions

_logger = logging.getLogger(__name__)
_EMIT_SECONDS = 1 / 12
_MOTION_SECONDS = 1 / 6
"""Each update composes the whole window anew, OpenGL views included: more often is not seen and slows the fit."""


@dataclass(frozen=True)
class FitRequest:
    """What to fit, from where on."""

    observations: Observations
    body: BodyModel
    settings: FitSettings
    previous: FitResult | None = None


class FitWorker(QObject):
    """Lives on the worker thread; `run` is called through a queued signal."""

    progressed = Signal(object, object, object)
    """The latest Progress, a tuple of (stage, ClosureRecord), and the current Motion or None."""
    finished = Signal(object)
    failed = Signal(object)

    def __init__(self, core: CoreFunctions) -> None:
        super().__init__()
        self._core = core
        self._priors: Any = None
        self._cancel = threading.Event()
        self._records: list[tuple[str, ClosureRecord]] = []
        self._latest: Progress | None = None
        self._emitted_at = 0.0
        self._motion_at = 0.0

    def cancel(self) -> None:
        """Ask the running fit to end within one closure; called from the window's thread."""
        self._cancel.set()

    def arm(self) -> None:
        """Forget an earlier cancel; called from the window's thread before a run is queued."""
        self._cancel.clear()

    @Slot(object)
    def run(self, request: FitRequest) -> None:
        """Fit, and emit `finished` with the result or `failed` with the exception."""
        self._records, self._latest = [], None
        self._emitted_at = self._motion_at = time.monotonic()
        torch.set_num_threads(request.settings.threads)
        try:
            if self._priors is None:
                self._priors = self._core.load_priors()
            result = self._core.fit(
                request.observations,
                request.body,
                self._priors,
                request.settings,
                progress=self._on_progress,
                previous=request.previous,
            )
        except Exception as error:
            _logger.exception("the fit failed")
            self.failed.emit(error)
            return
        self._emit(None)
        self.finished.emit(result)

    def _on_progress(self, progress: Progress) -> bool:
        if not progress.has_ended:
            self._records.append((progress.stage, progress.record))
        self._latest = progress
        now = time.monotonic()
        if now - self._emitted_at >= _EMIT_SECONDS:
            motion = None
            if now - self._motion_at >= _MOTION_SECONDS:
                motion = _copied(progress.motion())
                self._motion_at = now
            self._emitted_at = now
            self._emit(motion)
        return not self._cancel.is_set()

    def _emit(self, motion: Motion | None) -> None:
        if self._latest is not None:
            self.progressed.emit(self._latest, tuple(self._records), motion)
            self._records = []


def _copied(motion: Motion) -> Motion:
    """A copy that the optimiser cannot change any more."""
    contacts = None if motion.contacts is None else motion.contacts.detach().clone()
    return Motion(
        fps=motion.fps,
        translation=motion.translation.detach().clone(),
        root_orientation=motion.root_orientation.detach().clone(),
        body_pose=motion.body_pose.detach().clone(),
        betas=motion.betas.detach().clone(),
        gender=motion.gender,
        contacts=contacts,
    )
