"""Read the pickles that SMPL bodies come in without running what else a pickle may ask for.

Only numpy arrays and scalars, scipy's compressed sparse matrices and chumpy arrays (as plain arrays) are known;
any other class or function in the file is refused.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from motionfit.errors import BodyError


class _State:
    """Holds the attributes of a pickled object without its code."""

    def __init__(self, *_: Any) -> None:  # noqa: ANN401 - pickles pass anything here
        self.state: dict[str, Any] = {}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.state = state


class _ChumpyArray(_State):
    pass


class _SparseMatrix(_State):
    pass


_NUMPY_NAMES = {"_reconstruct", "ndarray", "dtype", "scalar", "_frombuffer"}
_SPARSE_NAMES = {"csc_matrix", "csr_matrix", "coo_matrix"}


class _BodyUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401 - pickle's own signature
        root = module.split(".")[0]
        if root == "numpy" and name in _NUMPY_NAMES:
            modern = module.replace("numpy.core", "numpy._core")
            return super().find_class(modern, name)
        if root == "scipy" and name in _SPARSE_NAMES:
            return _SparseMatrix
        if root == "chumpy" and name in {"Ch", "Select"}:
            return _ChumpyArray
        if (module, name) == ("_codecs", "encode"):
            return _encode_latin1
        raise BodyError(
            f"The body file asks to load {module}.{name}, which a body has no use for.",
            "Refused for safety: get the file again from its official source.",
        )


def _encode_latin1(text: str, encoding: str) -> bytes:
    if encoding not in {"latin1", "latin-1"}:
        raise BodyError(f"The body file holds text in the encoding {encoding}, which bodies do not use.")
    return text.encode("latin1")


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever a body file holds
    if isinstance(value, _ChumpyArray):
        if "x" not in value.state:
            raise BodyError("The body file holds a computed chumpy array that cannot be read as numbers.")
        return np.asarray(_plain(value.state["x"]))
    if isinstance(value, _SparseMatrix):
        from scipy import sparse

        kept = value.state
        shape = kept.get("_shape", kept.get("shape"))
        return sparse.csc_matrix((kept["data"], kept["indices"], kept["indptr"]), shape=shape).toarray()
    return value


def _load(stream: BinaryIO) -> Any:  # noqa: ANN401
    return _BodyUnpickler(stream, encoding="latin1").load()


def read_body_pickle(path: Path) -> dict[str, Any]:
    """The arrays of an SMPL-family `.pkl`.

    Raises:
        BodyError: The file is no pickle of a body, is damaged, or asks for code.
    """
    try:
        with path.open("rb") as stream:
            content = _load(stream)
    except BodyError:
        raise
    except (pickle.UnpicklingError, EOFError, ValueError, AttributeError, ImportError, IndexError, KeyError,
            TypeError) as error:  # fmt: skip
        raise BodyError(
            f"{path} is damaged or is not a body pickle ({error}).",
            "Copy the file again from its official source.",
        ) from error
    if not isinstance(content, dict):
        raise BodyError(f"{path} holds a {type(content).__name__}, not a body.", "Give an SMPL-H .npz or .pkl.")
    return {str(key): _plain(value) for key, value in content.items()}
