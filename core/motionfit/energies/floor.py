"""The floor should stay near its first estimate."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor


def floor_change(floor: Float[Tensor, "*batch 3"], initial_floor: Float[Tensor, "*batch 3"]) -> Float[Tensor, "*batch"]:
    """½ ‖n·d − (n·d)_init‖², m²; a floor is given here as the point of it that is nearest to the camera."""
    return 0.5 * (floor - initial_floor).square().sum(-1)
