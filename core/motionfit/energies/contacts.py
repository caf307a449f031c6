"""Joints in contact with the ground stand still, near it."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor

_HEIGHT_TOLERANCE = 0.08


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
