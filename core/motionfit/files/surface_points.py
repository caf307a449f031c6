"""Unordered surface points as files hold them, (N, 3) with the frame of each, and as fits take them, frame by frame."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from motionfit.errors import InputError
from motionfit.files.npz import Arrays

MOST_POINTS = 500
"""Of a frame; more hardly make a fit better, only slower."""

_SEED = 0


def by_frame(
    points: np.ndarray, frame: np.ndarray, frames: int
) -> tuple[Float[Tensor, "frames points 3"], Bool[Tensor, "frames points"]]:
    """The points of each frame in their order, filled up with zeros, and where there are points."""
    order = np.argsort(frame, kind="stable")
    place = _places(frame, order, frames)
    most = int(place.max(initial=0)) + 1
    padded, mask = np.zeros((frames, most, 3), np.float32), np.zeros((frames, most), np.bool_)
    padded[frame[order], place], mask[frame[order], place] = points[order], True
    return torch.from_numpy(padded), torch.from_numpy(mask)


def read_points(arrays: Arrays, frames: int, path: Path) -> tuple[tuple[Tensor, Tensor], list[str]]:
    """The points of `points3d` and `points3d_frame` by frame, and warnings; points that hold NaN are left out.

    Frames with more than `MOST_POINTS` points keep that many, drawn with a fixed seed.

    Raises:
        InputError: Shapes are wrong, or frames lie outside the clip.
    """
    points, frame = np.asarray(arrays["points3d"], np.float64), _point_frames(arrays, path)
    if frame.size and frame.max() >= frames:
        raise InputError(
            f"{path}: points3d_frame goes up to {frame.max()}, and the clip has {frames} frames.",
            "Frames count from 0.",
        )
    if np.isinf(points).any():
        raise InputError(f"{path}: points3d holds infinite numbers.", "Leave missing points out.")
    seen = np.isfinite(points).all(-1)
    points, frame = points[seen], frame[seen]
    kept = _thinned(frame, frames)
    warnings = []
    if len(kept) < len(frame):
        most = int(np.bincount(frame).max())
        warnings.append(f"points3d has up to {most} points a frame; of each, {MOST_POINTS} drawn at random are used.")
    return by_frame(points[kept], frame[kept], frames), warnings


def point_count(arrays: Arrays, path: Path) -> int:
    """The number of frames of a clip that holds nothing but points: of its time stamps, or as far as points go.

    Raises:
        InputError: As `read_points`.
    """
    if "times" in arrays:
        return int(np.asarray(arrays["times"]).size)
    if "frames" in arrays:
        return int(np.asarray(arrays["frames"]))
    return int(_point_frames(arrays, path).max(initial=-1)) + 1


def _point_frames(arrays: Arrays, path: Path) -> np.ndarray:
    points = arrays["points3d"]
    if points.ndim != 2 or points.shape[1] != 3 or not np.issubdtype(points.dtype, np.number):
        raise InputError(f"{path}: points3d has the shape {points.shape}, not (points, 3) numbers.")
    if "points3d_frame" not in arrays:
        raise InputError(f"{path}: points3d comes without points3d_frame.", "Give the frame of each point, from 0 on.")
    frame = np.asarray(arrays["points3d_frame"])
    if frame.shape != points.shape[:1] or not np.issubdtype(frame.dtype, np.integer):
        raise InputError(
            f"{path}: points3d_frame has the shape {frame.shape} of {frame.dtype}; there are {len(points)} points.",
            "Give an integer for each point.",
        )
    if frame.size and frame.min() < 0:
        raise InputError(f"{path}: points3d_frame holds {frame.min()}; frames count from 0.")
    return frame


def _thinned(frame: np.ndarray, frames: int) -> np.ndarray:
    """Indices of at most so many points of each frame, in their order."""
    shuffled = np.random.default_rng(_SEED).permutation(len(frame))
    order = shuffled[np.argsort(frame[shuffled], kind="stable")]
    return np.sort(order[_places(frame, order, frames) < MOST_POINTS])


def _places(frame: np.ndarray, order: np.ndarray, frames: int) -> np.ndarray:
    """The how-manieth of its frame each point is, for points in an order that rises by frame."""
    firsts = np.concatenate([[0], np.cumsum(np.bincount(frame, minlength=frames))])
    return np.asarray(np.arange(len(order)) - firsts[frame[order]])
