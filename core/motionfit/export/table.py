"""A table (CSV) of every frame: joints, joint angles, contacts and what the fit measured, one column each.

Columns: `frame`; `time_s`; JOINT_x_m, JOINT_y_m, JOINT_z_m of the 22 joints in the world (z up, floor at z = 0);
ANGLE_deg of `body.joint_angles`; JOINT_contact, the probability that it touches the ground, where a fit tells it; and
the per-frame measures of the fit by their names. A cell is empty where there is no value.
"""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path

import numpy as np

from motionfit.body.joint_angles import joint_angles
from motionfit.body.skeleton import JOINT_NAMES
from motionfit.export.clip import ExportClip
from motionfit.files.atomic import atomic_file

_DECIMALS = {"_m": 5, "_deg": 3}


def write_table(path: Path, clip: ExportClip) -> None:
    """Write the table.

    Raises:
        OutputError: The place is not writable or the disk is full.
    """
    columns = table_columns(clip)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    digits = [next((count for end, count in _DECIMALS.items() if name.endswith(end)), 6) for name in columns]
    for row in zip(*(values.tolist() for values in columns.values()), strict=True):
        writer.writerow([_cell(value, count) for value, count in zip(row, digits, strict=True)])
    with atomic_file(path) as temporary:
        temporary.write_text(text.getvalue(), encoding="utf-8")


def table_columns(clip: ExportClip) -> dict[str, np.ndarray]:
    """The columns by name, each (frames,)."""
    motion = clip.motion
    frames = np.arange(motion.frames)
    columns: dict[str, np.ndarray] = {"frame": clip.first + frames, "time_s": (clip.first + frames) / motion.fps}
    joints = clip.posed().joints.double().numpy()
    for place, name in enumerate(JOINT_NAMES):
        columns |= {f"{name}_{axis}_m": joints[:, place, number] for number, axis in enumerate("xyz")}
    columns |= {f"{name}_deg": values.double().numpy() for name, values in joint_angles(motion).items()}
    if motion.contacts is not None:
        contacts = motion.contacts.double().numpy()
        columns |= {f"{name}_contact": contacts[:, place] for place, name in enumerate(JOINT_NAMES)}
    if clip.result is not None:
        own = slice(clip.first, clip.first + motion.frames)
        columns |= {name: values[own].double().numpy() for name, values in clip.result.diagnostics.items()}
    return columns


def _cell(value: int | float, decimals: int) -> str:
    if isinstance(value, int):
        return str(value)
    return f"{value:.{decimals}f}".rstrip("0").rstrip(".") if math.isfinite(value) else ""
