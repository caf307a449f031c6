"""Reading the files of a collection, whatever their layout: one reader per ending."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
import torch
from jaxtyping import Float

from motionfit.body.model import BodyModel
from motionfit.errors import InputError
from motionfit.files.amass import axis_angles, has_poses, model_family, motion_from_arrays
from motionfit.files.asf import find_asf
from motionfit.files.asf_amc import read_amc
from motionfit.files.bvh import read_bvh
from motionfit.files.npz import Arrays, read_npz
from motionfit.geometry.rotations import axis_angle_from_rotation
from motionfit.motion import Motion
from motionfit.retarget.convert import convert, rig_recording
from motionfit.retarget.rig import RigMotion

_UNREADABLE = "unreadable"
_HELPERS = ("shape.npz", "skeleton_used.npz")
_HELPER_ENDINGS = ("_stagei.npz",)
_HELPER_STEMS = ("neutral_stagei", "male_stagei", "female_stagei")


@dataclass(frozen=True)
class Recording:
    """The content of one file.

    Attributes:
        motion: At the rate of the capture.
        poses: Axis-angle numbers of the 22 body joints, radians, as the file has them.
        has_shape: Whether the shape coefficients are those of SMPL-H.
        kind: What is done; "unknown" where the file does not say.
        label: The file's own words for it.
        licence: As the file says.
        floor: What it stands on at z = 0 ("flat", "equipment" …); empty where the file does not say.
        source: The data set that the file names; may be empty.
        subject: The subject that the file names; may be empty.
        warning: A sentence about how it was read; may be empty.
    """

    motion: Motion
    poses: Float[np.ndarray, "frames 66"]
    has_shape: bool
    kind: str
    label: str
    licence: str
    floor: str
    source: str
    subject: str
    warning: str = ""


@dataclass(frozen=True)
class Unusable:
    """Why a file is no recording that can be used.

    Attributes:
        reason: In few words, for counting.
        detail: A sentence that names what was found.
    """

    reason: str
    detail: str


def is_helper(name: str) -> str:
    """The rule by which a file of AMASS is no motion though its ending says so; empty where it may be one."""
    low = name.lower()
    if low in _HELPERS:
        return f"{low} tells of a body"
    if low.endswith(_HELPER_ENDINGS) or low.removesuffix(".npz") in _HELPER_STEMS:
        return "stage I of MoSh tells of a body"
    return ""


def companion_of(path: Path) -> Path | None:
    """The file beside a recording that it cannot be read without: the skeleton of an .amc."""
    if path.suffix.lower() != ".amc":
        return None
    try:
        return find_asf(path)
    except InputError:  # reading the recording will say so
        return None


def read_recording(path: Path, name: str, body: BodyModel) -> Recording | Unusable:
    """Read a file by its ending.

    Args:
        path: The file; its ending must be in `READERS`.
        name: What to call it in sentences.
        body: Skeletons that were captured are put on it.
    """
    try:
        return READERS[path.suffix.lower()](path, name, body)
    except InputError as error:
        return Unusable(_UNREADABLE, error.message.replace(str(path), name))


def _read_amass(path: Path, name: str, _body: BodyModel) -> Recording | Unusable:
    arrays = read_npz(path)
    fault = _fault_of(arrays)
    if fault is not None:
        return Unusable(fault.reason, f"{name}: {fault.detail}")
    motion = motion_from_arrays(arrays, path, fps=None)
    turned = any(key in arrays for key in ("up_axis", "gravity_axis"))
    poses = poses_of(motion) if turned else np.asarray(axis_angles(arrays, path)[:, :66], np.float32)
    return Recording(
        motion=motion,
        poses=poses,
        has_shape="betas" in arrays and not model_family(arrays).startswith("smplx"),
        kind=_word(arrays, "kind") or "unknown",
        label=_word(arrays, "label"),
        licence=_word(arrays, "license") or _word(arrays, "licence"),
        floor=_word(arrays, "floor"),
        source=_word(arrays, "source"),
        subject=_word(arrays, "subject"),
    )


def _read_bvh(path: Path, name: str, body: BodyModel) -> Recording | Unusable:
    return _converted(read_bvh(path), name, body)


def _read_amc(path: Path, name: str, body: BodyModel) -> Recording | Unusable:
    return _converted(read_amc(path), name, body)


def _converted(rig: RigMotion, name: str, body: BodyModel) -> Recording | Unusable:
    """A captured skeleton on the mean shape of the body, clean and on the floor; of one with cuts the longest part."""
    (conversion,) = convert([rig_recording(rig, body)], body)
    if not conversion.parts:
        lost = "; ".join(f"{part.frames} frames: {part.reason}" for part in conversion.dropped)
        return Unusable("glitches", f"{name}: nothing is left of it ({lost})")
    part, others = conversion.longest, len(conversion.parts) - 1
    notes = [*conversion.notes, *(["The longest part counts."] if others else [])]
    return Recording(
        motion=part.motion,
        poses=poses_of(part.motion),
        has_shape=False,
        kind="unknown",
        label="",
        licence="",
        floor=conversion.floor,
        source="",
        subject="",
        warning=" ".join(notes).rstrip("."),
    )


def _fault_of(arrays: Arrays) -> Unusable | None:
    """What is commonly wrong, told apart."""
    if not has_poses(arrays):
        return Unusable("no poses", f"it holds {', '.join(arrays) or 'nothing'}, and no poses")
    numbers = [arrays[key] for key in ("poses", "root_orient", "pose_body", "trans") if key in arrays]
    if any(array.dtype.kind not in "fiu" for array in numbers):
        return Unusable(_UNREADABLE, "poses or trans are no numbers")
    if any(array.shape[:1] == (0,) for array in numbers):
        return Unusable("too short", "it has no frames")
    bad = sum(int((~np.isfinite(array).all(tuple(range(1, array.ndim)))).sum()) for array in numbers)
    if bad:
        return Unusable("non-finite", f"{bad} of {numbers[0].shape[0]} frames hold NaN or infinite numbers")
    rate = next((arrays[key] for key in ("mocap_framerate", "mocap_frame_rate", "fps") if key in arrays), None)
    if rate is None:
        return Unusable("frame rate", "it does not say its frame rate (mocap_framerate or mocap_frame_rate)")
    value = float(rate.reshape(-1)[0]) if rate.size and rate.dtype.kind in "fiu" else float("nan")
    if not np.isfinite(value) or value <= 0:
        return Unusable("frame rate", f"its frame rate is {value:g} Hz")
    return None


def _word(arrays: Arrays, key: str) -> str:
    if key not in arrays or arrays[key].size != 1:
        return ""
    value = arrays[key].reshape(-1)[0]
    return (value.decode(errors="replace") if isinstance(value, bytes) else str(value)).strip()


def poses_of(motion: Motion) -> Float[np.ndarray, "frames 66"]:
    """Axis-angle numbers of a motion, found in double precision: they are delicate near half a turn."""
    rotations = torch.cat([motion.root_orientation.unsqueeze(1), motion.body_pose], 1).to(torch.float64)
    return np.asarray(axis_angle_from_rotation(rotations).flatten(1).to(torch.float32))


READERS: Mapping[str, Callable[[Path, str, BodyModel], Recording | Unusable]] = MappingProxyType(
    {".npz": _read_amass, ".bvh": _read_bvh, ".amc": _read_amc}
)
"""How files are read, by their ending."""

COMPANIONS = (".asf",)
"""Endings of files that are read with others."""
