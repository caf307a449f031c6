"""The recurrence of a roll-out by one compiled call, and its gradients by another, for torch.

Each step is so small that Python and torch take most of its time; compiled, what is left is the reading of the
decoder's weights. `priors.rollout` is the readable form of the same.
"""

from __future__ import annotations

import logging
import time
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from motionfit.priors.motion import CONTACTS, MOTION_LATENT, RAW_SIZE, MotionPrior
from motionfit.priors.rollout import Recurrence
from motionfit.priors.rollout_native_compile import Numbers, cache_folder
from motionfit.priors.rollout_native_network import GROUPS, Weights
from motionfit.priors.rollout_native_recurrence import Trace, run, run_adjoint
from motionfit.priors.rollout_native_step import LOGITS
from motionfit.priors.state import STATE_SIZE

_logger = logging.getLogger(__name__)


def native_recurrence(prior: MotionPrior) -> Recurrence:
    """The recurrence of a prior on the CPU whose weights are frozen; they are copied once.

    The first call on a machine compiles for some seconds; the log says so.
    """
    weights = weights_of(prior)
    _prepare(weights)

    def recurrence(
        start: Float[Tensor, "batch 339"], latents: Float[Tensor, "batch steps 48"], pivot: Float[Tensor, "batch 3"]
    ) -> tuple[Tensor, Tensor, Tensor]:
        if not start.dtype == latents.dtype == pivot.dtype == torch.from_numpy(weights.matrices).dtype:
            raise ValueError(f"a prior of {weights.matrices.dtype} was given {start.dtype} and {latents.dtype}")
        worlds, pasts, logits = _run(start, latents.transpose(0, 1), pivot, weights)
        return worlds.transpose(0, 1), pasts.transpose(0, 1), logits.transpose(0, 1)

    return recurrence


def weights_of(prior: MotionPrior) -> Weights:
    """The decoder's layers as arrays."""
    linears = [layer for layer in prior.decoder.net if isinstance(layer, nn.Linear)]
    norms = [layer for layer in prior.decoder.net if isinstance(layer, nn.GroupNorm)]
    return Weights(
        widths=np.array([STATE_SIZE, *(layer.out_features for layer in linears)], np.int64),
        matrices=_flat([layer.weight for layer in linears]),
        transposed=_flat([layer.weight.T for layer in linears]),
        biases=_flat([layer.bias for layer in linears]),
        gains=_flat([norm.weight for norm in norms]),
        shifts=_flat([norm.bias for norm in norms]),
    )


class _Recurrence(torch.autograd.Function):
    """Tensors are (steps, batch, …); the context holds weights, trace and pivot for the way back."""

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401
        start: Tensor,
        latents: Tensor,
        pivot: Tensor,
        weights: Weights,
    ) -> tuple[Tensor, ...]:
        trace = _empty_trace(weights, *latents.shape[:2])
        ctx.weights, ctx.trace, ctx.pivot = weights, trace, _array(pivot)
        run(weights, _array(start), _array(latents), ctx.pivot, trace)
        logits = torch.from_numpy(trace.raws)[..., LOGITS:].clone()
        return torch.from_numpy(trace.worlds), torch.from_numpy(trace.pasts).clone(), logits

    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride] - torch calls it with one gradient per output
        ctx: Any,  # noqa: ANN401
        of_worlds: Tensor,
        of_pasts: Tensor,
        of_logits: Tensor,
    ) -> tuple[Tensor | None, ...]:
        steps, batch = of_worlds.shape[:2]
        of_start = of_worlds.new_zeros(batch, STATE_SIZE)
        of_latents = of_worlds.new_empty(steps, batch, MOTION_LATENT)
        of_pivot = of_worlds.new_zeros(batch, 3)
        given = (_array(of_worlds), _array(of_pasts), _array(of_logits))
        made = (of_start.numpy(), of_latents.numpy(), of_pivot.numpy())
        run_adjoint(ctx.weights, ctx.pivot, ctx.trace, *given, *made)
        return of_start, of_latents, of_pivot, None


def _run(start: Tensor, latents: Tensor, pivot: Tensor, weights: Weights) -> tuple[Tensor, Tensor, Tensor]:
    rolled: tuple[Tensor, Tensor, Tensor] = _Recurrence.apply(start, latents, pivot, weights)  # type: ignore[no-untyped-call]
    return rolled


def _prepare(weights: Weights) -> None:
    """Load or compile both functions for the precision of the weights, by a step of one row."""
    is_new = not any(cache_folder().rglob("*.nbc"))
    if is_new:
        _logger.warning("Compiling the roll-out for this machine, which is done once and takes some seconds.")
    began = time.perf_counter()
    numbers = torch.from_numpy(weights.matrices)
    start = numbers.new_zeros(1, STATE_SIZE).requires_grad_()
    latents, pivot = numbers.new_zeros(1, 1, MOTION_LATENT), numbers.new_zeros(1, 3)
    with torch.enable_grad():
        worlds, _, _ = _run(start, latents, pivot, weights)
        worlds.sum().backward()
    if is_new:
        _logger.info("Compiled in %.0f s; it is kept in %s.", time.perf_counter() - began, cache_folder())


def _empty_trace(weights: Weights, steps: int, batch: int) -> Trace:
    units, norms = len(weights.gains), len(weights.widths) - 2
    widths = (STATE_SIZE, STATE_SIZE, STATE_SIZE, RAW_SIZE, 4, units, norms * GROUPS)
    return Trace(*(np.empty((steps, batch, width), weights.matrices.dtype) for width in widths))


def _flat(tensors: list[Tensor]) -> Numbers:
    array: Numbers = torch.cat([tensor.detach().flatten() for tensor in tensors]).numpy()
    return array


def _array(tensor: Tensor) -> Numbers:
    array: Numbers = tensor.detach().contiguous().numpy()
    return array


assert LOGITS + CONTACTS == RAW_SIZE
