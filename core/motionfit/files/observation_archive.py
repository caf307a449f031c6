"""Observations and motions as npz files that come back exactly.

Arrays carry the names of the command line's observation npz, and NaN (or confidence 0) marks what was not
observed, so such a file can be given to `motionfit fit` too.
"""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from motionfit.errors import InputError
from motionfit.files.cameras import camera_arrays
from motionfit.files.surface_points import by_frame
from motionfit.motion import Camera, Floor, Motion, Observations

Arrays = dict[str, Any]


def write_observations(path: Path, observations: Observations) -> None:
    """Write observations; the file appears whole or not at all."""
    content: Arrays = {
        "fps": np.float64(observations.fps),
        "frames": np.int64(observations.frames),
        "floor_is_given": np.bool_(observations.floor_is_given),
        "warnings": np.array(observations.warnings, dtype=np.str_),
    }
    if observations.height is not None:
        content["height"] = np.float64(observations.height)
    if observations.times is not None:
        content["times"] = observations.times.cpu().numpy()
    for name in ("joints3d", "keypoints3d"):
        points, mask = getattr(observations, name), getattr(observations, f"{name}_mask")
        if points is not None:
            content[name] = _with_nan(points, mask)
    if observations.points3d is not None and observations.points3d_mask is not None:
        frame, place = observations.points3d_mask.cpu().nonzero(as_tuple=True)
        content["points3d"] = observations.points3d.cpu()[frame, place].numpy()
        content["points3d_frame"] = frame.numpy()
    if observations.keypoints2d is not None:
        content["keypoints2d"] = observations.keypoints2d.cpu().numpy()
    if observations.camera is not None:
        content |= camera_arrays(observations.camera)
    if observations.floor is not None:
        floor = observations.floor
        content["floor"] = torch.cat([floor.normal, floor.offset.reshape(1)]).cpu().numpy()
    _write(path, content)


def read_observations(path: Path) -> Observations:
    """Read what `write_observations` wrote.

    Raises:
        InputError: The file is missing or damaged.
    """
    content = _read(path)
    try:
        joints, joints_mask = _without_nan(content.get("joints3d"))
        keypoints, keypoints_mask = _without_nan(content.get("keypoints3d"))
        points, points_mask = _clouds(content)
        return Observations(
            fps=float(content["fps"]),
            frames=int(content["frames"]),
            times=_tensor(content.get("times")),
            joints3d=joints,
            joints3d_mask=joints_mask,
            keypoints3d=keypoints,
            keypoints3d_mask=keypoints_mask,
            points3d=points,
            points3d_mask=points_mask,
            keypoints2d=_tensor(content.get("keypoints2d")),
            camera=_camera(content),
            floor=_floor(content),
            floor_is_given=bool(content["floor_is_given"]),
            height=float(content["height"]) if "height" in content else None,
            warnings=tuple(str(text) for text in content["warnings"]),
        )
    except KeyError as error:
        raise InputError(f"{path} lacks {error}.", "Open the clip again from its source.") from error


def write_motion(path: Path, motion: Motion) -> None:
    """Write a motion with its rotation matrices, bit for bit."""
    content: Arrays = {
        "fps": np.float64(motion.fps),
        "translation": motion.translation.cpu().numpy(),
        "root_orientation": motion.root_orientation.cpu().numpy(),
        "body_pose": motion.body_pose.cpu().numpy(),
        "betas": motion.betas.cpu().numpy(),
        "gender": np.str_(motion.gender),
    }
    if motion.contacts is not None:
        content["contacts"] = motion.contacts.cpu().numpy()
    _write(path, content)


def read_motion(path: Path) -> Motion:
    """Read what `write_motion` wrote.

    Raises:
        InputError: The file is missing or damaged.
    """
    content = _read(path)
    try:
        return Motion(
            fps=float(content["fps"]),
            translation=torch.from_numpy(content["translation"]),
            root_orientation=torch.from_numpy(content["root_orientation"]),
            body_pose=torch.from_numpy(content["body_pose"]),
            betas=torch.from_numpy(content["betas"]),
            gender=str(content["gender"]),
            contacts=_tensor(content.get("contacts")),
        )
    except KeyError as error:
        raise InputError(f"{path} lacks {error}.") from error


def _with_nan(points: Tensor, mask: Tensor | None) -> np.ndarray:
    array = points.cpu().numpy().copy()
    if mask is not None:
        array[~mask.cpu().numpy()] = np.nan
    return array


def _without_nan(array: np.ndarray | None) -> tuple[Tensor | None, Tensor | None]:
    if array is None:
        return None, None
    mask = np.asarray(np.isfinite(array).all(-1))
    return torch.from_numpy(np.where(mask[..., None], array, 0.0).astype(array.dtype)), torch.from_numpy(mask)


def _clouds(content: Arrays) -> tuple[Tensor | None, Tensor | None]:
    if "points3d" not in content:
        return None, None
    return by_frame(content["points3d"], content["points3d_frame"], int(content["frames"]))


def _tensor(array: np.ndarray | None) -> Tensor | None:
    return None if array is None else torch.from_numpy(array)


def _camera(content: Arrays) -> Camera | None:
    if "intrinsics" not in content:
        return None
    width, height = (int(value) for value in content["image_size"])
    rotation, translation = (_tensor(content.get(key)) for key in ("camera_rotation", "camera_translation"))
    return Camera(torch.from_numpy(content["intrinsics"]), (width, height), rotation, translation)


def _floor(content: Arrays) -> Floor | None:
    if "floor" not in content:
        return None
    floor = torch.from_numpy(content["floor"])
    return Floor(floor[:3], floor[3])


def _write(path: Path, content: Arrays) -> None:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **content)
    beside = path.with_name(path.name + ".new")
    beside.write_bytes(buffer.getvalue())
    os.replace(beside, path)


def _read(path: Path) -> Arrays:
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as archive:
            return {key: archive[key] for key in archive.files}
    except FileNotFoundError as error:
        raise InputError(f"{path} is missing.", "Open the clip again from its source.") from error
    except (zipfile.BadZipFile, OSError, EOFError, ValueError) as error:
        raise InputError(f"{path} cannot be read ({error}).", "Open the clip again from its source.") from error
