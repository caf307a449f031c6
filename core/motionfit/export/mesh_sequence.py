"""The mesh of every frame as OBJ or PLY, metres, z up; all files have the same vertices and faces in the same order."""

from __future__ import annotations

from pathlib import Path

import torch
import trimesh

from motionfit.body.model import vertices
from motionfit.export.clip import ExportClip
from motionfit.files.atomic import atomic_file, atomic_folder


def write_mesh_sequence(path: Path, clip: ExportClip) -> None:
    """Write one frame to `path`, or several to NAME_0000.obj, … in a folder named like `path` without its suffix.

    Raises:
        OutputError: The place is not writable or the disk is full.
    """
    if clip.motion.frames == 1:
        with atomic_file(path) as temporary:
            temporary.write_bytes(_mesh_file(clip, 0, path.suffix))
        return
    digits = max(len(str(clip.motion.frames - 1)), 4)
    with atomic_folder(sequence_folder(path)) as folder:
        for frame in range(clip.motion.frames):
            name = f"{path.stem}_{frame:0{digits}d}{path.suffix}"
            (folder / name).write_bytes(_mesh_file(clip, frame, path.suffix))


def sequence_folder(path: Path) -> Path:
    """Where the files of several frames go."""
    return path.with_suffix("")


def _mesh_file(clip: ExportClip, frame: int, suffix: str) -> bytes:
    one = clip.motion.slice(frame, frame + 1)
    with torch.no_grad():
        points = vertices(clip.body, one.betas, one.translation, one.root_orientation, one.body_pose)[0]
    mesh = trimesh.Trimesh(points.double().numpy(), clip.body.faces.numpy(), process=False)
    if suffix.lower() == ".obj":
        text = mesh.export(file_type="obj", include_normals=False, include_color=False, header=None, digits=6)
        return str(text).encode("ascii")
    content = mesh.export(file_type="ply", vertex_normal=False)
    assert isinstance(content, bytes)
    return content
