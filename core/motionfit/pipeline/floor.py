"""First floor of a clip that was seen by a camera and came without one, until its ground is found."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from motionfit.motion import Camera, Floor

_FIRST_HEIGHT = 1.2
_LEAST_UP = 1e-3


def level_floor(camera: Camera | None = None) -> Floor:
    """A level floor 1.2 m below the camera, before anything is known; a moving camera is upright on average."""
    if camera is None or camera.rotation is None or camera.translation is None:
        return Floor(torch.tensor([0.0, -1.0, 0.0]), torch.tensor(-_FIRST_HEIGHT))
    up = upward(camera.rotation)
    centre = -(camera.rotation.mT @ camera.translation[..., None])[..., 0].mean(0)
    return Floor(up, up @ centre - _FIRST_HEIGHT)


def upward(rotation: Float[Tensor, "frames 3 3"]) -> Float[Tensor, "3"]:
    """Where a camera that moves has its up on average: a unit vector in the world.

    Args:
        rotation: Camera from world.
    """
    mean = -rotation[:, 1].mean(0)
    length = mean.norm()
    return mean / length if float(length) > _LEAST_UP else -rotation[0, 1]
