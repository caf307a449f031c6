"""First floor of a clip that was seen by a camera and came without one, until its ground is found."""

from __future__ import annotations

import torch

from motionfit.motion import Floor

_FIRST_HEIGHT = 1.2


def level_floor(dtype: torch.dtype = torch.float32) -> Floor:
    """A level floor 1.2 m below the camera, before anything is known."""
    normal = torch.tensor([0.0, -1.0, 0.0], dtype=dtype)
    return Floor(normal, torch.tensor(-_FIRST_HEIGHT, dtype=dtype))
