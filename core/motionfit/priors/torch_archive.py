"""Read torch checkpoints without running anything that they hold.

`torch.load(weights_only=True)` is tried first. Checkpoints of trainers (Lightning) often pickle their
hyper-parameters as objects of libraries, which it refuses; those are read here by an unpickler that loads no
name at all: tensors are rebuilt by functions of this module, and whatever else a file names becomes an inert
`Placeholder`. What the standard library would run (`os.system`, `eval`, …) is no hyper-parameter: it is refused.
"""

from __future__ import annotations

import pickle
import re
import sys
import warnings
import zipfile
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from motionfit.errors import CheckpointError

_DATA_MODULES = {
    "argparse", "collections", "datetime", "decimal", "enum", "fractions", "numbers", "pathlib", "re", "typing", "uuid",
}  # fmt: skip
_BUILTIN_DATA = {
    "bool", "bytearray", "bytes", "complex", "dict", "float", "frozenset", "int", "list", "object", "range", "set",
    "slice", "str", "tuple", "type", "long", "unicode",
}  # fmt: skip
_RECONSTRUCTORS = {
    ("copyreg", "_reconstructor"), ("copy_reg", "_reconstructor"), ("types", "SimpleNamespace"), ("_codecs", "encode"),
    ("functools", "partial"),
}  # fmt: skip
"""What honest hyper-parameters name besides data: how objects and numpy's bytes are put together."""

_REFUSED_BY_TORCH = re.compile(r"GLOBAL ([\w.]+)")
_DTYPES = {
    "DoubleStorage": torch.float64, "FloatStorage": torch.float32, "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16, "LongStorage": torch.int64, "IntStorage": torch.int32,
    "ShortStorage": torch.int16, "CharStorage": torch.int8, "ByteStorage": torch.uint8, "BoolStorage": torch.bool,
}  # fmt: skip
_DAMAGE = (
    RuntimeError, EOFError, ValueError, KeyError, IndexError, AttributeError, TypeError, AssertionError,
    zipfile.BadZipFile, OSError, OverflowError, MemoryError, RecursionError,
)  # fmt: skip
"""What readers of pickles and archives raise on damaged ones."""


@dataclass(frozen=True)
class TorchContent:
    """What a checkpoint holds.

    Attributes:
        value: Plain containers, tensors, and placeholders where the file names objects of libraries.
        inert: The names of those, sorted.
    """

    value: Any
    inert: tuple[str, ...] = ()


class Placeholder:
    """Stands for an object of a library: takes whatever a pickle gives it, keeps nothing, runs nothing."""

    named = ""

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def __setstate__(self, _: object) -> None:
        pass

    def __setitem__(self, _: object, __: object) -> None:
        pass

    def append(self, _: object) -> None:
        """Take an item of a list."""

    def extend(self, _: object) -> None:
        """Take items of a list."""

    def add(self, _: object) -> None:
        """Take an item of a set."""


def read_torch_file(path: Path) -> TorchContent:
    """Read a checkpoint that `torch.save` wrote.

    Raises:
        CheckpointError: It is damaged, or asks for what could run code.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of torch about formats of old, which are read all the same
            return TorchContent(torch.load(path, map_location="cpu", weights_only=True))
    except pickle.UnpicklingError as error:
        if zipfile.is_zipfile(path):
            return _read_archive(path)
        named = _REFUSED_BY_TORCH.search(str(error))
        raise (refusal(path, named[1]) if named else _damaged(path, error)) from error
    except _DAMAGE as error:
        raise _damaged(path, error) from error


def refusal(path: Path, name: str) -> CheckpointError:
    """The error of a file that asks to load a name."""
    return CheckpointError(
        f"{path} asks to load {name}: reading it could run code, so it is refused.",
        "Get the file from its official source, or save its state dict alone where you trust it: "
        "torch.save(model.state_dict(), FILE).",
    )


def _damaged(path: Path, error: Exception) -> CheckpointError:
    reason = str(error).strip().split("\n")[0][:200] or type(error).__name__
    return CheckpointError(f"{path} is damaged or truncated ({reason}).", "Copy or download the file again.")


class _RefusedNameError(Exception):
    """The name of something that runs code."""


def _read_archive(path: Path) -> TorchContent:
    try:
        with zipfile.ZipFile(path) as archive:
            pickled = next(name for name in archive.namelist() if name.endswith("data.pkl"))
            with archive.open(pickled) as stream:
                reader = _InertUnpickler(stream, archive, pickled.removesuffix("data.pkl"))
                value = reader.load()
    except _RefusedNameError as error:
        raise refusal(path, str(error)) from error
    except (pickle.UnpicklingError, StopIteration, *_DAMAGE) as error:
        raise _damaged(path, error) from error
    return TorchContent(value, tuple(sorted(reader.inert)))


class _InertUnpickler(pickle.Unpickler):
    def __init__(self, stream: Any, archive: zipfile.ZipFile, root: str) -> None:  # noqa: ANN401 - a zip's own stream
        super().__init__(stream)
        self._archive, self._root = archive, root
        self._storages: dict[str, Tensor] = {}
        self.inert: set[str] = set()

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401 - pickle's own signature
        if (module, name) in _REBUILT:
            return _REBUILT[module, name]
        if module in ("torch", "torch.storage") and name in _DTYPES:
            return _DTYPES[name]
        if _could_run_code(module, name):
            raise _RefusedNameError(f"{module}.{name}")
        self.inert.add(f"{module}.{name}")
        return type("Placeholder", (Placeholder,), {"named": f"{module}.{name}"})

    def persistent_load(self, reference: Any) -> Tensor:  # noqa: ANN401 - pickle's own signature
        kind, dtype, key, _, count = reference
        if kind != "storage" or not isinstance(dtype, torch.dtype):
            raise pickle.UnpicklingError(f"a storage of an unknown type: {reference[:3]}")
        if key not in self._storages:
            content = bytearray(self._archive.read(f"{self._root}data/{key}"))
            self._storages[key] = torch.frombuffer(content, dtype=dtype, count=count) if count else torch.empty(0)
        return self._storages[key]


def _could_run_code(module: str, name: str) -> bool:
    root = module.split(".")[0]
    if (module, name) in _RECONSTRUCTORS:
        return False
    if root in ("builtins", "__builtin__"):
        return name not in _BUILTIN_DATA
    return (root in sys.stdlib_module_names or root == "commands") and root not in _DATA_MODULES


def _rebuild_tensor(storage: Tensor, offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_: object) -> Tensor:
    return torch.as_strided(storage, size, stride, offset).clone()


def _rebuild_parameter(data: Tensor, *_: object) -> Tensor:
    return data


_REBUILT: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch", "Size"): tuple,
    ("torch._utils", "_rebuild_tensor"): _rebuild_tensor,
    ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
    ("torch._utils", "_rebuild_parameter"): _rebuild_parameter,
}
