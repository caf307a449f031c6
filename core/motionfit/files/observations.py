"""The observation npz: what was observed of one person, as other programs write it (keys of `KEYS`).

NaN (or confidence 0) means not observed; inside the program that is a mask over finite numbers.
"""

from __future__ import annotations

import difflib
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from motionfit.body.keypoints import SURFACE_KEYPOINTS
from motionfit.body.skeleton import BODY_JOINTS
from motionfit.errors import InputError
from motionfit.files.atomic import atomic_file
from motionfit.files.cameras import camera_from_arrays
from motionfit.files.given_floor import given_floor
from motionfit.files.npz import Arrays, numbers, read_npz
from motionfit.files.observation_archive import write_observations as write_archive
from motionfit.files.observation_checks import (
    check_2d,
    check_3d,
    check_something_observed,
    frame_times,
)
from motionfit.files.surface_points import point_count, read_points
from motionfit.geometry.planes import world_floor
from motionfit.motion import Floor, Observations
from motionfit.pipeline.timeline import rate_warnings

KEYS: dict[str, str] = {
    "fps": "frames per second",
    "times": "(T,) s, instead of fps; may be uneven",
    "joints3d": "(T,22,3) m, SMPL body joints",
    "keypoints3d": "(T,43,3) m, surface keypoints",
    "points3d": "(N,3) m, unordered surface points",
    "points3d_frame": "(N,) frame of each of points3d",
    "keypoints2d": "(T,25,3) px, px, confidence, BODY_25",
    "intrinsics": "(3,3) or (T,3,3) px",
    "image_size": "(2,) width, height",
    "camera_rotation": "(3,3) or (T,3,3), camera from world; absent = the camera stands at the origin",
    "camera_translation": "(3,) or (T,3) m, camera from world",
    "floor": "(4,) unit normal and offset",
    "height": "m, of the person, if it is known",
    "joint_map": "(K,) which SMPL joint each of joints3d is",
}
_DATA_KEYS = ("joints3d", "keypoints3d", "keypoints2d", "points3d")
_OWN_KEYS = ("frames", "floor_is_given", "warnings")


def is_observations(arrays: Arrays) -> bool:
    """Whether the arrays of an npz file look like observations."""
    return any(key in arrays for key in _DATA_KEYS)


def read_observations(path: Path) -> Observations:
    """Read an observation npz.

    Returns:
        3D data in the world frame with its floor (z = 0 where none is given), or 2D data in the camera frame.
        Assumptions that had to be made stand in `warnings`.

    Raises:
        InputError: The file cannot be read, or a key is missing, of a wrong shape, or makes no sense.
    """
    return observations_from_arrays(read_npz(path), path)


def observations_from_arrays(arrays: Arrays, path: Path, image_size: tuple[int, int] | None = None) -> Observations:
    """Check the arrays of an observation npz and build the observations; see `read_observations`.

    Args:
        arrays: By the keys of `KEYS`.
        path: Named in errors.
        image_size: Of the video that the keypoints belong to; used where the arrays do not hold one.
    """
    if not is_observations(arrays):
        found = ", ".join(arrays) or "nothing"
        raise InputError(
            f"{path} holds no observations: it has {found}.",
            f"Give one of {', '.join(_DATA_KEYS)} (see cli.md).",
        )
    warnings = [*_unknown_keys(arrays), *_unused(arrays)]
    frames = _frames(arrays, path)
    fps, times = frame_times(arrays, frames, path)
    if _is_3d(arrays):
        if "keypoints2d" in arrays:
            warnings.append("keypoints2d is left out: a fit uses either 3D or 2D data, and 3D data is there.")
        observed = _read_3d(arrays, fps, frames, path)
    else:
        observed = _read_2d(arrays, fps, frames, path, image_size)
    observed = replace(observed, times=times, height=_height(arrays, path))
    return replace(observed, warnings=(*warnings, *rate_warnings(observed), *observed.warnings))


def _height(arrays: Arrays, path: Path) -> float | None:
    if "height" not in arrays:
        return None
    given = np.asarray(arrays["height"])
    if given.size != 1 or not np.issubdtype(given.dtype, np.number) or not 0.4 <= float(given.reshape(-1)[0]) <= 2.8:
        raise InputError(f"{path}: height is {given.tolist()}; no person is so tall.", "Give metres, like 1.78.")
    return float(given.reshape(-1)[0])


def _is_3d(arrays: Arrays) -> bool:
    return any(key in arrays for key in ("joints3d", "keypoints3d", "points3d"))


def _unknown_keys(arrays: Arrays) -> list[str]:
    sentences = []
    for key in arrays:
        if key not in KEYS and key not in _OWN_KEYS:
            near = difflib.get_close_matches(key, KEYS, n=1)
            guess = f" (is it {near[0]}?)" if near else ""
            sentences.append(f"The key {key} is not known and not read{guess}.")
    return sentences


def _unused(arrays: Arrays) -> list[str]:
    if "camera_rotation" in arrays and _is_3d(arrays):
        return ["camera_rotation and camera_translation are not used: 3D data is in the world already."]
    return []


def _frames(arrays: Arrays, path: Path) -> int:
    shapes = {
        "joints3d": BODY_JOINTS if "joint_map" not in arrays else int(np.asarray(arrays["joint_map"]).size),
        "keypoints3d": SURFACE_KEYPOINTS,
        "keypoints2d": 25,
    }
    counts: dict[str, int] = {}
    for key, points in shapes.items():
        if key not in arrays:
            continue
        shape = arrays[key].shape
        if len(shape) != 3 or shape[1:] != (points, 3):
            raise InputError(f"{path}: {key} has the shape {shape}, not (frames, {points}, 3).", _shape_hint(key))
        if not np.issubdtype(arrays[key].dtype, np.number):
            raise InputError(f"{path}: {key} holds {arrays[key].dtype}, not numbers.")
        counts[key] = shape[0]
    if "points3d" in arrays and not counts:
        counts["points3d"] = point_count(arrays, path)
    if len(set(counts.values())) > 1:
        told = ", ".join(f"{key} has {count}" for key, count in counts.items())
        raise InputError(f"{path}: the numbers of frames differ: {told}.", "Give the same frames in each.")
    frames = next(iter(counts.values()))
    if frames < 3:
        raise InputError(
            f"{path} has {frames} frame{'s' if frames != 1 else ''}; a fit needs 3 or more.",
            "Give a longer clip.",
        )
    return frames


def _shape_hint(key: str) -> str:
    if key == "joints3d":
        return "For other joints than SMPL's 22 add joint_map: the SMPL joint of each."
    return "The order of the points is that of BODY_25." if key == "keypoints2d" else "See cli.md for their order."


def _read_3d(arrays: Arrays, fps: float, frames: int, path: Path) -> Observations:
    warnings: list[str] = []
    found: dict[str, tuple[torch.Tensor, torch.Tensor]] = {}
    for key in ("joints3d", "keypoints3d"):
        if key in arrays:
            values = np.asarray(arrays[key], np.float64)
            mapped = _map_joints(values, arrays, path) if key == "joints3d" else values
            warnings.extend(check_3d(mapped, key, path))
            seen = np.asarray(np.isfinite(mapped).all(-1))
            found[key] = numbers(np.where(seen[..., None], mapped, 0.0)), torch.from_numpy(seen)
    if "points3d" in arrays:
        found["points3d"], told = read_points(arrays, frames, path)
        clouds = np.where(found["points3d"][1][..., None], found["points3d"][0], np.nan)
        warnings.extend([*told, *check_3d(clouds, "points3d", path)])
    check_something_observed([mask for _, mask in found.values()], path)
    floor = _floor(arrays, path)
    return Observations(
        fps=fps,
        frames=frames,
        joints3d=found["joints3d"][0] if "joints3d" in found else None,
        joints3d_mask=found["joints3d"][1] if "joints3d" in found else None,
        keypoints3d=found["keypoints3d"][0] if "keypoints3d" in found else None,
        keypoints3d_mask=found["keypoints3d"][1] if "keypoints3d" in found else None,
        points3d=found["points3d"][0] if "points3d" in found else None,
        points3d_mask=found["points3d"][1] if "points3d" in found else None,
        floor=world_floor() if floor is None else floor,
        warnings=tuple(warnings),
    )


def _map_joints(values: np.ndarray, arrays: Arrays, path: Path) -> np.ndarray:
    if "joint_map" not in arrays:
        return values
    targets = np.asarray(arrays["joint_map"]).reshape(-1)
    used = targets[targets >= 0]
    if not np.issubdtype(targets.dtype, np.integer) or (used >= BODY_JOINTS).any():
        raise InputError(f"{path}: joint_map must hold integers from 0 to {BODY_JOINTS - 1} (-1 leaves a joint out).")
    if len(set(used.tolist())) != len(used):
        raise InputError(f"{path}: joint_map names a joint twice.", "Each SMPL joint may be observed once.")
    mapped = np.full((values.shape[0], BODY_JOINTS, 3), np.nan)
    mapped[:, used] = values[:, targets >= 0]
    return mapped


def _read_2d(arrays: Arrays, fps: float, frames: int, path: Path, image_size: tuple[int, int] | None) -> Observations:
    size = _image_size(arrays, path) or image_size
    if size is None:
        raise InputError(
            f"{path}: image_size is missing; 2D keypoints need it.",
            "Add image_size: width and height in pixels.",
        )
    values = np.asarray(arrays["keypoints2d"], np.float64)
    warnings = check_2d(values, size, path)
    seen = np.isfinite(values).all(-1) & (values[..., 2] > 0)
    clean: np.ndarray = np.where(seen[..., None], values, 0.0)
    clean[..., 2] = clean[..., 2].clip(0.0, 1.0)
    check_something_observed([torch.from_numpy(seen)], path)
    camera = camera_from_arrays(arrays, size, frames, path)
    if "intrinsics" not in arrays:
        warnings.append(
            f"No intrinsics are given: a focal length of {float(camera.intrinsics[0, 0]):.0f} px is assumed; "
            "distances from the camera may be wrong by its error."
        )
    floor = _floor(arrays, path)
    return Observations(
        fps=fps,
        frames=frames,
        keypoints2d=numbers(clean),
        camera=camera,
        floor=floor,
        floor_is_given=floor is not None and bool(arrays.get("floor_is_given", True)),
        warnings=tuple(warnings),
    )


def _image_size(arrays: Arrays, path: Path) -> tuple[int, int] | None:
    if "image_size" not in arrays:
        return None
    size = np.asarray(arrays["image_size"], np.float64).reshape(-1)
    if size.shape != (2,) or not np.isfinite(size).all() or (size < 1).any():
        raise InputError(f"{path}: image_size is {size.tolist()}, not width and height in pixels.")
    return int(size[0]), int(size[1])


def _floor(arrays: Arrays, path: Path) -> Floor | None:
    if "floor" not in arrays:
        return None
    try:
        return given_floor(arrays["floor"], _up(arrays), "floor")
    except InputError as error:
        raise InputError(f"{path}: {error.message}", error.hint) from None


def _up(arrays: Arrays) -> np.ndarray:
    """Roughly where up is in the frame of the observations."""
    if "joints3d" in arrays or "keypoints3d" in arrays:
        return np.array([0.0, 0.0, 1.0])
    rotation = np.asarray(arrays.get("camera_rotation", np.eye(3)), np.float64).reshape(-1, 3, 3)
    return np.asarray(-rotation[:, 1].mean(0))


def write_observations(path: Path, observations: Observations) -> None:
    """Write an observation npz, complete or not at all; what was not observed is NaN or has confidence 0.

    Raises:
        OutputError: The place is not writable or the disk is full.
    """
    with atomic_file(path) as temporary:
        write_archive(temporary, observations)
