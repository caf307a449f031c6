"""Whether the roll-out of a fit runs compiled or as torch's single operations."""

from __future__ import annotations

import importlib
import logging
from importlib.util import find_spec

import torch

from motionfit.priors.motion import MotionPrior
from motionfit.priors.rollout import Recurrence

_logger = logging.getLogger(__name__)

AUTO, NONE = "auto", "none"
ACCELERATIONS = (AUTO, NONE)
"""Compiled wherever it can be; never."""

INSTALL = "pip install 'motionfit[accelerate]'"


def recurrence_for(prior: MotionPrior, acceleration: str = AUTO) -> Recurrence | None:
    """The compiled recurrence of a prior, or None where the readable one must do.

    That is so where numba is not installed or does not work, on a GPU, in half precision, and where the decoder's
    weights need gradients.
    """
    if acceleration == NONE or not _can_be_compiled(prior) or find_spec("numba") is None:
        return None
    fault = numba_fault()
    if fault is not None:
        _logger.warning("Fitting without acceleration: %s", fault)
        return None
    native = importlib.import_module("motionfit.priors.rollout_native")
    try:
        recurrence: Recurrence = native.native_recurrence(prior)
    except importlib.import_module("numba.core.errors").NumbaError as error:
        _logger.warning("Fitting without acceleration, as this version of numba cannot compile it: %s", error)
        return None
    return recurrence


def numba_fault() -> str | None:
    """Why numba, which is installed, cannot be used (it refuses some versions of numpy); None = it can."""
    try:
        importlib.import_module("numba")
    except ImportError as error:
        return str(error)
    return None


def _can_be_compiled(prior: MotionPrior) -> bool:
    return all(
        each.device.type == "cpu" and each.dtype in (torch.float32, torch.float64) and not each.requires_grad
        for each in prior.decoder.parameters()
    )
