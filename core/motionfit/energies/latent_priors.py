"""How likely pose, shape, motion and initial state are under the learned priors."""

from __future__ import annotations

import math

from jaxtyping import Float
from torch import Tensor


def pose_prior(latents: Float[Tensor, "*batch frames latent"]) -> Float[Tensor, "*batch frames"]:
    """Σ y² per frame: the pose latents of VPoser are standard normal."""
    return latents.square().sum(-1)


def shape_prior(betas: Float[Tensor, "*batch 16"]) -> Float[Tensor, "*batch"]:
    """Σ β²: shape coefficients are standard normal."""
    return betas.square().sum(-1)


def motion_prior(
    latents: Float[Tensor, "*batch steps latent"],
    mean: Float[Tensor, "*batch steps latent"],
    variance: Float[Tensor, "*batch steps latent"],
) -> Float[Tensor, "*batch steps"]:
    """−log N(z_t; μ(x_{t−1}), σ²(x_{t−1})) per step, the conditional prior along the roll-out (HuMoR, eq. 9)."""
    deviation = (latents - mean).square() / variance
    return 0.5 * (deviation + variance.log() + math.log(2.0 * math.pi)).sum(-1)
