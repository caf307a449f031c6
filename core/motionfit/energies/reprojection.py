"""Robust distance of projected points to detected 2D keypoints."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor

SIGMA = 100.0
"""Pixels at which the distance turns from quadratic to flat."""


def geman_mcclure(residual: Float[Tensor, "*shape"], sigma: float) -> Float[Tensor, "*shape"]:
    """σ²r²/(σ²+r²): quadratic for small residuals, at most σ² for outliers."""
    squared = residual.square()
    return sigma**2 * squared / (sigma**2 + squared)


def reprojection(
    projected: Float[Tensor, "*batch frames keypoints 2"],
    detected: Float[Tensor, "*batch frames keypoints 2"],
    confidence: Float[Tensor, "*batch frames keypoints"],
    sigma: float = SIGMA,
) -> Float[Tensor, "*batch frames"]:
    """Σ confidence² · gmof(projected − detected) per frame, pixels² (SMPLify, ECCV 2016; HuMoR)."""
    robust = geman_mcclure(projected - detected, sigma).sum(-1)
    return (confidence.square() * robust).sum(-1)
