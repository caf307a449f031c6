"""A project folder: a clip, what was observed of it, the settings, the runs and how they were looked at.

    name.motionfit/
        project.json            everything small; written last, so it is what commits a save
        observations.npz        the keys of the command line's observation npz; NaN = not observed
        truth.npz               only where the true motion is known
        runs/<number>/          one result folder per run; never changed once written

Runs are immutable, so a save writes only new runs. Files are written beside their place and renamed into it:
whoever reads the folder sees the state before a save or after it.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from motionfit.body.model import BodyModel
from motionfit.errors import InputError, MotionFitError, OutputError
from motionfit.files.observation_archive import (
    read_motion,
    read_observations,
    write_motion,
    write_observations,
)
from motionfit.files.result import read_result, write_result
from motionfit.motion import Motion, Observations
from motionfit.pipeline.freezes import Freeze
from motionfit.pipeline.result import FitResult
from motionfit.pipeline.settings import FitSettings

SUFFIX = ".motionfit"
FORMAT_VERSION = 1
_INDEX = "project.json"


@dataclass(frozen=True)
class ProjectRun:
    """One execution of the stages on the clip.

    Attributes:
        number: Counts from 1 and is never used twice in a project.
        name: For people.
        created: ISO date and time.
        result: All stages of the run.
    """

    number: int
    name: str
    created: str
    result: FitResult


@dataclass(frozen=True)
class Project:
    """Everything that a person works on at a time.

    Attributes:
        name: Of the clip.
        observations: What is fitted.
        settings: Of the next run.
        source: The file or folder that the observations came from.
        video: The video that belongs to them.
        truth: The true motion, where it is known.
        runs: In the order in which they were made.
        view: How it was looked at (playhead, range, what is shown), as JSON values.
        warnings: What was noticed while reading, for the user.
    """

    name: str
    observations: Observations
    settings: FitSettings
    source: Path | None = None
    video: Path | None = None
    truth: Motion | None = None
    runs: tuple[ProjectRun, ...] = ()
    view: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def is_project(path: Path) -> bool:
    """Whether a path looks like a project folder."""
    return path.is_dir() and (path.suffix == SUFFIX or (path / _INDEX).is_file())


def write_project(folder: Path, project: Project, body: BodyModel) -> None:
    """Save a project; what was there before stays readable until the last step.

    Raises:
        OutputError: The folder cannot be written.
    """
    try:
        (folder / "runs").mkdir(parents=True, exist_ok=True)
        write_observations(folder / "observations.npz", project.observations)
        if project.truth is not None:
            write_motion(folder / "truth.npz", project.truth)
        for run in project.runs:
            if not _is_written(folder, run):
                write_result(_run_folder(folder, run.number), run.result, body)
        _replace_text(folder / _INDEX, json.dumps(_index(project, folder), indent=1))
        _drop_old_runs(folder, {run.number for run in project.runs})
    except OSError as error:
        raise OutputError(
            f"The project cannot be saved at {folder} ({error.strerror or error}).",
            "Check the free space and the rights of the folder, or save it elsewhere.",
        ) from error


def read_project(folder: Path) -> Project:
    """Open a project folder.

    A missing video is not an error: the project opens and says in its warnings which file it misses.

    Raises:
        InputError: There is no project, it is damaged, or a newer MotionFit wrote it.
    """
    index = _read_index(folder)
    try:
        settings = _settings_from(index["settings"])
        runs = tuple(_read_run(folder, entry) for entry in index["runs"])
        observations = read_observations(folder / "observations.npz")
        truth = read_motion(folder / "truth.npz") if index["has_truth"] else None
        video, source = (_path_from(index[key], folder) for key in ("video", "source"))
        name, view = str(index["name"]), dict(index["view"])
    except MotionFitError as error:
        raise InputError(f"The project {folder} is damaged: {error.message}", error.hint) from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _damaged(folder, f"{_INDEX} lacks or garbles {error}") from error
    project = Project(name, observations, settings, source, video, truth, runs, view)
    return replace(project, warnings=_missing_media(project))


def _missing_media(project: Project) -> tuple[str, ...]:
    if project.video is None or project.video.exists():
        return ()
    return (
        f"The video {project.video} is missing; everything but its picture is here. "
        "Put it back and open the project again to see it.",
    )


def _read_index(folder: Path) -> dict[str, Any]:
    path = folder / _INDEX
    if not path.is_file():
        raise InputError(
            f"{folder} is not a project: it has no {_INDEX}.", f"Choose a folder whose name ends in {SUFFIX}."
        )
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise _damaged(folder, f"{_INDEX} cannot be read ({error})") from error
    if not isinstance(content, dict) or not isinstance(content.get("version"), int):
        raise _damaged(folder, f"{_INDEX} names no version")
    if content["version"] > FORMAT_VERSION:
        raise InputError(
            f"The project {folder} was written by a newer MotionFit "
            f"(format {content['version']}; this one reads up to {FORMAT_VERSION}).",
            "Update MotionFit to open it.",
        )
    return content


def _damaged(folder: Path, what: str) -> InputError:
    return InputError(
        f"The project {folder} is damaged: {what}.",
        "Open the clip again; the folders under runs/ still hold the results.",
    )


def _index(project: Project, folder: Path) -> dict[str, Any]:
    return {
        "format": "motionfit project",
        "version": FORMAT_VERSION,
        "name": project.name,
        "source": _path_text(project.source, folder),
        "video": _path_text(project.video, folder),
        "has_truth": project.truth is not None,
        "settings": settings_to_json(project.settings),
        "runs": [_run_entry(run) for run in project.runs],
        "view": dict(project.view),
    }


def _run_entry(run: ProjectRun) -> dict[str, Any]:
    return {"number": run.number, "name": run.name, "created": run.created}


def _run_folder(folder: Path, number: int) -> Path:
    return folder / "runs" / str(number)


def _read_run(folder: Path, entry: Mapping[str, Any]) -> ProjectRun:
    number = int(entry["number"])
    result = read_result(_run_folder(folder, number))
    return ProjectRun(number, str(entry["name"]), str(entry["created"]), result)


def _is_written(folder: Path, run: ProjectRun) -> bool:
    """Whether this very run is in the folder already (another project may have been saved there before)."""
    try:
        entries = _read_index(folder)["runs"]
    except (InputError, KeyError):
        return False
    return _run_entry(run) in entries and _run_folder(folder, run.number).is_dir()


def _drop_old_runs(folder: Path, kept: set[int]) -> None:
    for path in (folder / "runs").iterdir():
        if path.is_dir() and path.name not in {str(number) for number in kept}:
            shutil.rmtree(path, ignore_errors=True)


def _replace_text(path: Path, text: str) -> None:
    beside = path.with_name(path.name + ".new")
    beside.write_text(text, encoding="utf-8")
    os.replace(beside, path)


def _path_text(path: Path | None, folder: Path) -> str | None:
    """Relative where the file lies beside the project, so that both can be moved together."""
    if path is None:
        return None
    absolute, home = path.resolve(), folder.resolve().parent
    return os.path.relpath(absolute, folder.resolve()) if absolute.is_relative_to(home) else str(absolute)


def _path_from(text: str | None, folder: Path) -> Path | None:
    return None if text is None else Path(os.path.normpath(folder.resolve() / text))


def settings_to_json(settings: FitSettings) -> dict[str, Any]:
    """All settings as JSON values."""
    return {
        "preset": settings.preset,
        "method": settings.method,
        "weights": {stage: dict(terms) for stage, terms in settings.weights.items()},
        "iterations": dict(settings.iterations),
        "window": settings.window,
        "overlap": settings.overlap,
        "tolerance": settings.tolerance,
        "solvers": dict(settings.solvers),
        "robust": dict(settings.robust),
        "stages": list(settings.stages),
        "freezes": sorted(str(freeze) for freeze in settings.freezes),
        "device": settings.device,
        "threads": settings.threads,
        "seed": settings.seed,
        "acceleration": settings.acceleration,
        "refitted": [list(frames) for frames in settings.refitted],
    }


def _settings_from(content: Mapping[str, Any]) -> FitSettings:
    values = dict(content)
    values["stages"] = tuple(values["stages"])
    values["freezes"] = frozenset(Freeze.parse(text) for text in values["freezes"])
    values["refitted"] = tuple((int(start), int(stop)) for start, stop in values.get("refitted", ()))
    return FitSettings(**values)
