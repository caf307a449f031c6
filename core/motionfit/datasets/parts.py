"""Work that is done is kept: one part file per recording, found again by the content that it was made of."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import asdict, fields
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from motionfit.body.load import load_body, open_body_path
from motionfit.body.model import BodyModel
from motionfit.datasets.process import ClipFacts, Processed, process
from motionfit.datasets.recordings import Unusable, read_recording
from motionfit.datasets.settings import PrepareSettings, hash_of
from motionfit.datasets.store import SHAPES, Arrays
from motionfit.errors import InputError
from motionfit.files.atomic import atomic_file
from motionfit.files.npz import read_npz

_FACTS = "facts"


class PartTask(NamedTuple):
    """A recording to be made a part.

    Attributes:
        path: Of the recording.
        shown: What it is called in sentences.
        skeleton: File with the rest joints of the body it was made for.
        part: File to write.
        settings: How.
        body_hash: Of the body that they name.
    """

    path: Path
    shown: str
    skeleton: Path | None
    part: Path
    settings: PrepareSettings
    body_hash: str


def part_key(file_hash: str, hashes_beside: Sequence[str], processing_hash: str) -> str:
    """Names a part by all that it depends on: the file, those that are read with it, and the settings."""
    return hash_of([file_hash, list(hashes_beside), processing_hash])


def make_part(task: PartTask) -> None:
    """Read, process and write one part, complete or not at all.

    Raises:
        InputError: The file of the skeleton makes no sense.
        OutputError: The place is not writable or the disk is full.
    """
    body = _body(task.settings.body, task.body_hash)
    recording = read_recording(task.path, task.shown, body)
    result: Processed | Unusable
    if isinstance(recording, Unusable):
        result = recording
    else:
        made_for = None if task.skeleton is None else read_rest_joints(task.skeleton)
        result = process(recording, body, made_for, task.settings)
    facts = asdict(result if isinstance(result, Unusable) else result.facts)
    arrays = {} if isinstance(result, Unusable) else result.arrays
    content: dict[str, Any] = {**arrays, _FACTS: np.array(json.dumps(facts))}
    with atomic_file(task.part) as temporary, temporary.open("wb") as stream:
        np.savez(stream, **content)


def read_facts(path: Path) -> ClipFacts | Unusable | None:
    """What a part says, without its numbers; None where there is none or it is damaged."""
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as content:
            names = set(content.files)
            facts = json.loads(str(content[_FACTS]))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
        return None
    if facts.keys() == {field.name for field in fields(Unusable)}:
        return Unusable(**facts)
    is_whole = facts.keys() == {field.name for field in fields(ClipFacts)} and names == {_FACTS, *SHAPES}
    return ClipFacts(**facts) if is_whole else None


def read_arrays(path: Path) -> Arrays:
    """The arrays of a part with the axes of a dataset."""
    arrays = read_npz(path)
    return {name: arrays[name][None] if name in ("betas", "rest_joints") else arrays[name] for name in SHAPES}


@cache
def _body(path: str, content_hash: str) -> BodyModel:
    """The body of a process; the hash keeps a file that has changed from being taken for what it was."""
    body = load_settings_body(path)
    if body.content_hash != content_hash:
        raise InputError(f"The body file {path} has changed meanwhile.", "Run the command again.")
    return body


def load_settings_body(path: str) -> BodyModel:
    """The body that floors and contacts are found with: that of a file, or the open body where none is named.

    Raises:
        BodyError: The file is no body.
    """
    return load_body(Path(path) if path else open_body_path())


def read_rest_joints(path: Path) -> torch.Tensor:
    """Rest joints (22, 3), metres, from the first array of a file.

    Raises:
        InputError: There are none.
    """
    arrays = list(read_npz(path).values())
    if not arrays or arrays[0].ndim != 2 or arrays[0].shape[0] < 22 or arrays[0].shape[1] != 3:
        raise InputError(
            f"The first array of {path} is not rest joints of the shape (22 or more, 3).", "Repair or remove the file."
        )
    return torch.from_numpy(np.asarray(arrays[0][:22], np.float32))
