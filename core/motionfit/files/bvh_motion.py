"""The MOTION part of a BVH file: a table of numbers, one line per frame."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from motionfit.errors import InputError

_AGAIN = "Export or copy the file again."
_RATE_HINT = "Give the frame rate with --fps."
_FRAMES = re.compile(r"\s*Frames\s*:\s*(\S+)\s*", re.IGNORECASE)
_FRAME_TIME = re.compile(r"\s*Frame\s*Time\s*:\s*(\S+)[^\S\n]*\r?\n?", re.IGNORECASE)


@dataclass(frozen=True)
class ChannelTable:
    """The channels of all frames.

    Attributes:
        values: (frames, channels) in the file's units: lengths, and angles in degrees.
        fps: Frames per second, of the file's Frame Time.
        warnings: What was odd.
    """

    values: np.ndarray
    fps: float
    warnings: tuple[str, ...]


def parse_motion(text: str, first_line: int, channels: int, path: Path, needs_rate: bool) -> ChannelTable:
    """Read the table.

    Args:
        text: All that stands after MOTION.
        first_line: Number of the file's line on which `text` begins, for messages.
        channels: Numbers per frame that the hierarchy asks for.
        path: For messages.
        needs_rate: Whether the Frame Time must make sense; else `fps` is 0.

    Raises:
        InputError: There are no frames, a line has another count of numbers, or a number is not finite.
    """
    frames, time = _FRAMES.match(text), None
    if frames is not None:
        time = _FRAME_TIME.match(text, frames.end())
    if frames is None or time is None:
        raise InputError(f"{path}: after MOTION stand no Frames and Frame Time; the file may be truncated.", _AGAIN)
    fps = _rate(time[1], path) if needs_rate else 0.0
    table = text[time.end() :]
    values = _values(table, channels)
    if values is None:
        raise _bad_line(table, first_line + text.count("\n", 0, time.end()), channels, path)
    if values.shape[0] == 0:
        raise InputError(f"{path} holds no frames.", "Give a motion of 3 frames or more.")
    return ChannelTable(values, fps, _count_warnings(frames[1], values.shape[0], path))


def _rate(word: str, path: Path) -> float:
    """Frames per second; a whole number where the Frame Time is one over it, as far as its digits go."""
    try:
        seconds = float(word)
    except ValueError:
        seconds = math.nan
    if not math.isfinite(seconds) or seconds <= 0:
        raise InputError(f"{path}: the Frame Time is {word}; it must be above 0 seconds.", _RATE_HINT)
    whole, digits = round(1.0 / seconds), len(word.partition(".")[2])
    return float(whole) if whole > 0 and round(1.0 / whole, digits) == seconds else 1.0 / seconds


def _values(table: str, channels: int) -> np.ndarray | None:
    """The numbers; None where a line does not hold as many finite numbers as there are channels."""
    lines = [line for line in table.splitlines() if line and not line.isspace()]
    words = [line.split() for line in lines]
    if any(len(line) != channels for line in words):
        return None
    try:
        values = np.array(words, dtype=np.float64).reshape(len(words), channels)
    except ValueError:
        return None
    return values if np.isfinite(values).all() else None


def _bad_line(table: str, first_line: int, channels: int, path: Path) -> InputError:
    """The error for the first line that cannot be read."""
    lines = table.splitlines()
    last = max(index for index, line in enumerate(lines) if line.strip())
    for index, line in enumerate(lines):
        words, number = line.split(), first_line + index
        if not words:
            continue
        if len(words) != channels:
            cut = " It is the last one: the file may be truncated." if index == last else ""
            return InputError(
                f"{path}: line {number} has {len(words)} numbers; the hierarchy asks for {channels}.{cut}", _AGAIN
            )
        bad = next((word for word in words if not _is_number(word)), None)
        if bad is not None:
            return InputError(f"{path}: line {number} holds {bad[:40]}, which is no finite number.", _AGAIN)
    raise AssertionError("a table that cannot be read has a bad line")


def _is_number(word: str) -> bool:
    try:
        return math.isfinite(float(word))
    except ValueError:
        return False


def _count_warnings(said: str, found: int, path: Path) -> tuple[str, ...]:
    if said == str(found):
        return ()
    return (f"{path.name} announces {said} frames and holds {found}; all that it holds are used.",)
