"""Acclaim motion capture: the motion (.amc) of a skeleton (.asf), as the CMU and HDM05 databases have it.

A bone of the ASF becomes a joint at the start of the bone that turns with it; the ends of the last bones are joints
too. Inside a bone's axis frame C the local rotation is C·M·C⁻¹ with M from the bone's angles, the first one applied
first.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from motionfit.errors import InputError
from motionfit.files.asf import AsfSkeleton, Bone, find_asf, read_asf
from motionfit.files.text import text_of
from motionfit.retarget.assemble import FileSkeleton, assemble_rig
from motionfit.retarget.euler import intrinsic_rotation
from motionfit.retarget.names import find_joints
from motionfit.retarget.rig import RigMotion
from motionfit.retarget.units import METRES_PER_UNIT, metres_per_unit

AMC_FPS = 120.0
"""AMC files do not say their rate; CMU and HDM05 were captured at 120 frames per second."""

_AGAIN = "Copy the .amc file again from where it comes from."


@dataclass(frozen=True)
class _Block:
    """One frame of an AMC: the words of its lines and the number of its first line."""

    lines: list[list[str]]
    first_line: int


def read_amc(path: Path, asf: Path | None = None, fps: float | None = None, unit: str | None = None) -> RigMotion:
    """Read a motion with its skeleton.

    Args:
        path: The .amc file.
        asf: Its skeleton; by default the .asf beside it that its name begins with.
        fps: Frames per second; by default 120, because the file does not say.
        unit: Length unit, one of `units.METRES_PER_UNIT`; by default the ASF's own.

    Returns:
        The rig, whose reference is the rest pose of the ASF (arms as in a T, legs and feet splayed by 20°).

    Raises:
        InputError: A file is missing, truncated or no ASF/AMC, or the two do not belong together.
    """
    if fps is not None and not (math.isfinite(fps) and fps > 0):
        raise InputError(f"{fps:g} frames per second were given for {path}.", "Give a rate above 0.")
    if path.suffix.lower() == ".asf":
        raise InputError(f"{path} is a skeleton without motion.", "Give the .amc file of a motion.")
    parsed, own_unit = _read_skeleton(path, asf, AMC_FPS if fps is None else fps)
    joint_map = find_joints(parsed.names, parsed.parents, path.name)
    scale, warnings = metres_per_unit(parsed.leg_length(joint_map), unit, own_unit)
    if fps is None and joint_map.family != "cmu-asf":
        warnings += (f"An AMC file does not say its frame rate; {AMC_FPS:g} frames per second are assumed.",)
    return assemble_rig(parsed, joint_map, scale, warnings)


def _read_skeleton(path: Path, asf: Path | None, fps: float) -> tuple[FileSkeleton, float]:
    """The skeleton in motion and how many metres its own unit is."""
    blocks, is_degrees = _blocks(text_of(path, "AMC"), path)
    skeleton = read_asf(find_asf(path) if asf is None else asf)
    values = _values(blocks, skeleton, path)
    rotations, positions, offsets = _channels(
        values, skeleton, skeleton.is_degrees if is_degrees is None else is_degrees
    )
    ends = _leaves(skeleton)
    names = tuple(bone.name for bone in skeleton.bones) + tuple(f"{skeleton.bones[leaf].name}_end" for leaf in ends)
    parents = tuple(bone.parent for bone in skeleton.bones) + ends
    parsed = FileSkeleton(path.name, names, parents, offsets, rotations, positions, fps)
    return parsed, METRES_PER_UNIT["in"] / skeleton.length


def _blocks(text: str, path: Path) -> tuple[list[_Block], bool | None]:
    """The frames, and whether the file says that its angles are degrees (None where it does not say)."""
    blocks: list[_Block] = []
    is_degrees = None
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words or words[0][0] == "#":
            continue
        if words[0][0] == ":":
            key = words[0].lower()
            is_degrees = {":degrees": True, ":radians": False}.get(key, is_degrees)
        elif len(words) == 1 and words[0].isdigit():
            blocks.append(_Block([], number + 1))
        elif not blocks:
            raise InputError(
                f"{path}: line {number} is {line.strip()[:60]!r}, where the number of a frame is expected.",
                "Give an AMC file.",
            )
        else:
            blocks[-1].lines.append(words)
    if not blocks:
        raise InputError(f"{path} holds no frames.", "Give a motion of 3 frames or more.")
    return blocks, is_degrees


def _values(blocks: list[_Block], skeleton: AsfSkeleton, path: Path) -> dict[str, np.ndarray]:
    """The numbers of each bone, frame by frame, in the order of its channels."""
    counts = {bone.name: len(bone.channels) for bone in skeleton.bones}
    order = [words[0] for words in blocks[0].lines]
    shape = [(words[0], len(words)) for words in blocks[0].lines]
    for index, block in enumerate(blocks):
        if index and [(words[0], len(words)) for words in block.lines] == shape:
            continue
        _check_block(block, counts, set(order), path, is_last=index == len(blocks) - 1)
        block.lines.sort(key=lambda words: order.index(words[0]))
    numbers = [word for block in blocks for words in block.lines for word in words[1:]]
    try:
        table = np.array(numbers, dtype=np.float64).reshape(len(blocks), -1)
    except ValueError:
        raise _unreadable(blocks, path) from None
    if not np.isfinite(table).all():
        raise _unreadable(blocks, path)
    stops = np.cumsum([counts[name] for name in order])
    return {name: table[:, stop - counts[name] : stop] for name, stop in zip(order, stops, strict=True)}


def _check_block(block: _Block, counts: dict[str, int], expected: set[str], path: Path, is_last: bool) -> None:
    for line, words in enumerate(block.lines, block.first_line):
        if words[0] not in counts:
            raise InputError(
                f"{path}: line {line} moves the bone {words[0]}, which the skeleton does not have.",
                "Give the .asf file of the same subject with --asf.",
            )
        if len(words) - 1 != counts[words[0]]:
            cut = " The file may be truncated." if is_last else ""
            raise InputError(
                f"{path}: line {line} has {len(words) - 1} numbers for the bone {words[0]}; "
                f"the skeleton says {counts[words[0]]}.{cut}",
                "Give the .asf file of the same subject with --asf, or copy the .amc file again.",
            )
    named = [words[0] for words in block.lines]
    missing = sorted(expected - set(named))
    if missing or len(named) != len(expected):
        what = f"no numbers for the bone {missing[0]}" if missing else "a bone twice"
        cut = "; the file may be truncated" if is_last else ""
        raise InputError(f"{path}: the frame at line {block.first_line} has {what}{cut}.", _AGAIN)
    if "root" not in named:
        raise InputError(f"{path}: the frame at line {block.first_line} has no root.", _AGAIN)


def _unreadable(blocks: list[_Block], path: Path) -> InputError:
    """The error for the first word that is no finite number."""
    for block in blocks:
        for line, words in enumerate(block.lines, block.first_line):
            for word in words[1:]:
                try:
                    is_good = math.isfinite(float(word))
                except ValueError:
                    is_good = False
                if not is_good:
                    return InputError(f"{path}: line {line} has {word} for {words[0]}, not a number.", _AGAIN)
    raise AssertionError("a table that cannot be read has a word that is no number")


def _channels(values: dict[str, np.ndarray], skeleton: AsfSkeleton, is_degrees: bool) -> tuple[Tensor, Tensor, Tensor]:
    """Local rotations, local positions and zero-pose offsets of all joints, the ends of the last bones included."""
    bones = skeleton.bones
    ends = _leaves(skeleton)
    frames = next(iter(values.values())).shape[0]
    starts = [bone.tip if bone.parent < 0 else _start(bones, bone.parent) for bone in bones]
    offsets = torch.stack(starts + [bones[leaf].tip for leaf in ends])
    positions = offsets.repeat(frames, 1, 1)
    rotations = torch.eye(3, dtype=torch.float64).repeat(frames, offsets.shape[0], 1, 1)
    for joint, bone in enumerate(bones):
        if bone.name not in values:
            continue
        numbers = torch.from_numpy(values[bone.name])
        rotations[:, joint] = bone.axes @ _turn(bone, numbers, is_degrees) @ bone.axes.transpose(-1, -2)
        if bone.parent < 0:
            positions[:, joint] += _move(bone, numbers)
    return rotations, positions, offsets


def _start(bones: tuple[Bone, ...], parent: int) -> Tensor:
    """A bone starts where its parent ends; the root has no length."""
    return bones[parent].tip if bones[parent].parent >= 0 else torch.zeros(3, dtype=torch.float64)


def _turn(bone: Bone, numbers: Tensor, is_degrees: bool) -> Tensor:
    columns = [index for index, channel in enumerate(bone.channels) if channel[0] == "r"]
    axes = "".join(bone.channels[index][1] for index in columns)
    angles = numbers[:, columns] * (math.pi / 180.0 if is_degrees else 1.0)
    return intrinsic_rotation(axes[::-1], angles.flip(-1))


def _move(bone: Bone, numbers: Tensor) -> Tensor:
    columns = {channel[1]: index for index, channel in enumerate(bone.channels) if channel[0] == "t"}
    zero = torch.zeros_like(numbers[:, 0])
    return torch.stack([numbers[:, columns[axis]] if axis in columns else zero for axis in "xyz"], -1)


def _leaves(skeleton: AsfSkeleton) -> tuple[int, ...]:
    """Bones without children."""
    carriers = {bone.parent for bone in skeleton.bones}
    return tuple(index for index in range(len(skeleton.bones)) if index not in carriers)
