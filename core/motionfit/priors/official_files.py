"""Find the tensors in a file that others published: torch checkpoints and npz archives, told by content."""

from __future__ import annotations

import hashlib
import mmap
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from torch import Tensor

from motionfit.errors import CheckpointError
from motionfit.priors.torch_archive import read_torch_file, refusal

_EXPECTED = "Give an official VPoser snapshot (.pt, .ckpt), HuMoR's best_model.pth or its initial-state .npz."
_SNAPSHOTS = ("*.ckpt", "*.pt", "*.pth")
_STATE_ENTRIES = ("state_dict", "model", "model_state_dict")
_BODY_WORDS = (b"J_regressor", b"v_template", b"shapedirs")
_LEGACY_TORCH = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
_OLD_TAR_OFFSET = 257
_HEAD = 4096
_IS_MOTION = ("The file holds a motion, which is no prior.", "Fit it with `motionfit fit`.")


@dataclass(frozen=True)
class OfficialFile:
    """The tensors of a published file, and what else it holds.

    Attributes:
        path: The file (of a snapshot folder: the one in it).
        sha256: Of its bytes.
        tensors: By the names that the file gives them.
        others: Names of the entries beside the state dict (optimiser, epoch, hyper-parameters …).
        inert: Names of objects of libraries that were not loaded.
    """

    path: Path
    sha256: str
    tensors: Mapping[str, Tensor]
    others: tuple[str, ...]
    inert: tuple[str, ...]


def read_official_file(path: Path) -> OfficialFile:
    """Read a checkpoint of other software; nothing in it is run.

    Args:
        path: A file, or the folder of a VPoser snapshot.

    Raises:
        CheckpointError: It is missing, empty, damaged, something else (the message says what), or asks for code.
    """
    path = _snapshot_in(path) if path.is_dir() else path
    if not path.is_file():
        raise CheckpointError(f"There is no checkpoint at {path}.", "Check the path.")
    try:
        with path.open("rb") as stream:
            holds_arrays = _holds_arrays(path, stream)
            stream.seek(0)
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror}.", "Check its permissions.") from error
    if holds_arrays:
        return OfficialFile(path, digest, _read_arrays(path), (), ())
    read = read_torch_file(path)
    tensors, others = _state_dict(path, read.value)
    return OfficialFile(path, digest, tensors, others, read.inert)


def _snapshot_in(folder: Path) -> Path:
    places = (folder, folder / "snapshots")
    found = sorted(path for place in places for pattern in _SNAPSHOTS for path in place.glob(pattern))
    if not found:
        raise CheckpointError(
            f"There is no snapshot in {folder}: looked for {', '.join(_SNAPSHOTS)} in it and in snapshots/.", _EXPECTED
        )
    if len(found) > 1:
        names = ", ".join(path.name for path in found)
        raise CheckpointError(f"{folder} holds {len(found)} snapshots: {names}.", "Name one of the files.")
    return found[0]


def _holds_arrays(path: Path, stream: BinaryIO) -> bool:
    """Whether the file is an npz and not a torch checkpoint; raises for anything else."""
    head = stream.read(_HEAD)
    if not head:
        raise CheckpointError(f"{path} is empty.", "Copy or download the file again.")
    if head.startswith(b"PK"):
        return _zip_holds_arrays(path)
    if head.startswith(_LEGACY_TORCH) or head[_OLD_TAR_OFFSET:].startswith(b"ustar"):
        return False
    with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
        is_body = any(content.find(word) >= 0 for word in _BODY_WORDS)
    looks = "it is a body model of the SMPL family" if is_body else _looks_like(head)
    raise CheckpointError(f"{path} is not a checkpoint: {looks}.", _EXPECTED)


def _zip_holds_arrays(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError) as error:
        raise CheckpointError(f"{path} is damaged or truncated ({error}).", "Copy or download it again.") from error
    if any(name.endswith("data.pkl") for name in names):
        return False
    if any(name.endswith(".npy") for name in names):
        return True
    inside = ", ".join(names[:3])
    raise CheckpointError(f"{path} is a zip archive of other files ({inside} …).", "Unpack it and name the checkpoint.")


def _looks_like(content: bytes) -> str:
    head = content[:512].lstrip().lower()
    if head.startswith((b"<!doctype", b"<html")):
        return "it is a web page, as a download without login gives"
    if content[8:9] == b"{" and b'"dtype"' in content:
        return "it is a safetensors file already; the options of `motionfit fit` take it where it is MotionFit's"
    if content[:1] == b"\x80" and content[1:2] in b"\x02\x03\x04\x05":
        return "it is a bare pickle, which could run code"
    if not head.strip(bytes(range(32, 127)) + b"\r\n\t"):
        return "it is text"
    return "it is neither a torch file nor an npz archive"


def _read_arrays(path: Path) -> dict[str, Tensor]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            if {"poses", "trans"} <= set(archive.files):
                raise CheckpointError(f"{path} is not a checkpoint. {_IS_MOTION[0]}", _IS_MOTION[1])
            if {"v_template", "J_regressor"} & set(archive.files):
                raise CheckpointError(f"{path} is not a checkpoint: it is a body model of the SMPL family.", _EXPECTED)
            return {name: torch.from_numpy(archive[name]) for name in archive.files if archive[name].dtype.kind in "fi"}
    except ValueError as error:
        if "pickle" in str(error).lower() or "Object arrays" in str(error):
            raise refusal(path, "pickled objects") from error
        raise CheckpointError(f"{path} is damaged ({error}).", "Copy or download it again.") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        raise CheckpointError(f"{path} is damaged or truncated ({error}).", "Copy or download it again.") from error


def _state_dict(path: Path, content: Any) -> tuple[dict[str, Tensor], tuple[str, ...]]:  # noqa: ANN401 - a checkpoint
    """The tensors by name, and the names of what lies beside the state dict."""
    if not isinstance(content, Mapping):
        raise CheckpointError(f"{path} holds a {type(content).__name__} and no state dict.", _EXPECTED)
    entry = next((name for name in _STATE_ENTRIES if isinstance(content.get(name), Mapping)), None)
    state = content if entry is None else content[entry]
    others = tuple(str(name) for name in content if entry is not None and name != entry)
    tensors = {str(name): value for name, value in state.items() if isinstance(value, Tensor)}
    strange = [name for name, value in state.items() if not isinstance(value, Tensor)]
    if not tensors:
        held = ", ".join(str(name) for name in list(content)[:8]) or "nothing"
        raise CheckpointError(f"{path} holds no tensors; its entries are: {held}.", _EXPECTED)
    if entry is None:
        return tensors, tuple(str(name) for name in strange)
    if strange:
        named = getattr(type(state[strange[0]]), "named", "") or type(state[strange[0]]).__name__
        raise refusal(path, f"{named} in place of the tensor {strange[0]}")
    return tensors, others
