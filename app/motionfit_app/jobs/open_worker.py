"""Reads clips and projects on the worker thread, since a video or a large archive takes its time."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from motionfit.body.model import BodyModel
from motionfit.files.project import Project, is_project, read_project
from motionfit.motion import Observations
from motionfit.pipeline.settings import load_preset
from motionfit_app.jobs.core import CoreFunctions

_logger = logging.getLogger(__name__)
_PRESETS = {"joints3d": "joints3d", "keypoints3d": "keypoints3d", "points3d": "points3d", "keypoints2d": "video"}


@dataclass(frozen=True)
class OpenRequest:
    """What to read.

    Attributes:
        path: A clip or a project; None = the demo.
        keypoints: Folder of 2D keypoints that belong to a video.
    """

    path: Path | None
    keypoints: Path | None = None


@dataclass(frozen=True)
class Opened:
    """What was read.

    Attributes:
        project: The clip as a fresh project, or the saved project.
        body: The body to show it with.
        path: The project folder; None for a fresh one.
    """

    project: Project
    body: BodyModel
    path: Path | None


class OpenWorker(QObject):
    """Lives on the worker thread; `open` is called through a queued signal."""

    opened = Signal(object)
    failed = Signal(object)

    def __init__(self, core: CoreFunctions) -> None:
        super().__init__()
        self._core = core
        self._body: BodyModel | None = None

    @Slot(object)
    def open(self, request: OpenRequest) -> None:
        """Read a clip or a project and emit `opened`, or `failed` with the exception."""
        path = request.path
        try:
            if self._body is None:
                self._body = self._core.load_body()
            path = self._core.demo_path() if path is None else path
            if is_project(path):
                opened = Opened(read_project(path), self._body, path)
            else:
                opened = Opened(self._read_clip(path, request.keypoints), self._body, None)
        except Exception as error:
            _logger.exception("%s cannot be opened", path)
            self.failed.emit(error)
            return
        self.opened.emit(opened)

    def _read_clip(self, path: Path, keypoints: Path | None) -> Project:
        clip = self._core.read_input(path, keypoints)
        observations = clip.observations
        return Project(
            name=clip.name,
            observations=observations,
            settings=load_preset(preset_for(observations)),
            source=path,
            video=clip.video,
            truth=clip.truth,
            warnings=observations.warnings,
        )


def preset_for(observations: Observations) -> str:
    """Name of the preset that suits the kind of observations."""
    return _PRESETS.get(observations.kind, "joints3d")
