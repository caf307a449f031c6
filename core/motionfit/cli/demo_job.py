"""Showing the fitted demo clip: in the window, or as pictures where there is none."""

from __future__ import annotations

import logging
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from motionfit.cli.fit_job import FitOutcome
from motionfit.files.project import Project, ProjectRun, is_project, read_project, write_project
from motionfit.render.pictures import write_fit_pictures

_logger = logging.getLogger(__name__)


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
    """Draw the fitted body on frames of the video, and the stages side by side.

    Returns:
        The folder of the pictures.

    Raises:
        OutputError: The folder is not writable.
    """
    pictures = folder / "pictures"
    write_fit_pictures(pictures, outcome.clip, outcome.result, outcome.body)
    return pictures
