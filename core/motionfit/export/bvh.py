"""BVH (Biovision hierarchy): the skeleton with the person's own bones, in centimetres, y up, T-pose facing +z at rest.

Every joint has the channels Zrotation Xrotation Yrotation (degrees, R = Rz·Rx·Ry), the root also its position.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Float

from motionfit.body.skeleton import JOINT_NAMES, PARENTS
from motionfit.export.clip import ExportClip
from motionfit.files.atomic import atomic_file

_CM = 100.0
_ROTATIONS = "Zrotation Xrotation Yrotation"
_END = {"head": (0.0, 18.0, 0.0), "left_foot": (0.0, 0.0, 6.0), "right_foot": (0.0, 0.0, 6.0)}
_WRIST_END = 8.0


def write_bvh(path: Path, clip: ExportClip) -> None:
    """Write a motion; every joint's position is that of the body to rounding.

    Raises:
        OutputError: The place is not writable or the disk is full.
    """
    rest = clip.rest_joints().double().numpy() * _CM
    lines = ["HIERARCHY", *_hierarchy(0, rest, 0)]
    angles = zxy_degrees(clip.local_rotations().double().numpy())
    places = clip.root_path().double().numpy() * _CM
    order = _depth_first(0)
    table = np.concatenate([places, angles[:, order].reshape(len(places), -1)], 1)
    lines += ["MOTION", f"Frames: {len(table)}", f"Frame Time: {1.0 / clip.motion.fps:.8f}"]
    lines += [" ".join(f"{value:.6f}" for value in row) for row in table]
    with atomic_file(path) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="ascii")


def zxy_degrees(rotations: Float[np.ndarray, "frames joints 3 3"]) -> Float[np.ndarray, "frames joints 3"]:
    """Angles z, x, y of R = Rz·Rx·Ry in degrees, without jumps by 360° from frame to frame.

    Where x is ±90° (gimbal lock) the whole turn about the vertical is put into z.
    """
    sine = np.clip(rotations[..., 2, 1], -1.0, 1.0)
    is_locked = np.abs(sine) > 1.0 - 1e-9
    z = np.arctan2(-rotations[..., 0, 1], rotations[..., 1, 1])
    y = np.arctan2(-rotations[..., 2, 0], rotations[..., 2, 2])
    z = np.where(is_locked, np.arctan2(rotations[..., 1, 0], rotations[..., 0, 0]), z)
    y = np.where(is_locked, 0.0, y)
    angles = np.stack([z, np.arcsin(sine), y], -1)
    return np.asarray(np.degrees(np.unwrap(angles, axis=0)))


def _children(joint: int) -> list[int]:
    return [child for child, parent in enumerate(PARENTS) if parent == joint]


def _depth_first(joint: int) -> list[int]:
    return [joint, *(place for child in _children(joint) for place in _depth_first(child))]


def _hierarchy(joint: int, rest: np.ndarray, depth: int) -> list[str]:
    """Lines of a joint and all below it."""
    tab, inner = "\t" * depth, "\t" * (depth + 1)
    offset = rest[joint] - rest[PARENTS[joint]] if joint else np.zeros(3)
    channels = f"CHANNELS 3 {_ROTATIONS}" if joint else f"CHANNELS 6 Xposition Yposition Zposition {_ROTATIONS}"
    lines = [f"{tab}{'JOINT' if joint else 'ROOT'} {JOINT_NAMES[joint]}", f"{tab}{{"]
    lines += [f"{inner}{_offset(offset)}", f"{inner}{channels}"]
    for child in _children(joint):
        lines += _hierarchy(child, rest, depth + 1)
    if not _children(joint):
        lines += [f"{inner}End Site", f"{inner}{{", f"{inner}\t{_offset(_end_of(joint, offset))}", f"{inner}}}"]
    return [*lines, f"{tab}}}"]


def _end_of(joint: int, offset: np.ndarray) -> np.ndarray:
    """Where the bone of a last joint ends; programs draw it, nothing is computed from it."""
    name = JOINT_NAMES[joint]
    return np.array(_END[name]) if name in _END else _WRIST_END * offset / np.linalg.norm(offset)


def _offset(vector: np.ndarray) -> str:
    return "OFFSET " + " ".join(f"{value:.6f}" for value in vector)
