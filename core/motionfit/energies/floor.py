"""The floor should stay near its first estimate."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor


def floor_change(floor: Float[Tensor, "*batch 3"], initial_floor: Float[Tensor, "*batch 3"]) -> Float[Tensor, "*batch"]:
    """½ ‖n·d − (n·d)_init‖², m²; a floor is given here as the point of it that is nearest to the camera."""
    return 0.5 * (floor - initial_floor).square().sum(-1)


def floor_deviation(
    tilt: Float[Tensor, "*batch 2"],
    shift: Float[Tensor, "*batch"],
    tilt_precision: Float[Tensor, "*batch 2 2"],
    height_precision: Float[Tensor, "*batch"],
) -> Float[Tensor, "*batch"]:
    """½ (tᵀ Λ t + λ s²): the negative log density of a change of the floor, up to a constant.

    Args:
        tilt: Change of the slopes along two directions of the floor, radians.
        shift: Change of its height, metres.
        tilt_precision: Λ, 1/rad².
        height_precision: λ, 1/m².
    """
    turned = (tilt_precision @ tilt.unsqueeze(-1)).squeeze(-1)
    return 0.5 * ((tilt * turned).sum(-1) + height_precision * shift.square())
