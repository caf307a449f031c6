"""Which data set and whose motion a file is, told by its place: data set / subject / file, as AMASS has it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import NamedTuple

_SPLIT_FOLDERS = ("train", "val", "vald", "validation", "test")

_RENAMED = MappingProxyType({
    "biomotionlabntroje": "bmlrub", "bml": "bmlrub", "mpihdm05": "hdm05", "mpimosh": "mosh", "mpilimits": "poseprior",
    "dfaust67": "dfaust", "dfaustsynced": "dfaust", "ssmsynced": "ssm", "transitionsmocap": "transitions",
    "eyesjapandataset": "eyesjapan", "tcdhandmocap": "tcdhands",
})  # fmt: skip
"""Data sets that AMASS has under two names, by their small letters and digits."""


class Identity(NamedTuple):
    """Where a recording is from; the subject is empty where its place does not tell."""

    source: str
    subject: str


def same_name(name: str) -> str:
    """What two names of one data set have in common."""
    bare = re.sub(r"[^a-z0-9]", "", name.lower())
    return _RENAMED.get(bare, bare)


def identify(places: Sequence[PurePosixPath], root: str) -> list[Identity]:
    """Data set and subject of each file of one source.

    The first folder is the data set and the next one the subject, where any file lies two folders deep; else the
    source is one data set and its folders are subjects. Folders of splits, and one that repeats the name of the
    source, do not count.

    Args:
        places: Paths in the source.
        root: Name of the source: of the folder, or of the archive without its ending.
    """
    folders = [_telling_folders(place, root) for place in places]
    holds_data_sets = any(len(names) > 1 for names in folders)
    if holds_data_sets:
        return [Identity(names[0] if names else root, _joined(names[:2])) for names in folders]
    return [Identity(root, _joined((root, *names))) for names in folders]


def _telling_folders(place: PurePosixPath, root: str) -> tuple[str, ...]:
    names = [name for name in place.parts[:-1] if name.lower() not in _SPLIT_FOLDERS]
    while names and same_name(names[0]) == same_name(root):
        names = names[1:]
    return tuple(names)


def _joined(names: Sequence[str]) -> str:
    return "/".join(names) if len(names) > 1 else ""


def natural_key(name: str) -> list[tuple[int, int, str]]:
    """Sorts numbers in names as numbers: 2 before 10."""
    return [(0, int(part), "") if part.isdigit() else (1, 0, part.lower()) for part in re.split(r"(\d+)", name) if part]
