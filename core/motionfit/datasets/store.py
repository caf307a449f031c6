"""The arrays of a dataset on disk: plain `.npy` files, written as streams and read as memory maps."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from motionfit.errors import InputError
from motionfit.files.atomic import output_errors

SHAPES: dict[str, tuple[int, ...]] = {
    "poses": (66,),
    "trans": (3,),
    "contacts": (9,),
    "betas": (16,),
    "rest_joints": (22, 3),
}
"""Shape of one row of each array. Poses (axis-angle, radians), translations (SMPL's, metres, z up, floor at z = 0) and
contacts have a row per frame, betas and rest joints (metres) one per clip."""

PER_FRAME = ("poses", "trans", "contacts")
_TYPES = {name: np.dtype("u1" if name == "contacts" else "<f4") for name in SHAPES}

Arrays = dict[str, np.ndarray]


def write_arrays(folder: Path, rows: Mapping[str, int], parts: Iterable[Arrays]) -> dict[str, dict[str, Any]]:
    """Write the arrays of one split.

    They are written as streams, since a full disk kills a process that writes through a memory map.

    Args:
        folder: Is made.
        rows: Rows of each array.
        parts: The rows of each clip in their order, every array of `SHAPES`.

    Returns:
        Size and SHA-256 of each file by its name.

    Raises:
        OutputError: The place is not writable or the disk is full.
    """
    with output_errors(folder):
        folder.mkdir(parents=True)
        streams = {name: (folder / f"{name}.npy").open("wb") for name in SHAPES}
        digests = {name: hashlib.sha256() for name in SHAPES}
        try:
            for name, stream in streams.items():
                header = {"descr": _TYPES[name].str, "fortran_order": False, "shape": (rows[name], *SHAPES[name])}
                np.lib.format.write_array_header_1_0(stream, header)
            for part in parts:
                for name, stream in streams.items():
                    content = np.ascontiguousarray(part[name], _TYPES[name]).tobytes()
                    digests[name].update(content)
                    stream.write(content)
            for stream in streams.values():
                stream.flush()
                os.fsync(stream.fileno())
        finally:
            for stream in streams.values():
                stream.close()
        return {
            f"{folder.name}/{name}.npy": {
                "bytes": (folder / f"{name}.npy").stat().st_size,
                "sha256": digests[name].hexdigest(),
            }
            for name in SHAPES
        }


def map_arrays(folder: Path, rows: Mapping[str, int], files: Mapping[str, Mapping[str, Any]]) -> Arrays:
    """The arrays of one split, read only and from disk as they are used.

    Args:
        folder: Of the split.
        rows: Rows that each array must have.
        files: What the manifest says of the files.

    Raises:
        InputError: An array is missing, cut short or of another shape.
    """
    return {name: _mapped(folder, name, rows[name], files) for name in SHAPES}


def _mapped(folder: Path, name: str, rows: int, files: Mapping[str, Mapping[str, Any]]) -> np.ndarray:
    path = folder / f"{name}.npy"
    again = "Prepare the dataset again with `motionfit data prepare … --fresh`."
    if not path.is_file():
        raise InputError(f"The dataset is damaged: {path} is missing.", again)
    expected = files.get(f"{folder.name}/{name}.npy", {}).get("bytes")
    if path.stat().st_size != expected:
        raise InputError(
            f"The dataset is damaged: {path} has {path.stat().st_size} bytes, and its manifest says {expected}.", again
        )
    try:
        array: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise InputError(f"The dataset is damaged: {path} cannot be read ({error}).", again) from error
    if array.shape != (rows, *SHAPES[name]) or array.dtype != _TYPES[name]:
        raise InputError(
            f"The dataset is damaged: {path} has the shape {array.shape} of {array.dtype}, "
            f"not {(rows, *SHAPES[name])} of {_TYPES[name]}.",
            again,
        )
    return array


def array_digest(path: Path, rows_bytes: int) -> str:
    """SHA-256 of the numbers of an array file (its last `rows_bytes` bytes)."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        stream.seek(-rows_bytes, os.SEEK_END)
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
