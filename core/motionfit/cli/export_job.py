"""What `motionfit export` writes: a stage of a result, or a motion file."""

from __future__ import annotations

from pathlib import Path

from motionfit.body.load import load_body
from motionfit.body.model import BodyModel
from motionfit.errors import BodyError, InputError, SettingsError
from motionfit.export.clip import ExportClip, clip_of_result
from motionfit.files.amass import read_amass
from motionfit.files.result import read_report, read_result


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
    return clip_of_result(source.resolve().name, result, body, report, stage, video)


def _of_motion(source: Path, body: BodyModel, stage: str | None, video: Path | None) -> ExportClip:
    if stage is not None or video is not None:
        option = "--stage" if stage is not None else "--video"
        raise SettingsError(f"{option} is for results, and {source} is a motion.", f"Leave {option} out.")
    return ExportClip(source.stem, read_amass(source, fps=None), body)
