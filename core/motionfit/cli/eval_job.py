"""The comparison of a result with a known motion."""

from __future__ import annotations

import argparse
import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from motionfit.body.load import load_body
from motionfit.body.model import BodyModel
from motionfit.errors import InputError
from motionfit.files.amass import motion_from_arrays
from motionfit.files.frames import transform_floor, transform_motion
from motionfit.files.inputs import ClipInput, camera_pose
from motionfit.files.npz import read_npz
from motionfit.files.observations import read_observations
from motionfit.files.result import read_result, world_motion
from motionfit.geometry.cameras import first_frames
from motionfit.geometry.planes import world_floor
from motionfit.metrics import evaluate
from motionfit.metrics.alignment import align_over_floor
from motionfit.metrics.drift import joints_of
from motionfit.metrics.ground_measures import without_ground
from motionfit.metrics.score import score_frames
from motionfit.metrics.spans import score_summary
from motionfit.motion import Floor, Motion, Observations
from motionfit.pipeline.result import FitResult, StageResult

_logger = logging.getLogger(__name__)
_TOLERATED_FRAMES = 2


@dataclass(frozen=True)
class _Truth:
    motion: Motion
    floor: Floor
    is_in_observed_frame: bool


def evaluate_result(given: argparse.Namespace) -> dict[str, Any]:
    """Metrics of every stage.

    Returns:
        `metrics` of the last stage, `stages` (metrics by stage key), `score_mean` and `worst_spans` (where the result
        has diagnostics) and `warnings`.

    Raises:
        MotionFitError: A file cannot be read, or the truth is of another clip.
    """
    torch.set_num_threads(given.threads)
    result, body = read_result(given.result), load_body(given.body)
    warnings = []
    if result.body_hash != body.content_hash:
        warnings.append("The result was made with another body: errors of joints and mesh include the difference.")
    observed = result.observations if given.observed is None else read_observations(given.observed)
    truth = _read_truth(given.truth, result, body)
    frames = _common_frames(given, truth.motion.frames, observed.frames, result.final.motion.frames)
    if result.observations.in_camera_frame and not truth.is_in_observed_frame:
        warnings.append(
            "The truth does not say where the camera stood (camera_rotation, camera_translation): each stage is "
            "turned about the vertical and moved along the floor to lie best on it."
        )
    stages = {key: _metrics(result, stage, truth, observed, body, frames) for key, stage in result.stages.items()}
    if not result.on_ground:
        stages = {key: without_ground(found) for key, found in stages.items()}
    for warning in warnings:
        _logger.warning("%s", warning)
    scores = score_summary(score_frames(result.diagnostics)) if result.diagnostics else {}
    return {"metrics": stages[result.final.key], "stages": stages, **scores, "warnings": warnings}


def stage_metrics(result: FitResult, clip: ClipInput, body: BodyModel) -> dict[str, dict[str, float]]:
    """Metrics of every stage of a fit against the truth of its clip, where that is known."""
    stages = {
        key: evaluate(stage.motion, clip.truth, body, result.observations, stage.floor, clip.truth_floor)
        for key, stage in result.stages.items()
    }
    return stages if result.on_ground else {key: without_ground(found) for key, found in stages.items()}


def _read_truth(path: Path, result: FitResult, body: BodyModel) -> _Truth:
    arrays = read_npz(path)
    motion = motion_from_arrays(arrays, path, result.final.motion.fps)
    if result.observations.has_trajectory:
        return _Truth(motion, world_floor(), True)
    if not (result.observations.in_camera_frame and "camera_rotation" in arrays):
        return _Truth(motion, world_floor(), False)
    camera = camera_pose(arrays, path)
    return _Truth(transform_motion(motion, body, camera), transform_floor(world_floor(), camera), True)


def _common_frames(given: argparse.Namespace, true: int, observed: int, found: int) -> int:
    if abs(true - found) > _TOLERATED_FRAMES:
        raise InputError(
            f"{given.truth} has {true} frames at the result's rate, and the result has {found}.",
            "Give the true motion of the same clip.",
        )
    if observed != found:
        raise InputError(
            f"{given.observed} has {observed} frames, and the result has {found}.",
            "Give the observations of the same clip.",
        )
    if min(true, found) < 3:
        raise InputError(f"{given.truth} has {true} frames; metrics need 3 or more.", "Give a longer motion.")
    return min(true, found)


def _metrics(
    result: FitResult,
    stage: StageResult,
    truth: _Truth,
    observed: Observations,
    body: BodyModel,
    frames: int,
) -> dict[str, float]:
    true = truth.motion.slice(0, frames)
    seen = _first_frames(observed, frames)
    if truth.is_in_observed_frame or not result.observations.in_camera_frame:
        return evaluate(stage.motion.slice(0, frames), true, body, seen, stage.floor, truth.floor)
    motion, floor = world_motion(result, body, stage)
    motion = motion.slice(0, frames)
    placed = transform_motion(motion, body, align_over_floor(joints_of(body, motion), joints_of(body, true)))
    found = evaluate(placed, true, body, None, floor, truth.floor)
    in_camera = evaluate(stage.motion.slice(0, frames), None, body, seen, stage.floor)
    return found | {name: value for name, value in in_camera.items() if name == "reprojection_px"}


def _first_frames(observed: Observations, count: int) -> Observations:
    def cut(values: Tensor | None) -> Tensor | None:
        return None if values is None else values[:count]

    return replace(
        observed,
        frames=count,
        joints3d=cut(observed.joints3d),
        joints3d_mask=cut(observed.joints3d_mask),
        keypoints3d=cut(observed.keypoints3d),
        points3d=cut(observed.points3d),
        points3d_mask=cut(observed.points3d_mask),
        keypoints3d_mask=cut(observed.keypoints3d_mask),
        keypoints2d=cut(observed.keypoints2d),
        times=cut(observed.times),
        camera=None if observed.camera is None else first_frames(observed.camera, count),
    )
