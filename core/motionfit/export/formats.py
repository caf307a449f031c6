"""The formats that a motion can be written in, by the end of the file's name."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from motionfit.errors import SettingsError, require_one_of
from motionfit.export.bvh import write_bvh
from motionfit.export.clip import ExportClip
from motionfit.export.gltf import write_glb
from motionfit.export.mesh_sequence import sequence_folder, write_mesh_sequence
from motionfit.export.movie import write_movie
from motionfit.export.table import write_table
from motionfit.files.amass import amass_arrays
from motionfit.files.atomic import atomic_file
from motionfit.files.npz import write_npz
from motionfit.files.result import result_arrays


@dataclass(frozen=True)
class Format:
    """One kind of file.

    Attributes:
        title: What it is, with units and axes.
        write: Writes it.
    """

    title: str
    write: Callable[[Path, ExportClip], None]


def _write_npz(path: Path, clip: ExportClip) -> None:
    arrays = result_arrays(clip.result, clip.body) if clip.result is not None and clip.is_whole else {}
    write_npz(path, {**arrays, **amass_arrays(clip.motion)})


def _write_report(path: Path, clip: ExportClip) -> None:
    if clip.report is None:
        raise SettingsError(f"{clip.name} is a motion without a fit, so it has no report.", "Give a result folder.")
    with atomic_file(path) as temporary:
        text = json.dumps(clip.report, indent=1, ensure_ascii=False, allow_nan=False)
        temporary.write_text(text + "\n", encoding="utf-8")


FORMATS: Mapping[str, Format] = {
    ".npz": Format("AMASS layout: axis-angle poses, metres, z up", _write_npz),
    ".bvh": Format("BVH: skeleton and rotations, centimetres, y up", write_bvh),
    ".glb": Format("binary glTF: skinned mesh and animation, metres, y up", write_glb),
    ".obj": Format("OBJ: the mesh of every frame, metres, z up", write_mesh_sequence),
    ".ply": Format("PLY: the mesh of every frame, metres, z up", write_mesh_sequence),
    ".csv": Format("CSV: joints (m, z up), joint angles (degrees), contacts, measures of the fit", write_table),
    ".json": Format("JSON: the report of the fit with losses and per-frame measures", _write_report),
    ".mp4": Format("MP4: over the video (with --video), else seen from a camera that goes round", write_movie),
}


def export(path: Path, clip: ExportClip) -> Path:
    """Write a motion in the format that the name asks for.

    Returns:
        The file, or the folder of several files, that was written.

    Raises:
        SettingsError: There is no such format, or the clip lacks what it needs.
        OutputError: The place is not writable or the disk is full.
    """
    suffix = path.suffix.lower()
    require_one_of(suffix, FORMATS, "format to export to")
    FORMATS[suffix].write(path, clip)
    is_sequence = suffix in (".obj", ".ply") and clip.motion.frames > 1
    return sequence_folder(path) if is_sequence else path
