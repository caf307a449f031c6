"""Joints in contact with the ground stand still, near it."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

_HEIGHT_TOLERANCE = 0.08
_NEAR, _NEAR_WIDTH = 0.03, 0.01
_SLOW, _SLOW_WIDTH = 0.3, 0.05


def contact_velocity(
    joints: Float[Tensor, "*batch frames joints 3"], contacts: Float[Tensor, "*batch frames joints"]
) -> Float[Tensor, "*batch steps"]:
    """½ Σ c_t ‖J_t − J_{t−1}‖² per step, m².

    Args:
        joints: Metres.
        contacts: Probability that a joint is in contact; a step counts with the probability at its end.
    """
    squared = joints.diff(dim=-3).square().sum(-1)
    return 0.5 * (contacts[..., 1:, :] * squared).sum(-1)


def contact_height(
    heights: Float[Tensor, "*batch frames joints"], contacts: Float[Tensor, "*batch frames joints"]
) -> Float[Tensor, "*batch frames"]:
    """Σ c · relu(|height| − 8 cm) per frame, metres.

    Args:
        heights: Of the joints over the floor, metres.
        contacts: Probability that a joint is in contact.
    """
    return (contacts * (heights.abs() - _HEIGHT_TOLERANCE).relu()).sum(-1)


def resting_height(
    heights: Float[Tensor, "*batch frames joints"],
    contacts: Float[Tensor, "*batch frames joints"],
    lowest: Float[Tensor, " joints"],
    highest: Float[Tensor, " joints"],
) -> Float[Tensor, "*batch frames"]:
    """Σ c · (relu(height − highest) + relu(lowest − height)) per frame, metres: what rests is neither over nor in it.

    Args:
        heights: Of the joints over the floor, metres.
        contacts: Probability that a joint is in contact.
        lowest: Height of each joint while the body rests on it, at least.
        highest: Likewise, at most.
    """
    return (contacts * ((heights - highest).relu() + (lowest - heights).relu())).sum(-1)


@torch.no_grad()
def resting_probability(
    heights: Float[Tensor, "*batch frames joints"],
    speeds: Float[Tensor, "*batch frames joints"],
    highest: Float[Tensor, " joints"],
) -> Float[Tensor, "*batch frames joints"]:
    """Soft contact of joints for which nothing is predicted: near the floor and slow.

    It is a half 3 cm over the greatest resting height, or at 0.3 m/s. No gradient flows: that would make joints avoid
    contact where contact costs.

    Args:
        heights: Of the joints over the floor, metres.
        speeds: Of the joints, m/s.
        highest: Height of each joint while the body rests on it, at most.
    """
    near: Tensor = ((highest + _NEAR - heights) / _NEAR_WIDTH).sigmoid()
    return near * ((_SLOW - speeds) / _SLOW_WIDTH).sigmoid()
