"""Plain npz archives: read with clear errors and never with pickles, written so that no half file is left."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from torch import Tensor

from motionfit.errors import InputError
from motionfit.files.atomic import atomic_file

_AGAIN = "Copy or make the file again."

_LEFT_OUT = frozenset({"markers_latent_vids"})
"""What the SMPL-X files of AMASS hold as a pickled dictionary; no part reads it, so it is not looked into."""

Arrays = dict[str, np.ndarray]


def read_npz(path: Path) -> Arrays:
    """Read all arrays of an npz file.

    Raises:
        InputError: The file is missing, empty, truncated, not an npz, or holds pickled objects.
    """
    if not path.is_file():
        raise InputError(f"There is no file {path}.", "Check the path.")
    if path.stat().st_size == 0:
        raise InputError(f"{path} is empty.", _AGAIN)
    if not zipfile.is_zipfile(path):
        raise InputError(f"{path} is not an npz file, or it is truncated.", _AGAIN)
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {key: archive[key] for key in archive.files if key not in _LEFT_OUT}
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        raise InputError(f"{path} is truncated or damaged ({error}).", _AGAIN) from error
    except ValueError as error:
        if "pickle" not in str(error) and "Object arrays" not in str(error):
            raise InputError(f"{path} is damaged ({error}).", _AGAIN) from error
        raise InputError(
            f"{path} holds pickled objects; reading them could run code, so it is refused.",
            "Save plain number arrays with numpy.savez (no dtype=object).",
        ) from error


def write_npz(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays compressed; the file appears complete or not at all.

    Raises:
        OutputError: The place is not writable or the disk is full.
    """
    with atomic_file(path) as temporary, temporary.open("wb") as stream:
        save_arrays(stream, arrays)


def save_arrays(stream: BinaryIO | Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Compress arrays into an open binary stream or a path."""
    named: dict[str, Any] = dict(arrays)
    np.savez_compressed(stream, **named)


def numbers(array: np.ndarray) -> Tensor:
    """An array of numbers as a float32 tensor."""
    return torch.from_numpy(np.array(array, dtype=np.float32, order="C"))


def array_of(tensor: Tensor) -> np.ndarray:
    """A tensor's values as an array in the tensor's precision."""
    return np.asarray(tensor.detach().cpu().numpy())
