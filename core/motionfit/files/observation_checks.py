"""What makes no sense in observations, each told in a sentence that names the key and what was found."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from motionfit.errors import InputError
from motionfit.files.npz import Arrays
from motionfit.pipeline.timeline import check_times

_LARGEST_BODY = 10.0
_SMALLEST_BODY = 0.3
_FARTHEST = 10_000.0


def frame_times(arrays: Arrays, frames: int, path: Path) -> tuple[float, Tensor | None]:
    """Frames per second, from `fps` or (on average) from `times`, and these where they are given.

    Raises:
        InputError: Neither is there, the rate is not positive, or the times make no sense.
    """
    if "times" in arrays:
        times = np.asarray(arrays["times"])
        if times.shape != (frames,) or not np.issubdtype(times.dtype, np.number):
            raise InputError(f"{path}: times has the shape {times.shape}, and there are {frames} frames.")
        stamps = torch.from_numpy(times.astype(np.float64))
        try:
            check_times(stamps, frames)
        except InputError as error:
            raise InputError(f"{path}: {error.message}", error.hint) from None
        return (frames - 1) / float(stamps[-1] - stamps[0]), stamps
    if "fps" not in arrays:
        raise InputError(f"{path} has neither fps nor times.", "Add fps (frames per second) or times (seconds).")
    given = np.asarray(arrays["fps"])
    if given.size != 1:
        raise InputError(f"{path}: fps has the shape {given.shape}, not a single number.")
    fps = float(given.reshape(-1)[0])
    if not np.isfinite(fps) or fps <= 0:
        raise InputError(f"{path}: fps is {fps:g}; it must be above 0.", "Give frames per second.")
    return fps, None


def check_3d(points: np.ndarray, key: str, path: Path) -> list[str]:
    """Check the size and place of 3D points (T, P, 3), NaN = not observed.

    Returns:
        Warnings.

    Raises:
        InputError: There are infinite numbers, or the unit cannot be metres.
    """
    if np.isinf(points).any():
        raise InputError(f"{path}: {key} holds infinite numbers.", "Mark what is missing with NaN.")
    seen = np.asarray(np.isfinite(points).all(-1))
    enough = seen.sum(1) >= 5
    farthest = float(np.median(np.abs(points[seen]).max(-1))) if seen.any() else 0.0
    if enough.any():
        clean = np.where(seen[..., None], points, np.nan)[enough]
        spans = (np.nanmax(clean, 1) - np.nanmin(clean, 1)).max(-1)
        span = float(np.median(spans))
        if span > _LARGEST_BODY:
            unit = "millimetres" if span > 500 else "centimetres" if span > 50 else "another unit"
            raise InputError(
                f"{path}: the person in {key} measures {span:,.0f} m; the numbers look like {unit}.",
                f"Give {key} in metres" + (" (divide by 1000)." if unit == "millimetres" else "."),
            )
        if span < _SMALLEST_BODY and seen.sum(1).max() > 10:
            return [f"The person in {key} measures {span:.3f} m; is it in metres?"]
    if farthest > _FARTHEST:
        raise InputError(
            f"{path}: {key} has coordinates up to {farthest:,.0f} m; the numbers look like millimetres.",
            f"Give {key} in metres, near the origin.",
        )
    return []


def check_2d(keypoints: np.ndarray, image_size: tuple[int, int], path: Path) -> list[str]:
    """Check 2D keypoints (T, 25, 3) against the image.

    Returns:
        Warnings.

    Raises:
        InputError: Keypoints are normalised to 0–1, infinite, or their confidences are no such thing.
    """
    if np.isinf(keypoints).any():
        raise InputError(f"{path}: keypoints2d holds infinite numbers.", "Mark what is missing with NaN.")
    seen = np.isfinite(keypoints).all(-1) & (keypoints[..., 2] > 0)
    points, confidence = keypoints[seen][:, :2], keypoints[seen][:, 2]
    if points.shape[0] == 0:
        return []
    if float(np.abs(points).max()) <= 2.0 and max(image_size) > 20:
        raise InputError(
            f"{path}: keypoints2d lies between {points.min():.2f} and {points.max():.2f}; "
            "it is normalised, not in pixels.",
            "Multiply x by the image width and y by its height (OpenPose: --keypoint_scale 0).",
        )
    if confidence.max() > 1.5:
        raise InputError(
            f"{path}: the confidence in keypoints2d goes up to {confidence.max():g}; it must lie in 0..1.",
            "The third number of each keypoint is its confidence.",
        )
    size = np.array(image_size, np.float64)
    outside = float(((points < -0.1 * size) | (points > 1.1 * size)).any(-1).mean())
    if outside > 0.5:
        return [
            f"{outside:.0%} of the keypoints lie outside the image of {image_size[0]}×{image_size[1]}: "
            "is image_size right?"
        ]
    return []


def check_intrinsics(intrinsics: np.ndarray, image_size: tuple[int, int], frames: int, path: Path) -> np.ndarray:
    """One (3, 3) matrix of intrinsics in pixels, or one of each frame where they change.

    Raises:
        InputError: The shape is wrong, or they are not in pixels.
    """
    matrix = np.asarray(intrinsics, np.float64)
    if matrix.shape not in ((3, 3), (frames, 3, 3)):
        raise InputError(
            f"{path}: intrinsics has the shape {matrix.shape}, not (3, 3) or one of each frame ({frames}, 3, 3)."
        )
    focal = matrix[..., [0, 1], [0, 1]].reshape(-1, 2)
    if not np.isfinite(matrix).all() or (focal <= 0).any():
        raise InputError(f"{path}: the focal length in intrinsics is not positive.", "Give it in pixels.")
    if focal[:, 0].min() < 0.05 * max(image_size):
        raise InputError(
            f"{path}: the focal length is {focal[:, 0].min():g} px for an image {max(image_size)} px long; "
            "it may be normalised or in millimetres.",
            "Give intrinsics in pixels.",
        )
    same = matrix.ndim == 3 and bool((matrix == matrix[:1]).all())
    return matrix[0] if same else matrix


def check_something_observed(masks: Sequence[Tensor], path: Path) -> None:
    """See that something was observed at all, in two frames at least.

    Raises:
        InputError: Everything is NaN or has confidence 0, or only a single frame was observed.
    """
    frames = [mask.flatten(1).any(1) for mask in masks]
    count = max(int(frame.sum()) for frame in frames)
    if count == 0:
        raise InputError(
            f"{path}: nothing was observed: every point is NaN or has confidence 0.",
            "Check how the file was made.",
        )
    if count < 2:
        raise InputError(f"{path}: only one frame holds observations; a fit needs 2 or more.", "Give a longer clip.")
