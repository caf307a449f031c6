"""Motion capture files, whatever their format, to clean motion in the AMASS layout: what `motionfit convert` does."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from motionfit.body.model import BodyModel
from motionfit.errors import InputError
from motionfit.files.amass import amass_arrays, motion_from_arrays
from motionfit.files.asf_amc import read_amc
from motionfit.files.bvh import read_bvh
from motionfit.files.npz import Arrays, read_npz, write_npz
from motionfit.retarget.convert import (
    Conversion,
    ConvertedPart,
    Recording,
    body_recording,
    convert,
    convert_raw,
    rig_recording,
)

SUFFIXES = (".bvh", ".amc", ".npz")
"""What can be converted."""

LEAST_FRAMES = 3
_TEXTS = ("source", "subject", "label", "kind", "floor", "license")


@dataclass(frozen=True)
class MocapFile:
    """A motion capture file and what is not in it.

    Attributes:
        path: .bvh, .amc or AMASS npz.
        asf: Skeleton of an .amc; by default the one beside it.
        fps: Frames per second, where the file is wrong or does not say.
        reference: A .bvh of the same rig whose first frame is a T-pose.
    """

    path: Path
    asf: Path | None = None
    fps: float | None = None
    reference: Path | None = None


def read_recording(file: MocapFile, body: BodyModel) -> Recording:
    """Read a file and put it on the body, without any repair.

    Raises:
        InputError: It cannot be read, an option does not belong to it, or it is no motion capture.
    """
    suffix = file.path.suffix.lower()
    if not file.path.exists():
        raise InputError(f"There is no {file.path}.", "Check the path.")
    if suffix not in SUFFIXES:
        raise InputError(f"{file.path} is no motion capture that can be converted.", "Give a .bvh, .amc or AMASS .npz.")
    for option, given, owner in (("--asf", file.asf, ".amc"), ("--reference", file.reference, ".bvh")):
        if given is not None and suffix != owner:
            raise InputError(f"{option} belongs to a {owner} file, and {file.path} is none.", f"Leave {option} out.")
    if suffix == ".amc":
        return rig_recording(read_amc(file.path, file.asf, file.fps), body)
    if suffix == ".bvh":
        return rig_recording(read_bvh(file.path, file.fps, reference=file.reference), body)
    motion = motion_from_arrays(read_npz(file.path), file.path, fps=None)
    return body_recording(file.path.name, motion if file.fps is None else replace(motion, fps=file.fps), body)


def convert_file(file: MocapFile, body: BodyModel, raw: bool = False) -> Conversion:
    """Read and convert a file.

    Args:
        file: What to read.
        body: To put it on.
        raw: Only retarget and resample.

    Returns:
        The conversion; its longest part has 3 frames or more.

    Raises:
        InputError: It cannot be read, or nothing of it is left.
    """
    recording = read_recording(file, body)
    conversion = convert_raw(recording, body) if raw else convert([recording], body)[0]
    frames = max((part.motion.frames for part in conversion.parts), default=0)
    if frames < LEAST_FRAMES:
        lost = "; ".join(f"{each.frames} frames: {each.reason}" for each in conversion.dropped)
        raise InputError(
            f"{file.path}: of {recording.motion.frames} frames at {recording.motion.fps:g} fps "
            f"{frames} are left at 30 fps{f' ({lost})' if lost else ''}.",
            "Give a longer recording, or --fps where its rate is wrong.",
        )
    return conversion


def conversion_report(conversion: Conversion, part: ConvertedPart) -> dict[str, Any]:
    """What was done and how good a part is, for --json and for the file."""
    return {
        "source": conversion.name,
        "frames": part.motion.frames,
        "fps": part.motion.fps,
        "first_source_frame": part.first,
        "floor": conversion.floor,
        "quality": part.quality.to_json(),
        "dropped": [each.to_json() for each in conversion.dropped],
        "other_parts": [
            {"first_source_frame": other.first, "frames": other.motion.frames}
            for other in conversion.parts
            if other is not part
        ],
        "repaired": conversion.repaired,
        "calibration": conversion.corrections,
        "notes": list(conversion.notes),
    }


def write_conversion(path: Path, file: MocapFile, conversion: Conversion, subject: str | None = None) -> None:
    """Write the longest part in the AMASS layout, with where it comes from and how good it is.

    Beside poses, trans, betas, gender and mocap_framerate the file holds the texts source, subject, label, kind and
    floor ("flat", "uneven" or "equipment"), of which those that an AMASS npz holds already are kept, and quality
    (JSON).

    Raises:
        OutputError: The place is not writable or the disk is full.
    """
    arrays = amass_arrays(conversion.longest.motion)
    texts = {
        "source": file.path.name,
        "subject": file.path.absolute().parent.name,
        "label": file.path.stem,
        "kind": "unknown",
        "floor": conversion.floor,
    }
    texts |= _texts_of(file.path)
    if subject is not None:
        texts["subject"] = subject
    texts["quality"] = json.dumps(conversion_report(conversion, conversion.longest))
    write_npz(path, arrays | {name: np.array(text) for name, text in texts.items()})


def _texts_of(path: Path) -> dict[str, str]:
    """The texts that an AMASS npz of this layout holds already."""
    if path.suffix.lower() != ".npz":
        return {}
    arrays: Arrays = read_npz(path)
    return {name: str(arrays[name]) for name in _TEXTS if name in arrays and arrays[name].dtype.kind == "U"}
