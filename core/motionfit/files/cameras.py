"""The camera in the arrays of a file: intrinsics, and where the camera stands in the world in each frame."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch

from motionfit.errors import InputError
from motionfit.files.npz import Arrays, numbers, read_npz
from motionfit.files.observation_checks import check_intrinsics
from motionfit.motion import Camera

CAMERA_KEYS: dict[str, str] = {
    "intrinsics": "intrinsics",
    "image_size": "image_size",
    "rotation": "camera_rotation",
    "translation": "camera_translation",
}
"""The keys of a camera file, each with the key of an observation npz that means the same."""

_ORTHONORMAL = 1e-3
_EXAMPLE = "It holds intrinsics (3,3) or (T,3,3), image_size (2,), rotation (T,3,3) and translation (T,3)."


def camera_from_arrays(arrays: Arrays, image_size: tuple[int, int], frames: int, path: Path) -> Camera:
    """The camera that the arrays of an observation npz tell, with `default_intrinsics` where they have none.

    Args:
        arrays: By the keys of `observations.KEYS`.
        image_size: Of the pictures.
        frames: Of the clip.
        path: Named in errors.

    Raises:
        InputError: A key is missing, of a wrong shape, or makes no sense.
    """
    rotation, translation = _pose(arrays, frames, path) or (None, None)
    if "intrinsics" in arrays:
        intrinsics = check_intrinsics(arrays["intrinsics"], image_size, frames, path)
    else:
        intrinsics = default_intrinsics(image_size)
    return Camera(numbers(intrinsics), image_size, rotation, translation)


def default_intrinsics(image_size: tuple[int, int]) -> np.ndarray:
    """Where nothing is known: the longer side is the focal length (a view of 53°), the middle the centre."""
    width, height = image_size
    focal = float(max(width, height))
    return np.array([[focal, 0.0, width / 2.0], [0.0, focal, height / 2.0], [0.0, 0.0, 1.0]])


def camera_arrays(camera: Camera) -> Arrays:
    """The arrays that `camera_from_arrays` reads."""
    found: Arrays = {"intrinsics": camera.intrinsics.cpu().numpy(), "image_size": np.array(camera.image_size)}
    if camera.rotation is not None and camera.translation is not None:
        found["camera_rotation"] = camera.rotation.cpu().numpy()
        found["camera_translation"] = camera.translation.cpu().numpy()
    return found


def read_camera_file(path: Path) -> Arrays:
    """Read a camera of its own file, by the keys of an observation npz.

    Raises:
        InputError: It cannot be read, is neither npz nor JSON, or holds a key that a camera does not have.
    """
    if not path.is_file():
        raise InputError(f"There is no camera file {path}.", "Check the path of --camera.")
    given = _from_json(path) if path.suffix.lower() == ".json" else read_npz(path)
    names = CAMERA_KEYS | {key: key for key in CAMERA_KEYS.values()}
    unknown = [key for key in given if key not in names]
    if unknown:
        raise InputError(f"{path}: a camera has no {' and no '.join(unknown)}.", _EXAMPLE)
    if not given:
        raise InputError(f"{path} is empty.", _EXAMPLE)
    return {names[key]: values for key, values in given.items()}


def _from_json(path: Path) -> Arrays:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not JSON ({error}).", _EXAMPLE) from error
    if not isinstance(content, dict):
        raise InputError(f"{path} is not a table.", _EXAMPLE)
    arrays: Arrays = {}
    for key, values in content.items():
        try:
            arrays[key] = np.asarray(values, np.float64)
        except (TypeError, ValueError) as error:
            raise InputError(f"{path}: {key} is not an array of numbers ({error}).", _EXAMPLE) from error
    return arrays


def _pose(arrays: Arrays, frames: int, path: Path) -> tuple[torch.Tensor, torch.Tensor] | None:
    """Rotation and translation of each frame, world to camera."""
    keys = ("camera_rotation", "camera_translation")
    missing = [key for key in keys if key not in arrays]
    if len(missing) == 2:
        return None
    if missing:
        raise InputError(
            f"{path} has no {missing[0]}.", "Where a camera stands takes both its rotation and translation."
        )
    rotation, translation = (
        _per_frame(arrays[key], shape, key, frames, path) for key, shape in zip(keys, ((3, 3), (3,)), strict=True)
    )
    _check_rotations(rotation, path)
    u, _, v = np.linalg.svd(rotation)
    return numbers(u @ v), numbers(translation)


def _per_frame(values: np.ndarray, shape: tuple[int, ...], key: str, frames: int, path: Path) -> np.ndarray:
    given = np.asarray(values, np.float64)
    if given.shape == shape:
        given = np.repeat(given[None], frames, 0)
    if given.shape != (frames, *shape):
        inside = ", ".join(map(str, shape))
        raise InputError(
            f"{path}: {key} has the shape {given.shape}, and there are {frames} frames.",
            f"Give one of each frame ({frames}, {inside}), or one for all.",
        )
    wild = np.flatnonzero(~np.isfinite(given).reshape(frames, -1).all(1))
    if wild.size:
        raise InputError(
            f"{path}: {key} of frame {wild[0]} is not finite.", "Give the camera of every frame; fill gaps first."
        )
    return given


def _check_rotations(rotation: np.ndarray, path: Path) -> None:
    off = np.abs(rotation @ rotation.transpose(0, 2, 1) - np.eye(3)).max((1, 2))
    skewed = np.flatnonzero(off > _ORTHONORMAL)
    if skewed.size:
        raise InputError(
            f"{path}: camera_rotation of frame {skewed[0]} is no rotation matrix (R·Rᵀ is off the identity by "
            f"{off[skewed[0]]:.2g}).",
            "Give matrices that turn world into camera coordinates, without scale.",
        )
    mirrored = np.flatnonzero(np.linalg.det(rotation) < 0)
    if mirrored.size:
        raise InputError(
            f"{path}: camera_rotation of frame {mirrored[0]} mirrors (its determinant is −1).",
            "Use x right, y down, z forward for the camera.",
        )
