"""The skeleton of Acclaim motion capture (.asf)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from motionfit.errors import InputError
from motionfit.files.text import text_of
from motionfit.retarget.euler import intrinsic_rotation

_AGAIN = "Copy the .asf file again from where it comes from."
_ROTATIONS = {"rx", "ry", "rz"}
_MOVES = {"tx", "ty", "tz"}


@dataclass(frozen=True)
class Bone:
    """A bone of an ASF skeleton.

    Attributes:
        name: As the AMC file names it; "root" for the root.
        parent: Index of the parent; -1 for the root.
        axes: World from the bone's axis frame C, in the zero pose.
        channels: What a line of the AMC holds for it, in order: of tx ty tz rx ry rz l; empty for a rigid bone.
        tip: From the bone's start to its end in the zero pose, in ASF units; the root's is its place.
    """

    name: str
    parent: int
    axes: Float[Tensor, "3 3"]
    channels: tuple[str, ...]
    tip: Float[Tensor, "3"]


@dataclass(frozen=True)
class AsfSkeleton:
    """Bones, parents before children, with the units of the file.

    Attributes:
        bones: The root first.
        length: The `length` of the `:units` section: file units times 0.0254 / length are metres.
        is_degrees: Whether angles are in degrees, also those of an AMC that does not say.
    """

    bones: tuple[Bone, ...]
    length: float
    is_degrees: bool


def read_asf(path: Path) -> AsfSkeleton:
    """Read a skeleton.

    Raises:
        InputError: The file is missing, truncated or no ASF skeleton.
    """
    sections = _sections(text_of(path, "ASF"))
    missing = [name for name in ("root", "bonedata", "hierarchy") if name not in sections]
    if missing:
        raise InputError(f"{path} is no ASF skeleton, or it is truncated: it has no :{missing[0]} part.", _AGAIN)
    length, is_degrees = _units(sections.get("units", []), path)
    unit = torch.pi / 180.0 if is_degrees else 1.0
    bones = _bones(sections["bonedata"], unit, path)
    bones["root"] = _root(sections["root"], unit, path)
    return AsfSkeleton(_ordered(bones, _hierarchy(sections["hierarchy"], path), path), length, is_degrees)


def _sections(text: str) -> dict[str, list[list[str]]]:
    """Lines, cut into words, of every `:part`; the words after the name of the part are its first line."""
    sections: dict[str, list[list[str]]] = {}
    lines: list[list[str]] = []
    for line in text.splitlines():
        words = line.split("#", 1)[0].split()
        if words and words[0].startswith(":"):
            lines = sections.setdefault(words[0][1:].lower(), [])
            words = words[1:]
        if words:
            lines.append(words)
    return sections


def _numbers(words: list[str], count: int, what: str, path: Path) -> Tensor:
    try:
        values = torch.tensor([float(word) for word in words[:count]], dtype=torch.float64)
    except ValueError as error:
        raise InputError(f"{path}: {what} is {' '.join(words)}, not {count} numbers.", _AGAIN) from error
    if values.shape != (count,) or not bool(values.isfinite().all()):
        raise InputError(f"{path}: {what} is {' '.join(words) or 'empty'}, not {count} numbers.", _AGAIN)
    return values


def _units(lines: list[list[str]], path: Path) -> tuple[float, bool]:
    values = {line[0].lower(): line[1:] for line in lines}
    length = float(_numbers(values.get("length", ["1.0"]), 1, "the length unit", path)[0])
    if length <= 0:
        raise InputError(f"{path}: the length unit is {length:g}; it must be above 0.", _AGAIN)
    return length, (values.get("angle") or ["deg"])[0].lower().startswith("deg")


def _axes(angles: Tensor, order: str, unit: float, path: Path) -> Tensor:
    """The axis frame of a bone: the axis named first is turned about first."""
    axes = order.lower()
    if sorted(axes) != ["x", "y", "z"]:
        raise InputError(f"{path}: {order or 'nothing'} is no order of the axes X, Y and Z.", _AGAIN)
    return intrinsic_rotation(axes[::-1], angles.flip(-1) * unit)


def _root(lines: list[list[str]], unit: float, path: Path) -> Bone:
    values = {line[0].lower(): line[1:] for line in lines}
    axes = _axes(
        _numbers(values.get("orientation", ["0"] * 3), 3, "the orientation of the root", path),
        "".join(values.get("axis", ["XYZ"])),
        unit,
        path,
    )
    place = _numbers(values.get("position", ["0"] * 3), 3, "the position of the root", path)
    channels = tuple(word.lower() for word in values.get("order", ["TX", "TY", "TZ", "RX", "RY", "RZ"]))
    return Bone("root", -1, axes, _checked_channels(channels, "root", path), place)


def _bones(lines: list[list[str]], unit: float, path: Path) -> dict[str, Bone]:
    bones: dict[str, Bone] = {}
    block: dict[str, list[str]] | None = None
    for words in lines:
        if words[0] == "begin":
            block = {}
        elif words[0] == "end" and block is not None:
            bone = _bone(block, unit, path)
            bones[bone.name] = bone
            block = None
        elif block is not None:
            block.setdefault(words[0].lower(), words[1:])
    if block is not None or not bones:
        raise InputError(f"{path} is truncated: the bones end after {', '.join(bones) or 'nothing'}.", _AGAIN)
    return bones


def _bone(block: dict[str, list[str]], unit: float, path: Path) -> Bone:
    name = " ".join(block.get("name", []))
    missing = [key for key in ("name", "direction", "length", "axis") if not block.get(key)]
    if missing:
        raise InputError(f"{path}: the bone {name or '(no name)'} has no {missing[0]}.", _AGAIN)
    direction = _numbers(block["direction"], 3, f"the direction of {name}", path)
    norm = float(direction.norm())
    length = float(_numbers(block["length"], 1, f"the length of {name}", path)[0])
    axes = _axes(
        _numbers(block["axis"], 3, f"the axis of {name}", path), "".join(block["axis"][3:]) or "XYZ", unit, path
    )
    channels = _checked_channels(tuple(word.lower() for word in block.get("dof", [])), name, path)
    return Bone(name, -1, axes, channels, direction / norm * length if norm > 0 else torch.zeros_like(direction))


def _checked_channels(channels: tuple[str, ...], name: str, path: Path) -> tuple[str, ...]:
    unknown = [channel for channel in channels if channel not in _ROTATIONS | _MOVES | {"l"}]
    if unknown:
        raise InputError(f"{path}: {unknown[0]} of {name} is no degree of freedom (rx ry rz tx ty tz l).", _AGAIN)
    return channels


def _hierarchy(lines: list[list[str]], path: Path) -> dict[str, str]:
    """Parent of each bone."""
    parents: dict[str, str] = {}
    for words in lines:
        if words[0] in ("begin", "end"):
            continue
        for child in words[1:]:
            if child in parents:
                raise InputError(f"{path}: {child} hangs on {parents[child]} and on {words[0]}.", _AGAIN)
            parents[child] = words[0]
    return parents


def _ordered(bones: dict[str, Bone], parents: dict[str, str], path: Path) -> tuple[Bone, ...]:
    """The bones that the root carries, parents first, in the order of the file."""
    unknown = [name for pair in parents.items() for name in pair if name not in bones]
    if unknown:
        raise InputError(f"{path}: the hierarchy names {unknown[0]}, but there is no such bone.", _AGAIN)
    loose = [name for name in bones if name != "root" and name not in parents]
    if loose:
        raise InputError(f"{path}: the bone {loose[0]} hangs on nothing; the hierarchy may be truncated.", _AGAIN)
    order = ["root"]
    for name in order:
        order += [child for child, parent in parents.items() if parent == name]
    lost = [name for name in bones if name not in order]
    if lost:
        raise InputError(f"{path}: the bone {lost[0]} cannot be reached from the root.", _AGAIN)
    indices = {name: index for index, name in enumerate(order)}
    return tuple(
        Bone(
            name,
            indices[parents[name]] if name != "root" else -1,
            bones[name].axes,
            bones[name].channels,
            bones[name].tip,
        )
        for name in order
    )


def find_asf(amc: Path) -> Path:
    """The skeleton beside a motion: `07_02.amc` needs `07.asf`, `HDM_bd_walk.amc` needs `HDM_bd.asf`.

    Raises:
        InputError: There is none with the motion's name or the start of it.
    """
    folder = amc.parent
    beside = {path.stem.lower(): path for path in sorted(folder.iterdir()) if path.suffix.lower() == ".asf"}
    stem = amc.stem.lower()
    starts = [stem] + [stem[: match.start()] for match in reversed(list(re.finditer(r"[_\-. ]", stem)))]
    for start in starts:
        if start in beside:
            return beside[start]
    there = f"the folder has {', '.join(path.name for path in beside.values())}" if beside else "the folder has none"
    raise InputError(
        f"{amc} needs the skeleton of its subject (an .asf file), and {there} that fits.",
        f"Put {starts[-1] if len(starts) > 1 else amc.stem}.asf beside it, or name the file with --asf.",
    )
