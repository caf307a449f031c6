"""Samples, reconstructions and interpolations of the priors, written to files."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import Any

import torch

from motionfit.body.load import load_body
from motionfit.body.model import BodyModel
from motionfit.errors import InputError, SettingsError
from motionfit.files.amass import read_amass, write_amass
from motionfit.files.demo import TRUTH_FILE, demo_path
from motionfit.motion import Motion
from motionfit.priors.checkpoints import load_motion_prior, load_pose_prior
from motionfit.priors.self_check import check_prior
from motionfit.render.png import write_png
from motionfit.training.evaluation_data import VALIDATION, read_evaluation_data
from motionfit.training.motion_samples import interpolate_motions, random_motions, reconstruct_motion
from motionfit.training.pose_samples import interpolate_poses, reconstruct_poses
from motionfit.training.samples import FPS, motion_of_clip, pose_sheet, random_poses, standing, write_film

_logger = logging.getLogger(__name__)

Report = dict[str, Any]

_POSES, _MOTIONS = 15, 4
_LEAST_FRAMES = 4
_LONGEST = 300.0


def sample_poses(given: argparse.Namespace) -> Report:
    """Write poses, a pose per frame, and pictures of them.

    Returns:
        `files`, `errors` (of a reconstruction) and `warnings`.

    Raises:
        MotionFitError: A file cannot be read or written, or the mode needs other motions.
    """
    torch.set_num_threads(given.threads)
    _check_sources(given, {"random": (0,), "reconstruct": (1,), "interpolate": (1, 2)}[given.mode])
    body, prior = load_body(given.body), load_pose_prior(given.checkpoint)
    warnings = _warnings(prior, given)
    sources = [read_amass(path) for path in given.sources]
    count = _POSES if given.count is None else given.count
    if given.mode == "reconstruct":
        rebuilt, errors = reconstruct_poses(prior, sources[0].body_pose, body)
        pair = {"given": standing(sources[0].body_pose, body), "rebuilt": standing(rebuilt, body)}
        return {"files": _write_motions(given.output, pair, body), "errors": errors, "warnings": warnings}
    if given.mode == "interpolate":
        poses = interpolate_poses(prior, sources[0].body_pose[0], _other_end(sources).body_pose[-1], count)
    else:
        poses = random_poses(prior, count, given.seed)
    arrays, picture = given.output / "poses.npz", given.output / "poses.png"
    write_amass(arrays, standing(poses, body))
    write_png(picture, pose_sheet(poses, body))
    return {"files": [str(arrays), str(picture)], "errors": {}, "warnings": warnings}


def sample_motions(given: argparse.Namespace) -> Report:
    """Write motions and a film of them side by side.

    Returns:
        See `sample_poses`.

    Raises:
        MotionFitError: A file cannot be read or written, a motion is too short, or the mode needs other motions.
    """
    torch.set_num_threads(given.threads)
    if not 1.0 / FPS <= given.seconds <= _LONGEST:
        raise SettingsError(f"--seconds {given.seconds:g} is not between one frame and five minutes.", "Try 5.")
    steps = round(given.seconds * FPS)
    _check_sources(given, {"random": None, "reconstruct": (1,), "interpolate": (2,)}[given.mode])
    body, prior = load_body(given.body), load_motion_prior(given.checkpoint)
    warnings = _warnings(prior, given)
    count = _MOTIONS if given.count is None else given.count
    errors: dict[str, float] = {}
    if given.mode == "random":
        sources = _initial_motions(given.sources, body)
        found = random_motions(prior, sources, body, count, steps, given.seed)
        motions = {f"motion_{place:03d}": motion for place, motion in enumerate(found)}
    elif given.mode == "reconstruct":
        reconstruction = reconstruct_motion(prior, _read_motion(given.sources[0]).slice(0, steps + 3), body)
        motions = {"given": reconstruction.given, "rebuilt": reconstruction.rebuilt}
        errors = reconstruction.errors
    else:
        first, second = (_read_motion(path).slice(0, steps + 3) for path in given.sources)
        found = interpolate_motions(prior, first, second, body, max(2, count))
        motions = {f"motion_{place:03d}": motion for place, motion in enumerate(found)}
    return {"files": _write_motions(given.output, motions, body), "errors": errors, "warnings": warnings}


def _check_sources(given: argparse.Namespace, wanted: tuple[int, ...] | None) -> None:
    if wanted is not None and len(given.sources) not in wanted:
        numbers = " or ".join(map(str, wanted))
        raise SettingsError(
            f"--mode {given.mode} of a {given.kind} needs {numbers} motions, and --from names {len(given.sources)}.",
            "Name motions in the AMASS layout with --from." if max(wanted) else "Leave --from out.",
        )


def _initial_motions(paths: list[Path], body: BodyModel) -> list[Motion]:
    """The motions whose frames random motion may start at."""
    if not paths:
        return [read_amass(demo_path() / TRUTH_FILE)]
    found: list[Motion] = []
    for path in paths:
        if path.is_dir():
            found += [motion_of_clip(clip, body) for clip in read_evaluation_data(path, body).flat(VALIDATION)]
        else:
            found.append(_read_motion(path))
    return found


def _read_motion(path: Path) -> Motion:
    motion = read_amass(path)
    if motion.frames < _LEAST_FRAMES:
        raise InputError(
            f"{path} has {motion.frames} frames at {FPS:g} per second; {_LEAST_FRAMES} are needed.",
            "Give a longer motion.",
        )
    return motion


def _other_end(sources: list[Motion]) -> Motion:
    """The motion whose last frame is the end: of two the second's first frame."""
    return sources[0] if len(sources) == 1 else sources[1].slice(0, 1)


def _write_motions(folder: Path, motions: dict[str, Motion], body: BodyModel) -> list[str]:
    paths = [folder / f"{name}.npz" for name in motions]
    for path, motion in zip(paths, motions.values(), strict=True):
        write_amass(path, motion)
    film = folder / "motions.mp4"
    write_film(list(motions.values()), body, film)
    return [str(path) for path in (*paths, film)]


def _warnings(prior: torch.nn.Module, given: argparse.Namespace) -> list[str]:
    check = check_prior(prior)
    if check.passed:
        return []
    warning = f"{given.checkpoint} behaves like an untrained model: {check.measure} is {check.value:.3g}."
    _logger.warning("%s", warning)
    return [warning]
