"""HuMoR's initial-state mixture, as scikit-learn's arrays in an npz."""

from __future__ import annotations

from pathlib import Path

import torch

from motionfit.errors import CheckpointError
from motionfit.priors.initial_state import INITIAL_STATE_SIZE, InitialStateMixture
from motionfit.priors.official_formats import MIXTURE_ARRAYS, Tensors

_OTHER_SOURCE = "Get the file again from its official source."


def mixture_of(path: Path, tensors: Tensors) -> InitialStateMixture:
    """The mixture (float64) that arrays of a file give.

    Raises:
        CheckpointError: One is missing, of another shape, or makes no density.
    """
    missing = [name for name in MIXTURE_ARRAYS if name not in tensors]
    if missing:
        raise CheckpointError(f"{path} is an initial-state mixture but lacks {', '.join(missing)}.", _OTHER_SOURCE)
    weights, means, covariances = (tensors[name].double() for name in MIXTURE_ARRAYS)
    components, size = weights.numel(), INITIAL_STATE_SIZE
    wanted = {"weights": (components,), "means": (components, size), "covariances": (components, size, size)}
    wrong = [
        f"{name} is {tuple(tensors[name].shape)}, not {shape}"
        for name, shape in wanted.items()
        if tuple(tensors[name].shape) != shape
    ]
    if wrong:
        raise CheckpointError(
            f"{path} is an initial-state mixture with arrays of other shapes: {', '.join(wrong)}.",
            f"A mixture of full covariances over {size} numbers is needed: joints 66, their velocities 66, linear "
            "velocity 3, angular velocity 3.",
        )
    if not all(bool(torch.isfinite(array).all()) for array in (weights, means, covariances)):
        raise CheckpointError(f"{path} holds numbers that are not finite.", _OTHER_SOURCE)
    if not bool((weights > 0).all()) or abs(float(weights.sum()) - 1.0) > 1e-3:
        raise CheckpointError(f"{path}: the weights of the mixture do not sum to one.", _OTHER_SOURCE)
    if bool(torch.linalg.cholesky_ex(covariances).info.any()):
        raise CheckpointError(f"{path}: a covariance is not positive definite.", _OTHER_SOURCE)
    return InitialStateMixture.from_covariances(weights, means, covariances)
