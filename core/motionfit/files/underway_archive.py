"""What a fit that was cut off needs to go on, as one small npz beside the finished stages of a result folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from motionfit.errors import InputError, OutputError
from motionfit.files.atomic import atomic_file
from motionfit.files.npz import Arrays, array_of, read_npz
from motionfit.files.stage_archive import history_arrays, history_from_arrays, incident_array, incidents_from_arrays
from motionfit.pipeline.result import Underway

UNDERWAY_FILE = "underway.npz"
_VARIABLE = "variable."


def write_underway(folder: Path, underway: Underway) -> None:
    """Write or replace the file in a result folder; it appears complete or not at all.

    It is not compressed: it is written after every phase, and holds little but the variables.

    Raises:
        OutputError: The place is not writable or the disk is full.
    """
    arrays: Arrays = {
        "stage": np.array(underway.stage),
        "statuses": np.array(underway.statuses, dtype=np.str_),
        "window_batch": np.array(underway.window_batch, np.int64),
        "seconds": np.array(underway.seconds, np.float64),
        "incidents": incident_array(underway.incidents),
        **{_VARIABLE + name: array_of(value) for name, value in underway.variables.items()},
        **history_arrays(underway.history),
    }
    with atomic_file(folder / UNDERWAY_FILE) as temporary, temporary.open("wb") as stream:
        np.savez(stream, allow_pickle=False, **arrays)


def read_underway(folder: Path) -> Underway | None:
    """The inverse of `write_underway`; None where the folder has no such file.

    Raises:
        OutputError: It is damaged.
    """
    file = folder / UNDERWAY_FILE
    if not file.is_file():
        return None
    try:
        return _from_arrays(read_npz(file))
    except (InputError, KeyError, ValueError) as error:
        why = error.message if isinstance(error, InputError) else f"{type(error).__name__}: {error}"
        raise OutputError(
            f"{file} is damaged: {why}", "Delete it: --resume then repeats the stage that was cut off."
        ) from error


def _from_arrays(arrays: Arrays) -> Underway:
    names = [key for key in arrays if key.startswith(_VARIABLE)]
    return Underway(
        stage=str(arrays["stage"]),
        statuses=tuple(str(status) for status in arrays["statuses"]),
        window_batch=int(arrays["window_batch"]),
        variables={name.removeprefix(_VARIABLE): torch.from_numpy(arrays[name]) for name in names},
        history=history_from_arrays(arrays),
        incidents=incidents_from_arrays(arrays),
        seconds=float(arrays["seconds"]),
    )
