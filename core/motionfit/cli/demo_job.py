"""Showing the fitted demo clip: in the window, or as pictures where there is none."""

from __future__ import annotations

import logging
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch

from motionfit.body.model import vertices
from motionfit.cli.fit_job import FitOutcome
from motionfit.errors import InputError
from motionfit.files.atomic import output_errors
from motionfit.files.project import Project, ProjectRun, is_project, read_project, write_project
from motionfit.files.video import VideoFile
from motionfit.render.frame import overlay, render_frame
from motionfit.render.mesh import body_mesh
from motionfit.render.png import write_png
from motionfit.render.sheets import contact_sheet

_logger = logging.getLogger(__name__)
_SHOWN = 6
_COLUMNS = 3


def write_demo_project(outcome: FitOutcome, source: Path, folder: Path) -> None:
    """Keep the fit as a run of a project, beside runs that are there already."""
    earlier = read_project(folder) if is_project(folder) else None
    if earlier is not None and not outcome.is_new:
        return
    runs = () if earlier is None else earlier.runs
    number = max((run.number for run in runs), default=0) + 1
    created = datetime.now(UTC).isoformat(timespec="seconds")
    run = ProjectRun(number, "demo", created, outcome.result)
    clip = outcome.clip
    project = Project(
        clip.name, clip.observations, outcome.result.settings, source, clip.video, clip.truth, (*runs, run)
    )
    write_project(folder, project, outcome.body)


def open_window(project: Path) -> None:
    """Open the application with a project, and wait until it is closed.

    The core knows no window, so it is another process.
    """
    command = [sys.executable, "-m", "motionfit_app", str(project)]
    code = subprocess.run(command, check=False).returncode
    if code != 0:
        _logger.warning("The window ended with code %d; `motionfit doctor` tells what may be missing.", code)


def write_pictures(outcome: FitOutcome, folder: Path) -> Path:
    """Draw the fitted body on frames of the video, and over the floor.

    Returns:
        The folder of the pictures.

    Raises:
        InputError: The clip has no camera to look through.
        OutputError: The folder is not writable.
    """
    camera, motion = outcome.result.observations.camera, outcome.result.final.motion
    if camera is None:
        raise InputError("The clip has no camera to draw its pictures with.", "Give a clip with 2D keypoints.")
    pictures = folder / "pictures"
    with output_errors(pictures):
        pictures.mkdir(parents=True, exist_ok=True)
    chosen = np.linspace(0, motion.frames - 1, min(_SHOWN, motion.frames)).round().astype(int).tolist()
    index = torch.tensor(chosen)
    meshes = vertices(
        outcome.body,
        motion.betas,
        motion.translation[index],
        motion.root_orientation[index],
        motion.body_pose[index],
    )
    bodies = [body_mesh(mesh, outcome.body) for mesh in meshes]
    floor = outcome.result.final.floor
    if outcome.clip.video is not None:
        with VideoFile(outcome.clip.video) as video:
            drawn = [overlay(video.frame(k), [body], camera) for k, body in zip(chosen, bodies, strict=True)]
        write_png(pictures / "on_video.png", contact_sheet(drawn, _COLUMNS))
    drawn = [render_frame([body], camera, floor) for body in bodies]
    write_png(pictures / "over_floor.png", contact_sheet(drawn, _COLUMNS))
    return pictures
