"""The options that commands share."""

from __future__ import annotations

import argparse
import os
import re
from typing import Any

Commands = Any
"""What `ArgumentParser.add_subparsers` returns; argparse does not name its type in public."""


def default_threads() -> int:
    """One less than the cores that this process may use, at least 1."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores - 1)


def add_common(parser: argparse.ArgumentParser) -> None:
    """--json, --quiet, -v, --device, --threads, --seed."""
    group = parser.add_argument_group("for every command")
    group.add_argument("--json", action="store_true", help="print one JSON object on stdout")
    group.add_argument("--quiet", action="store_true", help="print errors only")
    group.add_argument("-v", "--verbose", action="store_true", help="print the log")
    group.add_argument("--device", type=device, default="auto", help="auto, cpu or cuda[:n] (auto)")
    group.add_argument(
        "--threads", type=positive, default=default_threads(), help="CPU threads (cores − 1: %(default)s)"
    )
    group.add_argument("--seed", type=int, default=0, help="of whatever is drawn at random (0)")


def positive(text: str) -> int:
    """An integer of 1 or more."""
    try:
        number = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is not 1 or more")
    return number


def not_negative(text: str) -> int:
    """An integer of 0 or more."""
    return 0 if text.strip() == "0" else positive(text)


def frame_range(text: str) -> tuple[int, int]:
    """Frames "A:B": first, and last plus one."""
    match = re.fullmatch(r"(\d+):(\d+)", text.strip())
    if match is None or int(match[1]) >= int(match[2]):
        raise argparse.ArgumentTypeError(f"{text!r} is no range of frames like 20:50")
    return int(match[1]), int(match[2])


def device(text: str) -> str:
    """A device as torch names it, or "auto"."""
    if not re.fullmatch(r"auto|cpu|cuda(:\d+)?", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not auto, cpu or cuda[:n]")
    return text
