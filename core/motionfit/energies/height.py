"""How far a body is from the height that the person is known to have."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

SPREAD = 0.015
"""Metres: how exactly people know their height, and how far hair, shoes and the time of day change it."""


def height_deviation(found: Float[Tensor, "*batch"], known: Float[Tensor, "*batch"]) -> Float[Tensor, "*batch"]:
    """(found − known) / `SPREAD`; zero where `known` is NaN."""
    return torch.where(torch.isnan(known), torch.zeros_like(found), (found - known.nan_to_num()) / SPREAD)


def height(found: Float[Tensor, "*batch"], known: Float[Tensor, "*batch"]) -> Float[Tensor, "*batch"]:
    """½ of the squared deviation."""
    return 0.5 * height_deviation(found, known).square()
