"""What `motionfit export` writes: a stage of a result, or a motion file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from motionfit.body.load import load_body
from motionfit.body.model import BodyModel
from motionfit.errors import BodyError, InputError, SettingsError, require_one_of
from motionfit.export.clip import ExportClip
from motionfit.files.amass import read_amass
from motionfit.files.result import read_report, read_result, world_motion
from motionfit.pipeline.result import FitResult


def clip_to_export(
    source: Path, body_file: Path | None, stage: str | None, frames: tuple[int, int] | None, video: Path | None
) -> ExportClip:
    """Read what is to be written.

    Args:
        source: Result folder or AMASS npz.
        body_file: None = the default body.
        stage: Of a result; None = the last.
        frames: First, and last plus one; None = all.
        video: That was fitted.

    Raises:
        InputError: The file cannot be read.
        OutputError: The folder holds no complete result.
        SettingsError: There is no such stage, or there are no such frames.
        BodyError: The result was fitted with another body.
    """
    if not source.exists():
        raise InputError(f"There is no {source}.", "Give a result folder or an AMASS npz.")
    body = load_body(body_file)
    clip = _of_result(source, body, stage, video) if source.is_dir() else _of_motion(source, body, stage, video)
    if frames is None:
        return clip
    start, stop = frames
    if stop > clip.motion.frames:
        raise SettingsError(
            f"--frames {start}:{stop} goes beyond the {clip.motion.frames} frames of {source}.",
            "Frames count from 0, and the last one is not included.",
        )
    return ExportClip(clip.name, clip.motion.slice(start, stop), body, clip.result, clip.report, clip.video, start)


def _of_result(source: Path, body: BodyModel, stage: str | None, video: Path | None) -> ExportClip:
    result, report = read_result(source), read_report(source)
    if result.body_hash != body.content_hash:
        raise BodyError(f"{source} was fitted with another body than this.", "Give its file with --body.")
    if stage is not None:
        result = _up_to(result, stage)
    motion, _ = world_motion(result, body)
    return ExportClip(source.resolve().name, motion.to("cpu"), body, result, report, video)


def _of_motion(source: Path, body: BodyModel, stage: str | None, video: Path | None) -> ExportClip:
    if stage is not None or video is not None:
        option = "--stage" if stage is not None else "--video"
        raise SettingsError(f"{option} is for results, and {source} is a motion.", f"Leave {option} out.")
    return ExportClip(source.stem, read_amass(source, fps=None), body)


def _up_to(result: FitResult, stage: str) -> FitResult:
    """The result as it was after a stage; the per-frame measures are of the last one only."""
    require_one_of(stage, result.stages, "stage of this result")
    keys = list(result.stages)
    if stage == keys[-1]:
        return result
    kept = {key: result.stages[key] for key in keys[: keys.index(stage) + 1]}
    return replace(result, stages=kept, diagnostics={})
