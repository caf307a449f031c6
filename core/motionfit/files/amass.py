"""Motion in the AMASS layout: axis-angle poses, SMPL translation, world z up.

The root joint stands at J0(betas) + trans, with J0 the unrotated rest pelvis of the body. Only the 22 body
joints are kept; hands are flat. Axis-angle exists here and nowhere further in.

Read are the SMPL-H files of AMASS (`poses` of 156 numbers, `mocap_framerate`), its SMPL-X "stageii" files (`poses` of
165, or `root_orient` and `pose_body`, `mocap_frame_rate`, `surface_model_type`) and ours. Both body models have the
same first 22 joints; the shape coefficients of SMPL-X mean nothing to SMPL-H and are left out. Where a file marks
that its y axis is up (`up_axis` or `gravity_axis`), it is turned.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from motionfit.body.skeleton import BODY_JOINTS, SMPLH_JOINTS
from motionfit.errors import InputError
from motionfit.files.npz import Arrays, array_of, numbers, read_npz, write_npz
from motionfit.geometry.rotations import axis_angle_from_rotation, rotation_from_axis_angle
from motionfit.motion import Motion
from motionfit.retarget.resample import resample

_logger = logging.getLogger(__name__)

FIT_FPS = 30.0
"""The rate that the motion prior knows."""

SMPLX_JOINTS = 55
_RATE_KEYS = ("mocap_framerate", "mocap_frame_rate", "fps")
_LEAST_POSE_NUMBERS = BODY_JOINTS * 3
_UP_KEYS = ("up_axis", "gravity_axis")
_Z_UP_FROM_Y_UP = ((1.0, 0.0, 0.0), (0.0, 0.0, -1.0), (0.0, 1.0, 0.0))
_REST_PELVIS = (0.0, -0.22, 0.03)
"""J0 of every adult SMPL body within 2 cm: a y-up file is turned about the world's origin, not about its pelvis."""


def is_amass(arrays: Mapping[str, np.ndarray]) -> bool:
    """Whether the arrays of an npz file look like a motion in the AMASS layout."""
    return "trans" in arrays and has_poses(arrays)


def has_poses(arrays: Mapping[str, np.ndarray]) -> bool:
    """Whether the arrays hold poses: as one array or as root and body apart."""
    return "poses" in arrays or ("root_orient" in arrays and "pose_body" in arrays)


def model_family(arrays: Mapping[str, np.ndarray]) -> str:
    """The body model that a file was made with: "smplx", "smplh" or what else it says."""
    named = _text(arrays["surface_model_type"]).lower() if "surface_model_type" in arrays else ""
    if named:
        return named
    columns = arrays["poses"].shape[-1] if "poses" in arrays and arrays["poses"].ndim == 2 else 0
    return "smplx" if columns == SMPLX_JOINTS * 3 or "pose_jaw" in arrays else "smplh"


def read_amass(path: Path, fps: float | None = FIT_FPS) -> Motion:
    """Read a motion.

    Args:
        path: An npz with poses (T, 66 or more) in radians, trans (T, 3) in metres, betas, gender and
            mocap_framerate.
        fps: Rate to resample to by time stamps; None keeps the file's own.

    Returns:
        The motion in the world frame of the file.

    Raises:
        InputError: The file is missing, damaged or lacks a key, or a value makes no sense.
    """
    return motion_from_arrays(read_npz(path), path, fps)


def motion_from_arrays(arrays: Arrays, path: Path, fps: float | None = FIT_FPS) -> Motion:
    """The motion that the arrays of an AMASS file hold; see `read_amass`."""
    poses, translation = _pose_arrays(arrays, path)
    rate = _frame_rate(arrays, path)
    rotations = rotation_from_axis_angle(numbers(poses[:, :_LEAST_POSE_NUMBERS]).reshape(-1, BODY_JOINTS, 3))
    contacts = arrays.get("contacts")
    knows_contacts = (
        contacts is not None and contacts.shape == (poses.shape[0], BODY_JOINTS) and bool(np.isfinite(contacts).all())
    )
    place, root = _upright(numbers(translation), rotations[:, 0].contiguous(), arrays, path)
    motion = Motion(
        fps=rate,
        translation=place,
        root_orientation=root,
        body_pose=rotations[:, 1:].contiguous(),
        betas=_shape(arrays, path),
        gender=_text(arrays.get("gender", "neutral")),
        contacts=numbers(contacts) if contacts is not None and knows_contacts else None,
    )
    return motion if fps is None else resample(motion, fps)


def _shape(arrays: Arrays, path: Path) -> torch.Tensor:
    betas = torch.zeros(16)
    if model_family(arrays).startswith("smplx"):
        _logger.info("%s: the shape coefficients of SMPL-X are left out", path)
        return betas
    given = np.asarray(arrays.get("betas", betas), np.float32).reshape(-1)[:16]
    if not np.isfinite(given).all():
        raise InputError(f"{path}: betas holds NaN or infinite numbers.", "Give finite shape coefficients.")
    betas[: given.shape[0]] = torch.from_numpy(given)
    return betas


def _upright(
    translation: torch.Tensor, root: torch.Tensor, arrays: Arrays, path: Path
) -> tuple[torch.Tensor, torch.Tensor]:
    """Translation and root orientation with z up."""
    key = next((name for name in _UP_KEYS if name in arrays), None)
    up = "z" if key is None else _text(arrays[key]).lower().strip("+- ").removesuffix("-up").removesuffix("_up")
    if up == "z":
        return translation, root
    if up != "y":
        raise InputError(f"{path}: {key} is {up!r}; it must be y or z.", "Say which axis is up.")
    turn = torch.tensor(_Z_UP_FROM_Y_UP)
    pelvis = torch.tensor(_REST_PELVIS)
    return (translation + pelvis) @ turn.T - pelvis, turn @ root


def axis_angles(arrays: Arrays, path: Path) -> np.ndarray:
    """Axis-angle numbers (frames, 66 or more) of a file, root and body in one array, as the file has them.

    Raises:
        InputError: There are none.
    """
    if "poses" in arrays:
        return arrays["poses"]
    if not has_poses(arrays):
        raise InputError(f"{path} holds no poses.", "An AMASS motion holds poses, or root_orient and pose_body.")
    parts = [arrays[key] for key in ("root_orient", "pose_body")]
    if any(part.ndim != 2 for part in parts) or parts[0].shape[0] != parts[1].shape[0]:
        raise InputError(
            f"{path}: root_orient and pose_body have the shapes {parts[0].shape} and {parts[1].shape}, "
            "not (frames, 3) and (frames, 63)."
        )
    return np.concatenate(parts, 1)


def _pose_arrays(arrays: Arrays, path: Path) -> tuple[np.ndarray, np.ndarray]:
    missing = [] if has_poses(arrays) else ["poses"]
    missing += [] if "trans" in arrays else ["trans"]
    if missing:
        raise InputError(
            f"{path} is not an AMASS motion: it has no {' and no '.join(missing)} (it has {', '.join(arrays)}).",
            "An AMASS motion holds poses, trans, betas, gender and mocap_framerate.",
        )
    poses, translation = axis_angles(arrays, path), arrays["trans"]
    if poses.ndim != 2 or poses.shape[1] < _LEAST_POSE_NUMBERS:
        raise InputError(
            f"{path}: poses has the shape {poses.shape}, not (frames, 66 or more).",
            "Poses are axis-angle numbers, 3 per joint, SMPL order.",
        )
    if translation.shape != (poses.shape[0], 3):
        raise InputError(f"{path}: trans has the shape {translation.shape}, not {(poses.shape[0], 3)}.")
    if poses.shape[0] == 0:
        raise InputError(f"{path} has no frames.", "Give a motion of 3 frames or more.")
    for name, values in (("poses", poses[:, :_LEAST_POSE_NUMBERS]), ("trans", translation)):
        if not np.isfinite(np.asarray(values, np.float64)).all():
            raise InputError(f"{path}: {name} holds NaN or infinite numbers.", "A motion must be complete.")
    farthest = float(np.abs(translation - np.median(translation, 0)).max())
    if farthest > 1000.0:
        raise InputError(
            f"{path}: trans moves by {farthest:,.0f} m; it may be in millimetres.",
            "Give translations in metres.",
        )
    return poses, translation


def _frame_rate(arrays: Arrays, path: Path) -> float:
    key = next((name for name in _RATE_KEYS if name in arrays), None)
    if key is None:
        raise InputError(
            f"{path} does not say its frame rate: there is no mocap_framerate.",
            "Add the key mocap_framerate.",
        )
    rate = float(np.asarray(arrays[key]).reshape(-1)[0])
    if not np.isfinite(rate) or rate <= 0:
        raise InputError(f"{path}: {key} is {rate:g}; it must be above 0.", "Give frames per second.")
    return rate


def _text(value: np.ndarray | str) -> str:
    content = np.asarray(value).reshape(-1)
    if content.shape[0] == 0:
        return "neutral"
    first = content[0]
    return first.decode() if isinstance(first, bytes) else str(first)


def amass_arrays(motion: Motion) -> Arrays:
    """The arrays of an AMASS file: poses (T, 156) with flat hands, trans, betas, gender, mocap_framerate."""
    rotations = torch.cat([motion.root_orientation.unsqueeze(1), motion.body_pose], 1)
    poses = np.zeros((motion.frames, SMPLH_JOINTS * 3), np.float32)
    poses[:, :_LEAST_POSE_NUMBERS] = array_of(axis_angle_from_rotation(rotations).flatten(1))
    arrays: Arrays = {
        "poses": poses,
        "trans": array_of(motion.translation).astype(np.float32),
        "betas": array_of(motion.betas).astype(np.float32),
        "gender": np.array(motion.gender),
        "mocap_framerate": np.array(motion.fps, np.float64),
    }
    if motion.contacts is not None:
        arrays["contacts"] = array_of(motion.contacts).astype(np.float32)
    return arrays


def write_amass(path: Path, motion: Motion) -> None:
    """Write a motion in the AMASS layout, complete or not at all.

    Raises:
        OutputError: The place is not writable or the disk is full.
    """
    write_npz(path, amass_arrays(motion))
