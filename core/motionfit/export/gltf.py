"""Binary glTF 2.0 (.glb): the person's mesh skinned to the 22 body joints, with the motion as an animation.

glTF has metres, y up, and faces +z. Joint nodes stand in the rest T-pose, and the mesh is the person's own shape. It is
skinned linearly with all influences that the body has (four to a set). The pose-dependent corrections of SMPL bodies
have no place in glTF, so the surface differs from the body's by millimetres at bent joints; the joints are exact.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from motionfit import __version__
from motionfit.body.skeleton import BODY_JOINTS, JOINT_NAMES, PARENTS
from motionfit.export.clip import ExportClip
from motionfit.files.atomic import atomic_file
from motionfit.geometry.rotations import quaternion_from_rotation

_FLOAT, _UNSIGNED_SHORT, _UNSIGNED_INT = 5126, 5123, 5125
_ARRAY_BUFFER, _ELEMENT_BUFFER = 34962, 34963
_KINDS = {1: "SCALAR", 3: "VEC3", 4: "VEC4", 16: "MAT4"}
_TYPES = {"float32": _FLOAT, "uint16": _UNSIGNED_SHORT, "uint32": _UNSIGNED_INT}


@dataclass
class _Buffer:
    """Arrays laid one after the other, and what describes them."""

    content: bytearray = field(default_factory=bytearray)
    views: list[dict[str, Any]] = field(default_factory=list)
    accessors: list[dict[str, Any]] = field(default_factory=list)

    def add(self, values: np.ndarray, target: int | None = None, bounds: bool = False) -> int:
        """Append rows of an array; returns the number of its accessor."""
        rows = np.ascontiguousarray(values).reshape(len(values), -1)
        view: dict[str, Any] = {"buffer": 0, "byteOffset": len(self.content), "byteLength": rows.nbytes}
        if target is not None:
            view["target"] = target
        accessor: dict[str, Any] = {
            "bufferView": len(self.views),
            "componentType": _TYPES[str(rows.dtype)],
            "count": len(rows),
            "type": _KINDS[rows.shape[1]],
        }
        if bounds:
            accessor |= {"min": rows.min(0).tolist(), "max": rows.max(0).tolist()}
        self.content += rows.astype(rows.dtype.newbyteorder("<")).tobytes()
        self.content += b"\0" * (-len(self.content) % 4)
        self.views.append(view)
        self.accessors.append(accessor)
        return len(self.accessors) - 1


def write_glb(path: Path, clip: ExportClip) -> None:
    """Write a motion.

    Raises:
        OutputError: The place is not writable or the disk is full.
    """
    buffer = _Buffer()
    document = {
        "asset": {"version": "2.0", "generator": f"MotionFit {__version__}"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": _nodes(clip),
        "meshes": [{"name": "body", "primitives": [_primitive(clip, buffer)]}],
        "skins": [_skin(clip, buffer)],
        "animations": [_animation(clip, buffer)],
    }
    document |= {
        "accessors": buffer.accessors,
        "bufferViews": buffer.views,
        "buffers": [{"byteLength": len(buffer.content)}],
    }
    with atomic_file(path) as temporary:
        temporary.write_bytes(_binary(document, bytes(buffer.content)))


def _nodes(clip: ExportClip) -> list[dict[str, Any]]:
    """Node 0 holds all, 1 is the mesh, and 2, 3, … are the joints."""
    rest = clip.rest_joints().double().numpy()
    nodes: list[dict[str, Any]] = [
        {"name": clip.name, "children": [1, 2]},
        {"name": "body", "mesh": 0, "skin": 0},
    ]
    for joint, name in enumerate(JOINT_NAMES):
        offset = rest[joint] - rest[PARENTS[joint]] if joint else rest[0]
        node: dict[str, Any] = {"name": name, "translation": offset.tolist()}
        children = [2 + child for child, parent in enumerate(PARENTS) if parent == joint]
        nodes.append(node | ({"children": children} if children else {}))
    return nodes


def _primitive(clip: ExportClip, buffer: _Buffer) -> dict[str, Any]:
    points = clip.body.surface.shaped(clip.motion.betas).numpy().astype(np.float32)
    faces = clip.body.faces.numpy().astype(np.uint32)
    attributes = {
        "POSITION": buffer.add(points, _ARRAY_BUFFER, bounds=True),
        "NORMAL": buffer.add(_normals(points, faces), _ARRAY_BUFFER),
    }
    joints, weights = _influences(clip.body.surface.weights.double().numpy())
    for number in range(joints.shape[1] // 4):
        four = slice(4 * number, 4 * number + 4)
        attributes[f"JOINTS_{number}"] = buffer.add(joints[:, four], _ARRAY_BUFFER)
        attributes[f"WEIGHTS_{number}"] = buffer.add(weights[:, four], _ARRAY_BUFFER)
    indices = buffer.add(faces.reshape(-1, 1), _ELEMENT_BUFFER)
    return {"attributes": attributes, "indices": indices, "mode": 4}


def _influences(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Joints and weights of each vertex, largest first, in sets of four that hold all that count."""
    most = int((weights > 0).sum(1).max())
    count = min(4 * -(-most // 4), BODY_JOINTS)
    count += -count % 4
    padded = np.pad(weights, ((0, 0), (0, max(count - BODY_JOINTS, 0))))
    order = np.argsort(-padded, axis=1, kind="stable")[:, :count]
    chosen = np.take_along_axis(padded, order, 1)
    joints = np.where(chosen > 0, order, 0).astype(np.uint16)
    return joints, (chosen / chosen.sum(1, keepdims=True)).astype(np.float32)


def _normals(points: np.ndarray, faces: np.ndarray) -> np.ndarray:
    corners = points[faces].astype(np.float64)
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    sums = np.zeros(points.shape)
    for corner in range(3):
        np.add.at(sums, faces[:, corner], across)
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    return np.where(lengths > 0, sums / np.maximum(lengths, 1e-12), (0.0, 1.0, 0.0)).astype(np.float32)


def _skin(clip: ExportClip, buffer: _Buffer) -> dict[str, Any]:
    inverse = np.tile(np.eye(4), (BODY_JOINTS, 1, 1))
    inverse[:, :3, 3] = -clip.rest_joints().double().numpy()
    columns = inverse.transpose(0, 2, 1).astype(np.float32)
    return {
        "joints": [2 + joint for joint in range(BODY_JOINTS)],
        "skeleton": 2,
        "inverseBindMatrices": buffer.add(columns.reshape(BODY_JOINTS, 16)),
    }


def _animation(clip: ExportClip, buffer: _Buffer) -> dict[str, Any]:
    times = np.arange(clip.motion.frames, dtype=np.float32)[:, None] / np.float32(clip.motion.fps)
    when = buffer.add(times, bounds=True)
    tracks = [(2, "translation", clip.root_path().numpy().astype(np.float32))]
    turns = quaternion_from_rotation(clip.local_rotations().double()).numpy()
    for joint in range(BODY_JOINTS):
        tracks.append((2 + joint, "rotation", _continuous(turns[:, joint])[:, [1, 2, 3, 0]].astype(np.float32)))
    samplers = [{"input": when, "output": buffer.add(values), "interpolation": "LINEAR"} for _, _, values in tracks]
    channels = [
        {"sampler": number, "target": {"node": node, "path": what}} for number, (node, what, _) in enumerate(tracks)
    ]
    return {"name": "motion", "samplers": samplers, "channels": channels}


def _continuous(quaternions: np.ndarray) -> np.ndarray:
    """The same rotations with each quaternion on the side of the one before."""
    flips = (quaternions[1:] * quaternions[:-1]).sum(-1) < 0
    signs = np.where(np.concatenate([[False], np.cumsum(flips) % 2 == 1]), -1.0, 1.0)
    return np.asarray(quaternions * signs[:, None])


def _binary(document: dict[str, Any], content: bytes) -> bytes:
    text = json.dumps(document, separators=(",", ":"), allow_nan=False).encode("utf-8")
    text += b" " * (-len(text) % 4)
    chunks = struct.pack("<I4s", len(text), b"JSON") + text + struct.pack("<I4s", len(content), b"BIN\0") + content
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks
