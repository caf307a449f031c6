"""First floor of a clip that was seen by a camera and came without one."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from motionfit.motion import Floor

_FEET = (7, 8, 10, 11)
_LOW_SHARE = 0.1
_SOLE = 0.03
_FIRST_HEIGHT = 1.2


def level_floor(dtype: torch.dtype = torch.float32) -> Floor:
    """A level floor 1.2 m below the camera, before anything is known."""
    normal = torch.tensor([0.0, -1.0, 0.0], dtype=dtype)
    return Floor(normal, torch.tensor(-_FIRST_HEIGHT, dtype=dtype))


def floor_under_feet(joints: Float[Tensor, "frames 22 3"], normal: Float[Tensor, "3"]) -> Floor:
    """The floor of a given direction that the lowest foot joints stand on.

    Args:
        joints: Metres, in the frame of the normal.
        normal: Unit, up.

    Returns:
        A floor 3 cm (the sole) under the lowest tenth of the lowest foot joints of the frames.
    """
    heights = (joints[:, _FEET] @ normal).amin(-1)
    return Floor(normal, torch.quantile(heights, _LOW_SHARE) - _SOLE)
