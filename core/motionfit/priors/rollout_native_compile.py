"""Compiles the loops of the native roll-out by numba; only this file imports it.

What was compiled is kept in the user's cache folder (or in `NUMBA_CACHE_DIR`) under a hash of the sources, so that it
is made once per machine and version, also where MotionFit is installed in a folder that nobody may write to.
"""

from __future__ import annotations

import hashlib
import inspect
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

import numba
import platformdirs
from numba.core import config as numba_config
from numpy.typing import NDArray

_logger = logging.getLogger(__name__)
_Parameters = ParamSpec("_Parameters")
_Returned = TypeVar("_Returned")

Numbers = NDArray[Any]
"""In C order, of one precision throughout a call: single or double."""

_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": {"reassoc", "contract"}}
"""Other threads go on meanwhile; sums may be reordered, but NaN stays NaN."""

_numba_settings: Any = numba_config


def compiled(function: Callable[_Parameters, _Returned]) -> Callable[_Parameters, _Returned]:
    """A part of a compiled function."""
    return cast("Callable[_Parameters, _Returned]", numba.njit(**_OPTIONS)(_bare(function)))


def compiled_once(function: Callable[_Parameters, _Returned]) -> Callable[_Parameters, _Returned]:
    """A compiled function that Python calls; made at its first call, and kept for the next process."""
    given = _numba_settings.CACHE_DIR
    _numba_settings.CACHE_DIR = str(cache_folder())
    try:
        return cast("Callable[_Parameters, _Returned]", numba.njit(cache=True, **_OPTIONS)(_bare(function)))
    except RuntimeError as error:  # numba has no folder that it may write to
        _logger.warning("What is compiled for the roll-out cannot be kept for the next time: %s", error)
        return compiled(function)
    finally:
        _numba_settings.CACHE_DIR = given


def _bare(function: Callable[_Parameters, _Returned]) -> Callable[..., Any]:
    """Without what watches the arguments of every function in tests, which cannot be compiled."""
    bare: Callable[..., Any] = inspect.unwrap(function)
    return bare


def cache_folder() -> Path:
    """Where the compiled functions of these sources are kept."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("rollout_native_*.py")):
        digest.update(path.read_bytes())
    user = _numba_settings.CACHE_DIR or platformdirs.user_cache_dir("motionfit")
    return Path(user) / f"roll-out-{digest.hexdigest()[:16]}"
