"""A robust square: observations that are far off stop pulling (Geman & McClure 1987).

Of the kernels that keep Gaussian noise nearly as well used as the plain square (the spread of an estimate in space
grows by 0.9 % at a scale of six standard deviations, by 0.3 % at eight) this one never lets go wholly: a limb that
starts far from its observations still finds them, which Tukey's bisquare, zero beyond its scale, does not allow.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor

HALF_WEIGHT = math.sqrt(math.sqrt(2.0) - 1.0)
"""Share of the scale at which `robust_weight` is one half."""

_MEDIAN_LENGTHS = {1: 0.6745, 2: 1.1774, 3: 1.5382}
"""Median length of a vector of independent standard normal numbers, by their count."""


def robust_square(squared: Float[Tensor, "*shape"], scale: Float[Tensor, "*scales"]) -> Float[Tensor, "*shape"]:
    """s²d²/(s²+d²) of squared distances d²: the square itself for small ones, at most s².

    Args:
        squared: m² or pixels².
        scale: s, in the same unit, broadcast; infinity gives the plain square.
    """
    return squared / (1.0 + squared / scale.square())


def robust_weight(squared: Float[Tensor, "*shape"], scale: Float[Tensor, "*scales"]) -> Float[Tensor, "*shape"]:
    """s⁴/(s²+d²)²: the weight w at which w·d² has the gradient of `robust_square`; a quarter at the scale."""
    return (1.0 + squared / scale.square()).square().reciprocal()


def bisquare(squared: Float[Tensor, "*shape"], scale: Float[Tensor, "*scales"]) -> Float[Tensor, "*shape"]:
    """Tukey's bisquare as a function of squared distances d²: d² for small ones, s²/3 beyond the scale s.

    For unordered points: what lies beyond belongs to something else and has no say at all.
    """
    share = squared / scale.square()
    return torch.where(share < 1.0, squared * (1.0 - share + share.square() / 3.0), scale.square() / 3.0)


def bisquare_weight(squared: Float[Tensor, "*shape"], scale: Float[Tensor, "*scales"]) -> Float[Tensor, "*shape"]:
    """(1 − d²/s²)², zero beyond the scale: the weight w at which w·d² has the gradient of `bisquare`."""
    return (1.0 - squared / scale.square()).clamp(min=0.0).square()


def noise_of(
    distances: Float[Tensor, "clips observations"], counts: Bool[Tensor, "clips observations"], axes: int
) -> Float[Tensor, " clips"]:
    """Standard deviation per axis of normal noise with the median of these distances; outliers hardly change it.

    The median absolute deviation (from zero), for vectors: Hampel 1974.

    Args:
        distances: Lengths of residual vectors.
        counts: Which of them were observed.
        axes: Dimensions of the vectors.

    Returns:
        NaN for a clip without observations.
    """
    observed = torch.where(counts, distances, torch.nan)
    return observed.nanmedian(-1).values / _MEDIAN_LENGTHS[axes]
