"""A result folder: the motion for others to read, and all stages to look at the fit or take it up again.

    result.npz         AMASS layout in the world frame (z up); contacts, joints, floor, camera
    observations.npz   what was fitted
    stages/KEY.npz     each stage exactly, in the frame of the observations
    report.json        settings, versions, hashes, times, losses, diagnostics, metrics
    log.txt
    underway.npz       of a fit that was cut off, or still runs: the last phase that ended of the stage it was in

It is written beside its place and renamed into it, so it appears complete or not at all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from motionfit.body.model import BodyModel, pose_skeleton
from motionfit.errors import InputError, MotionFitError, OutputError
from motionfit.files.amass import amass_arrays
from motionfit.files.atomic import atomic_folder, output_errors, recover_folder
from motionfit.files.cameras import camera_arrays
from motionfit.files.frames import transform_floor, transform_motion
from motionfit.files.npz import Arrays, array_of, read_npz, save_arrays
from motionfit.files.observation_archive import read_observations, write_observations
from motionfit.files.report import Report, build_report, settings_from_json
from motionfit.files.stage_archive import stage_arrays, stage_from_arrays
from motionfit.files.underway_archive import read_underway, write_underway
from motionfit.geometry.planes import RigidTransform, world_from_floor
from motionfit.motion import Camera, Floor, Motion
from motionfit.pipeline.result import FitResult, StageResult
from motionfit.pipeline.stages import STAGE_TITLES

RESULT_FILE = "result.npz"
REPORT_FILE = "report.json"
LOG_FILE = "log.txt"
_OBSERVATIONS_FILE = "observations.npz"
_STAGES = "stages"
_DIAGNOSTIC = "diagnostic_"
_NEARLY_UP = 0.9


def write_result(
    folder: Path,
    result: FitResult,
    body: BodyModel,
    metrics: Mapping[str, float] | None = None,
    log: str = "",
    finished: Sequence[str] | None = None,
) -> Report:
    """Write a result folder; an earlier result there is replaced.

    Args:
        folder: The folder; made if needed.
        result: The fit.
        body: That was fitted.
        metrics: For the report.
        log: Content of log.txt.
        finished: Keys of the stages that ran to their end; by default all (all but the last if cancelled).

    Returns:
        The report as written.

    Raises:
        OutputError: The place is not writable, the disk is full, or the folder holds other files.
    """
    check_output_folder(folder)
    done = _finished(result) if finished is None else tuple(finished)
    report = build_report(result, done, metrics)
    with atomic_folder(folder) as temporary:
        (temporary / _STAGES).mkdir()
        for key, stage in result.stages.items():
            save_arrays(temporary / _STAGES / f"{key}.npz", stage_arrays(stage))
        write_observations(temporary / _OBSERVATIONS_FILE, result.observations)
        save_arrays(temporary / RESULT_FILE, result_arrays(result, body))
        (temporary / LOG_FILE).write_text(log, encoding="utf-8")
        if result.underway is not None:
            write_underway(temporary, result.underway)
        text = json.dumps(report, indent=1, ensure_ascii=False, allow_nan=False)
        (temporary / REPORT_FILE).write_text(text + "\n", encoding="utf-8")
    return report


def check_output_folder(folder: Path) -> None:
    """See before a fit that its result can be written.

    Raises:
        OutputError: The place is a file, holds something else than a result, or is not writable.
    """
    with output_errors(folder):
        recover_folder(folder)
        if folder.exists() and not folder.is_dir():
            raise OutputError(f"{folder} is a file, not a folder.", "Choose another place with -o.")
        if folder.is_dir() and any(folder.iterdir()) and not _looks_like_result(folder):
            raise OutputError(
                f"{folder} holds files that are no result of a fit; they would be replaced.",
                "Choose an empty or new folder with -o.",
            )
        folder.absolute().parent.mkdir(parents=True, exist_ok=True)
        probe = folder.absolute().parent / f".{folder.name}.probe"
        probe.touch()
        probe.unlink()


def has_result(folder: Path) -> bool:
    """Whether a folder holds a result that was written to its end."""
    recover_folder(folder)
    return (folder / REPORT_FILE).is_file()


def _looks_like_result(folder: Path) -> bool:
    return (folder / REPORT_FILE).is_file() or (folder / _STAGES).is_dir()


def _finished(result: FitResult) -> tuple[str, ...]:
    keys = tuple(result.stages)
    return keys if not result.cancelled else keys[:-1]


def world_from_observed(result: FitResult, stage: StageResult | None = None) -> RigidTransform:
    """World frame (z up) from the frame of the observations: by the floor for 2D data, else the identity.

    The world of a camera's trajectory stays as it is where its z is (nearly) up.
    """
    stage = result.final if stage is None else stage
    if not _is_world(result, stage):
        return world_from_floor(stage.floor)
    like = stage.motion.translation
    return RigidTransform(torch.eye(3, dtype=like.dtype, device=like.device), torch.zeros_like(like[0]))


def world_motion(result: FitResult, body: BodyModel, stage: StageResult | None = None) -> tuple[Motion, Floor]:
    """A stage's motion (by default the last's) and floor in the world frame, z up."""
    stage = result.final if stage is None else stage
    if _is_world(result, stage):
        return stage.motion, stage.floor
    transform = world_from_observed(result, stage)
    body = body.to(stage.motion.translation.device, stage.motion.translation.dtype)
    return transform_motion(stage.motion, body, transform), transform_floor(stage.floor, transform)


def result_arrays(result: FitResult, body: BodyModel) -> Arrays:
    """The arrays of result.npz.

    Those of AMASS, and: contacts (T, 22) probabilities (NaN where no stage tells them), joints (T, 22, 3) m,
    floor (4,) normal and offset, `diagnostic_NAME` (T,), and times (T,) s where the clip has them. For 2D data also
    camera_rotation (T, 3, 3) and camera_translation (T, 3) (camera from world), intrinsics and image_size.
    """
    motion, floor = world_motion(result, body)
    body = body.to(motion.translation.device, motion.translation.dtype)
    rest = body.rest_joints(motion.betas)
    joints = pose_skeleton(rest, motion.translation, motion.root_orientation, motion.body_pose).joints
    contacts = motion.contacts if motion.contacts is not None else torch.full((motion.frames, 22), torch.nan)
    arrays = amass_arrays(motion)
    arrays["contacts"] = array_of(contacts).astype(np.float32)
    arrays["joints"] = array_of(joints).astype(np.float32)
    arrays["floor"] = np.append(array_of(floor.normal), array_of(floor.offset)).astype(np.float32)
    camera = result.observations.camera
    if camera is not None and result.observations.in_camera_frame:
        arrays |= camera_arrays(_carried(camera, world_from_observed(result).inverse(), motion.frames))
    if result.observations.times is not None:
        arrays["times"] = array_of(result.observations.times)
    arrays.update({_DIAGNOSTIC + name: array_of(values) for name, values in result.diagnostics.items()})
    return arrays


def _is_world(result: FitResult, stage: StageResult) -> bool:
    """Whether the frame of the observations is a world with z up."""
    if result.observations.has_trajectory:
        return float(stage.floor.normal[2]) > _NEARLY_UP
    return not result.observations.in_camera_frame


def _carried(camera: Camera, observed_from_world: RigidTransform, frames: int) -> Camera:
    """The camera of each frame, from the world."""
    turn, shift = observed_from_world.rotation, observed_from_world.translation
    if camera.rotation is None or camera.translation is None:
        return replace(camera, rotation=turn.repeat(frames, 1, 1), translation=shift.repeat(frames, 1))
    return replace(camera, rotation=camera.rotation @ turn, translation=camera.rotation @ shift + camera.translation)


def read_report(folder: Path) -> Report:
    """The report of a result folder.

    Raises:
        OutputError: There is no result, or it was not written to its end.
    """
    recover_folder(folder)
    if not folder.is_dir():
        raise OutputError(f"There is no result folder {folder}.", "Run `motionfit fit INPUT -o DIR` first.")
    file = folder / REPORT_FILE
    if not file.is_file():
        what = "is half-written" if _looks_like_result(folder) else "holds no result"
        raise OutputError(f"{folder} {what}: it has no {REPORT_FILE}.", "Run `motionfit fit` again.")
    try:
        report = json.loads(file.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise _damaged(file, str(error)) from error
    if not isinstance(report, dict) or "settings" not in report:
        raise _damaged(file, "it has no settings")
    return report


def read_result(folder: Path) -> FitResult:
    """Read a result folder; the inverse of `write_result`.

    Raises:
        OutputError: There is no result, it was not written to its end, or a file is damaged.
    """
    report = read_report(folder)
    try:
        stages = {key: _read_stage(folder, key) for key in STAGE_TITLES if key in report["stages"]}
        arrays = read_npz(folder / RESULT_FILE)
        diagnostics = {
            name.removeprefix(_DIAGNOSTIC): torch.from_numpy(values)
            for name, values in arrays.items()
            if name.startswith(_DIAGNOSTIC)
        }
        return FitResult(
            observations=read_observations(folder / _OBSERVATIONS_FILE),
            settings=settings_from_json(report["settings"]),
            stages=stages,
            windows=tuple((int(start), int(stop)) for start, stop in report["windows"]),
            body_hash=str(report["body_hash"]),
            priors_hash=str(report["priors_hash"]),
            cancelled=bool(report["cancelled"]),
            diagnostics=diagnostics,
            warnings=tuple(report["warnings"]),
            underway=read_underway(folder),
            accelerated=bool(report.get("accelerated", False)),
            ground={name: float(value) for name, value in report.get("ground", {}).items() if value is not None},
        )
    except InputError as error:
        raise OutputError(error.message, "The result is damaged: run the fit again.") from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        if isinstance(error, MotionFitError):
            raise
        raise _damaged(folder / REPORT_FILE, f"{type(error).__name__}: {error}") from error


def _read_stage(folder: Path, key: str) -> StageResult:
    file = folder / _STAGES / f"{key}.npz"
    arrays = read_npz(file)
    try:
        return stage_from_arrays(arrays)
    except KeyError as error:
        raise _damaged(file, f"it has no {error}") from error


def _damaged(file: Path, why: str) -> OutputError:
    return OutputError(f"{file} is damaged: {why}.", "Run the fit again.")
