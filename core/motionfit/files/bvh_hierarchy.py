"""The HIERARCHY part of a BVH file."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from motionfit.errors import InputError

_AGAIN = "Export or copy the file again."
_CHANNELS = {f"{axis}{kind}": (kind[0], axis) for axis in "xyz" for kind in ("position", "rotation")}


@dataclass(frozen=True)
class BvhJoint:
    """A joint of the hierarchy.

    Attributes:
        name: As in the file; `<parent>_end` for an End Site.
        parent: Index of the parent; -1 for a root.
        offset: From the parent, in the file's unit.
        channels: Kind ("p" for position, "r" for rotation) and axis of each channel, in order.
    """

    name: str
    parent: int
    offset: tuple[float, float, float]
    channels: tuple[tuple[str, str], ...]


def parse_hierarchy(text: str, path: Path) -> list[BvhJoint]:
    """The joints of a hierarchy, parents first.

    Args:
        text: All that stands before MOTION.
        path: For messages.

    Raises:
        InputError: The braces do not match, a joint lacks its offset, or there is no root.
    """
    found: list[_Joint] = []
    open_joints: list[int] = []
    awaited: _Joint | None = None
    for number, words in _statements(text):
        key = words[0].upper()
        if key in ("ROOT", "JOINT", "END"):
            awaited = _Joint(_name(words, found, open_joints), open_joints[-1] if open_joints else -1, number)
        elif key == "{" and awaited is not None:
            open_joints.append(len(found))
            found.append(awaited)
            awaited = None
        elif key == "}" and open_joints:
            open_joints.pop()
        elif key == "OFFSET" and open_joints and len(words) == 4:
            found[open_joints[-1]].offset = _offset(words, number, path)
        elif key == "CHANNELS" and open_joints:
            found[open_joints[-1]].channels = _channels(words, number, path)
        elif key != "HIERARCHY":
            raise InputError(f"{path}: line {number} ({' '.join(words)[:60]}) is not expected there.", _AGAIN)
    if awaited is not None or open_joints:
        name = awaited.name if awaited is not None else found[open_joints[-1]].name
        raise InputError(f"{path}: the braces of the hierarchy do not match; {name} is not closed.", _AGAIN)
    return [_finished(joint, path) for joint in found]


class _Joint:
    """A joint while its block is read."""

    def __init__(self, name: str, parent: int, line: int) -> None:
        self.name, self.parent, self.line = name, parent, line
        self.offset: tuple[float, float, float] | None = None
        self.channels: tuple[tuple[str, str], ...] = ()


def _statements(text: str) -> Iterator[tuple[int, list[str]]]:
    """Numbered statements: braces stand alone, all else is a line."""
    for number, line in enumerate(text.splitlines(), 1):
        for piece in re.split(r"([{}])", line):
            if piece.strip():
                yield number, piece.split()


def _name(words: list[str], found: list[_Joint], open_joints: list[int]) -> str:
    if words[0].upper() == "END":
        return f"{found[open_joints[-1]].name}_end" if open_joints else "end"
    return " ".join(words[1:])


def _offset(words: list[str], number: int, path: Path) -> tuple[float, float, float]:
    try:
        x, y, z = (float(word) for word in words[1:])
    except ValueError:
        x = y = z = math.nan
    if not math.isfinite(x + y + z):
        raise InputError(f"{path}: line {number} ({' '.join(words)}) holds no three numbers.", _AGAIN)
    return x, y, z


def _channels(words: list[str], number: int, path: Path) -> tuple[tuple[str, str], ...]:
    named = [word.lower() for word in words[2:]]
    unknown = [word for word in named if word not in _CHANNELS]
    if len(words) < 2 or words[1] != str(len(named)) or unknown:
        raise InputError(
            f"{path}: line {number} ({' '.join(words)}) is not a count of channels and as many names.",
            "Channels are Xposition, Yposition, Zposition, Xrotation, Yrotation, Zrotation.",
        )
    return tuple(_CHANNELS[word] for word in named)


def _finished(joint: _Joint, path: Path) -> BvhJoint:
    if joint.offset is None:
        raise InputError(f"{path}: the joint {joint.name} (line {joint.line}) has no OFFSET.", _AGAIN)
    return BvhJoint(joint.name, joint.parent, joint.offset, joint.channels)
