"""Latents whose roll-out follows given states closely: each step is solved for, against what was rolled out so far.

The encoder alone gives latents that are right from frame to frame but drift when rolled out. Here the encoder's mean
is only the start; a few Gauss-Newton steps then minimise, over the 48 numbers of one step,

    Σ ((decoded − wanted) / tolerance)² + Σ (z − μ)² / σ²

with the conditional prior's μ and σ². It is a filter: past steps are never reopened, so it costs one pass.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from motionfit.priors.motion import MOTION_LATENT, MotionPrior, Step
from motionfit.priors.rollout import RollOut, unroll
from motionfit.priors.state import STATE_SIZE, LocalFrame, MotionState, to_local

_SIZES = (3, 3, 9, 3, 189, 66, 66)
_TOLERANCES = (0.02, 0.5, 0.1, 1.0, 0.2, 0.03, 0.7)
"""Of translation (m), its velocity (m/s), root orientation (matrix entries), angular velocity (rad/s), body pose
(matrix entries), joints (m) and their velocities (m/s)."""

_STEPS = 2
_PROBE = 1e-2


def track(prior: MotionPrior, states: MotionState) -> RollOut:
    """A roll-out that stays with given states.

    Args:
        prior: The motion prior.
        states: (windows, frames, …) in the prior frame of each window's first frame, which the roll-out starts from.

    Returns:
        The roll-out with its latents.
    """
    pivot = states.frame(0).trans_to_joint()
    weights = torch.cat([
        states.translation.new_full((size,), 1.0 / tolerance) for size, tolerance in zip(_SIZES, _TOLERANCES, strict=True)
    ])  # fmt: skip

    def solve(step: int, past: Step, frame: LocalFrame) -> Tensor:
        wanted = to_local(states.frame(step + 1), frame, pivot).pack()
        return _step_latent(prior, past.pack(), wanted, weights)

    with torch.no_grad():
        return unroll(prior, states.frame(0), states.frames - 1, solve, pivot, False)


def _step_latent(
    prior: MotionPrior,
    past: Float[Tensor, "batch 339"],
    wanted: Float[Tensor, "batch 339"],
    weights: Float[Tensor, "339"],
) -> Float[Tensor, "batch 48"]:
    mean, variance = prior.prior(past)
    latent, _ = prior.posterior(past, wanted)
    for _ in range(_STEPS):
        decoded, jacobian = _linearised(prior, past, latent)
        weighted = jacobian * weights[:, None]
        residual = ((decoded - wanted) * weights)[..., None]
        normal = weighted.transpose(-1, -2) @ weighted + torch.diag_embed(1.0 / variance)
        right = (weighted.transpose(-1, -2) @ residual)[..., 0] + (latent - mean) / variance
        latent = latent - torch.linalg.solve(normal, right)
    return latent


def _linearised(
    prior: MotionPrior, past: Float[Tensor, "batch 339"], latent: Float[Tensor, "batch 48"]
) -> tuple[Float[Tensor, "batch 339"], Float[Tensor, "batch 339 48"]]:
    """The decoded state and its derivative by the latent, by forward differences in one batched call."""
    probes = torch.cat([latent.new_zeros(1, MOTION_LATENT), _PROBE * torch.eye(MOTION_LATENT).to(latent)])
    latents = latent[:, None] + probes
    decoded, _ = prior.decode(past[:, None].expand(-1, latents.shape[1], STATE_SIZE), latents)
    return decoded[:, 0], ((decoded[:, 1:] - decoded[:, :1]) / _PROBE).transpose(-1, -2)
