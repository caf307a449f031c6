"""BVH motion capture: any channel order, any unit, and the habits of the programs that write it.

Rotations are intrinsic in the order of the channels. End Sites become joints named by their parent with `_end`.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from motionfit.errors import InputError
from motionfit.files.bvh_hierarchy import BvhJoint, parse_hierarchy
from motionfit.files.bvh_motion import parse_motion
from motionfit.files.text import text_of
from motionfit.retarget.assemble import FileSkeleton, assemble_rig
from motionfit.retarget.euler import intrinsic_rotation
from motionfit.retarget.names import find_joints
from motionfit.retarget.reference import with_reference
from motionfit.retarget.rig import RigMotion
from motionfit.retarget.units import metres_per_unit

_AGAIN = "Export or copy the file again."
_DAZ_FPS = 120.0
_DAZ_RATE = (
    "Files of this rig say 120 frames per second also where 60 were captured (CMU subjects 60 and 61, salsa), and the "
    "motion alone does not tell which. If it looks twice too fast, give the frame rate."
)


def read_bvh(path: Path, fps: float | None = None, unit: str | None = None, reference: Path | None = None) -> RigMotion:
    """Read a motion.

    Args:
        path: The .bvh file.
        fps: Frames per second where the file's Frame Time is wrong.
        unit: Length unit, one of `units.METRES_PER_UNIT`; by default guessed from the length of the legs.
        reference: A BVH file of the same rig whose first frame is a T-pose; by default the reference pose is found
            in `path` itself (see `retarget.reference`).

    Raises:
        InputError: The file is missing, truncated, no BVH, has no frames, or its skeleton is not recognised.
    """
    if fps is not None and not (math.isfinite(fps) and fps > 0):
        raise InputError(f"{fps:g} frames per second were given for {path}.", "Give a rate above 0.")
    skeleton, warnings = _read_skeleton(path, fps)
    joint_map = find_joints(skeleton.names, skeleton.parents, skeleton.source)
    scale, assumed = metres_per_unit(skeleton.leg_length(joint_map), unit)
    if fps is None and joint_map.family == "daz" and abs(skeleton.fps - _DAZ_FPS) < 1:
        assumed += (_DAZ_RATE,)
    rig = _on_the_ground(assemble_rig(skeleton, joint_map, scale, (*warnings, *assumed)), skeleton.offsets[0] * scale)
    if reference is None:
        return with_reference(rig)
    posed = read_bvh(reference, unit=unit)
    if (posed.names, posed.parents) != (rig.names, rig.parents):
        raise InputError(f"{reference} does not have the skeleton of {path}.", "Give a T-pose of the same rig.")
    return with_reference(rig, posed.slice(0, 1))


def _read_skeleton(path: Path, fps: float | None) -> tuple[FileSkeleton, tuple[str, ...]]:
    text = text_of(path, "BVH")
    start = re.search(r"^\s*MOTION\b.*$", text, re.MULTILINE | re.IGNORECASE)
    if not re.match(r"\s*HIERARCHY\b", text, re.IGNORECASE):
        raise InputError(f"{path} is not a BVH file: it does not begin with HIERARCHY.", "Give a BVH file.")
    if start is None:
        raise InputError(f"{path} has no MOTION part; it is truncated or holds a skeleton only.", _AGAIN)
    joints = parse_hierarchy(text[: start.start()], path)
    channels = sum(len(joint.channels) for joint in joints)
    first_line = 1 + text.count("\n", 0, start.end())
    table = parse_motion(text[start.end() :], first_line, channels, path, needs_rate=fps is None)
    rotations, positions = _local_motion(joints, torch.from_numpy(table.values))
    skeleton = FileSkeleton(
        source=path.name,
        names=tuple(joint.name for joint in joints),
        parents=tuple(joint.parent for joint in joints),
        offsets=torch.tensor([joint.offset for joint in joints], dtype=torch.float64),
        rotations=rotations,
        positions=positions,
        fps=table.fps if fps is None else fps,
    )
    return skeleton, table.warnings


def _local_motion(joints: list[BvhJoint], values: Tensor) -> tuple[Tensor, Tensor]:
    """Rotations and positions relative to the parents; an axis without a channel keeps its offset."""
    frames = values.shape[0]
    offsets = torch.tensor([joint.offset for joint in joints], dtype=torch.float64)
    rotations = torch.eye(3, dtype=torch.float64).repeat(frames, len(joints), 1, 1)
    positions = offsets.repeat(frames, 1, 1)
    column = 0
    for index, joint in enumerate(joints):
        columns = values[:, column : column + len(joint.channels)]
        column += len(joint.channels)
        turns = [place for place, (kind, _) in enumerate(joint.channels) if kind == "r"]
        if turns:
            axes = "".join(joint.channels[place][1] for place in turns)
            rotations[:, index] = intrinsic_rotation(axes, columns[:, turns] * (math.pi / 180.0))
        for place, (kind, axis) in enumerate(joint.channels):
            if kind == "p":
                positions[:, index, "xyz".index(axis)] = columns[:, place]
        if index and _is_from_offset(positions[:, index], offsets[index]):
            positions[:, index] += offsets[index]
    return rotations, positions


def _is_from_offset(positions: Tensor, offset: Tensor) -> bool:
    """Whether the position channels of a joint are moves from its offset, not what replaces it."""
    return bool((positions.norm(dim=-1) < (positions - offset).norm(dim=-1)).double().mean() > 0.5)


def _on_the_ground(rig: RigMotion, root_offset: Tensor) -> RigMotion:
    """The rig with its root offset added to the positions if that brings its lowest points nearer to y = 0.

    In most files the position channels of the root replace its offset, in some (iClone) they add to it.
    """
    lowest = rig.positions[..., 1].amin(1).quantile(0.05)
    if (lowest + root_offset[1]).abs() < lowest.abs():
        return replace(rig, positions=rig.positions + root_offset)
    return rig
