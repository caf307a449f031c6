"""A fit from input to result folder, with what is done kept after every phase."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from motionfit.body.load import load_body
from motionfit.body.model import BodyModel
from motionfit.cli.console import LogLines, keep_log
from motionfit.cli.progress import FitMonitor
from motionfit.cli.refit_job import read_finished, refit_clip
from motionfit.cli.resume import earlier_fit, unfinished
from motionfit.errors import OutputError
from motionfit.files.given_floor import given_floor, roughly_up
from motionfit.files.inputs import ClipInput, read_input
from motionfit.files.report import Report, without_histories
from motionfit.files.result import check_output_folder, read_report, write_result
from motionfit.files.underway_archive import write_underway
from motionfit.metrics import evaluate
from motionfit.metrics.ground_measures import without_ground
from motionfit.pipeline.result import FitResult, StageResult, Underway
from motionfit.pipeline.settings import NO_ACCELERATION, FitSettings, load_preset
from motionfit.pipeline.stages import OPTIMISED_STAGES, STAGE_TITLES
from motionfit.priors.checkpoints import Priors, load_priors
from motionfit.reference.choose import fit

_logger = logging.getLogger(__name__)
_PRESETS = {"joints3d": "joints3d", "keypoints3d": "keypoints3d", "points3d": "points3d", "keypoints2d": "video"}


@dataclass(frozen=True)
class FitRequest:
    """What to fit and where to put it.

    Attributes:
        input: Of `read_input`.
        output: Result folder.
        keypoints: Of a video.
        person: Of several.
        simulate: How to degrade a known motion.
        asf: Skeleton of an .amc.
        camera: File of the camera of 2D keypoints.
        height: Of the person, metres.
        resume: Keep the finished stages of the result in `output`.
        floor: Given by hand: n and d.
        frames: Fit only this range anew: its first frame and the one after its last.
        earlier: Of the result folder with the finished fit of which the range is; None = `output`.
        may_differ: With `resume`: a result of another input, body, prior or other settings is replaced, not refused.
    """

    input: Path
    output: Path
    keypoints: Path | None = None
    person: int | None = None
    simulate: str | None = None
    asf: Path | None = None
    camera: Path | None = None
    height: float | None = None
    resume: bool = False
    floor: tuple[float, ...] | None = None
    frames: tuple[int, int] | None = None
    earlier: Path | None = None
    may_differ: bool = False


@dataclass(frozen=True)
class FitOutcome:
    """What came of it.

    Attributes:
        code: Exit code: 0, or 130 when it was stopped.
        name: Of the clip.
        metrics: Of the last stage.
        sentence: For people.
        report: For --json.
        clip: What was fitted.
        result: All stages.
        body: That was fitted.
        is_new: False where the result was there already.
    """

    code: int
    name: str
    metrics: Mapping[str, float]
    sentence: str
    report: Report
    clip: ClipInput
    result: FitResult
    body: BodyModel
    is_new: bool


def run_fit(given: argparse.Namespace, request: FitRequest) -> FitOutcome:
    """Fit a clip and write the result folder.

    Raises:
        MotionFitError: Of any kind; nothing half-written is left.
    """
    torch.set_num_threads(given.threads)
    lines = keep_log()
    check_output_folder(request.output)
    body = load_body(given.body)
    priors = load_priors(given.pose_prior, given.motion_prior, given.initial_state)
    clip = read_input(
        request.input,
        request.keypoints,
        request.simulate,
        request.person,
        given.seed,
        body,
        request.asf,
        request.camera,
    )
    if request.height is not None:
        clip = replace(clip, observations=replace(clip.observations, height=request.height))
    if request.floor is not None:
        clip = with_floor(clip, request.floor)
    for warning in clip.observations.warnings:
        _logger.warning("%s", warning)
    if request.frames is not None:
        return _refit(given, request, request.frames, clip, body, priors, lines)
    settings = settings_for(given, clip)
    previous = _earlier_fit(request, clip, settings, body, priors)
    left = settings.stages if previous is None else unfinished(request.output, settings)
    if previous is not None and not left:
        return _nothing_to_do(request, clip, previous, body)
    if settings.method == "reference":
        left = settings.stages  # it has no way to go on in the middle
    result = _fit(given, request, clip, body, priors, settings, left, previous, lines)
    return _written(request, clip, result, body, lines)


def _earlier_fit(
    request: FitRequest, clip: ClipInput, settings: FitSettings, body: BodyModel, priors: Priors
) -> FitResult | None:
    if not request.resume:
        return None
    try:
        return earlier_fit(request.output, clip, settings, body, priors)
    except OutputError as error:
        if not request.may_differ:
            raise
        _logger.info("%s Fitting anew.", error.message)
        return None


def with_floor(clip: ClipInput, plane: tuple[float, ...]) -> ClipInput:
    """The clip with a floor that was given by hand.

    Raises:
        InputError: It is no floor.
    """
    floor = given_floor(np.array(plane), roughly_up(clip.observations), "--floor")
    return replace(clip, observations=replace(clip.observations, floor=floor, floor_is_given=True))


def settings_for(given: argparse.Namespace, clip: ClipInput, earlier: FitSettings | None = None) -> FitSettings:
    """The preset with the options of the command line.

    Args:
        given: The options.
        clip: Where no preset is given, it follows the kind of its observations.
        earlier: To start from where no preset is given.
    """
    settings = load_preset(given.preset or _PRESETS[clip.observations.kind])
    if earlier is not None and given.preset is None:
        settings = replace(earlier, stages=OPTIMISED_STAGES)
    return replace(
        settings,
        stages=given.stages or settings.stages,
        freezes=frozenset(given.freeze) | settings.freezes,
        window=given.window or settings.window,
        overlap=settings.overlap if given.overlap is None else given.overlap,
        window_batch=given.window_batch or settings.window_batch,
        device=given.device,
        threads=given.threads,
        seed=given.seed,
        acceleration=NO_ACCELERATION if given.no_acceleration else settings.acceleration,
        ground=given.ground or settings.ground,
        contacts=(*settings.contacts, *given.contact),
    )


def _fit(
    given: argparse.Namespace,
    request: FitRequest,
    clip: ClipInput,
    body: BodyModel,
    priors: Priors,
    settings: FitSettings,
    left: tuple[str, ...],
    previous: FitResult | None,
    lines: LogLines,
) -> FitResult:
    """Run the stages that are left; what is finished is written after each of them, and after each of their phases."""
    _logger.info("Fitting %s: %d frames of %s", clip.name, clip.observations.frames, clip.observations.kind)

    def keep(stages: Mapping[str, StageResult]) -> None:
        partial = FitResult(clip.observations, settings, dict(stages), (), body.content_hash, priors.hash, True, {})
        write_result(request.output, partial, body, log=lines.text, finished=tuple(stages))

    def keep_underway(underway: Underway) -> None:
        write_underway(request.output, underway)

    with FitMonitor(given, keep, keep_underway) as monitor:
        result = fit(clip.observations, body, priors, replace(settings, stages=left), monitor, previous)
    return replace(result, settings=replace(result.settings, stages=settings.stages))


def _refit(
    given: argparse.Namespace,
    request: FitRequest,
    frames: tuple[int, int],
    clip: ClipInput,
    body: BodyModel,
    priors: Priors,
    lines: LogLines,
) -> FitOutcome:
    """Fit a range of a finished fit anew; a fit that is stopped leaves the folder as it was."""
    folder = request.earlier or request.output
    earlier = read_finished(folder, clip.observations)
    settings = settings_for(given, clip, earlier.settings)
    result = refit_clip(given, frames, earlier, clip, body, priors, settings)
    if not result.cancelled:
        return _written(request, clip, result, body, lines)
    report = without_histories(read_report(folder))
    sentence = f"Stopped; nothing was written, and the result in {folder} is as it was."
    return FitOutcome(130, clip.name, {}, sentence, report, clip, earlier, body, is_new=False)


def metrics_of(result: FitResult, stage: StageResult, clip: ClipInput, body: BodyModel) -> dict[str, float]:
    """All metrics of a stage, against the truth where it is known."""
    motion = stage.motion.to("cpu")
    found = evaluate(motion, clip.truth, body, result.observations, stage.floor, clip.truth_floor)
    return found if result.on_ground else without_ground(found)


def _written(request: FitRequest, clip: ClipInput, result: FitResult, body: BodyModel, lines: LogLines) -> FitOutcome:
    for warning in result.warnings[len(clip.observations.warnings) :]:
        _logger.warning("%s", warning)
    metrics = metrics_of(result, result.final, clip, body)
    _logger.info("Stage %s: %s", STAGE_TITLES[result.final.key], result.final.status)
    for warning in result.warnings[len(result.observations.warnings) :]:
        _logger.warning("%s", warning)
    report = write_result(request.output, result, body, metrics, lines.text)
    seconds = sum(stage.seconds for stage in result.stages.values())
    sentence = (
        f"Stopped after {seconds:.1f} s; what is done is in {request.output} (go on with --resume)."
        if result.cancelled
        else f"Fitted {clip.name} in {seconds:.1f} s; the result is in {request.output}."
    )
    code = 130 if result.cancelled else 0
    return FitOutcome(code, clip.name, metrics, sentence, without_histories(report), clip, result, body, is_new=True)


def _nothing_to_do(request: FitRequest, clip: ClipInput, previous: FitResult, body: BodyModel) -> FitOutcome:
    report = read_report(request.output)
    if report.get("cancelled"):
        raise OutputError(f"{request.output} is marked as stopped but lacks no stage.", "Fit without --resume.")
    sentence = f"{clip.name} is fitted already; the result is in {request.output}."
    metrics = {name: value for name, value in report["metrics"].items() if value is not None}
    return FitOutcome(0, clip.name, metrics, sentence, without_histories(report), clip, previous, body, is_new=False)
