"""A floor as people give it: four numbers, checked."""

from __future__ import annotations

import numpy as np
import torch

from motionfit.errors import InputError
from motionfit.files.npz import array_of
from motionfit.geometry.planes import world_floor
from motionfit.motion import Floor, Observations
from motionfit.pipeline.floor import level_floor


def roughly_up(observations: Observations) -> np.ndarray:
    """About where up is in the frame of the observations: z, −y of a camera, or that of a moving camera on average."""
    floor = level_floor(observations.camera) if observations.in_camera_frame else world_floor()
    return array_of(floor.normal)


def given_floor(plane: np.ndarray, upward: np.ndarray, named: str) -> Floor:
    """The floor with n·p = d of four numbers n, d; the normal need not have unit length.

    Args:
        plane: What was given.
        upward: About where up is.
        named: What the floor is called in errors.

    Raises:
        InputError: It is no plane, or its normal points down.
    """
    plane = np.asarray(plane, np.float64).reshape(-1)
    if plane.shape != (4,) or not np.isfinite(plane).all():
        raise InputError(f"{named} is {plane.tolist()}, not a normal and an offset (4 numbers).")
    length = float(np.linalg.norm(plane[:3]))
    if length < 1e-6:
        raise InputError(f"The normal of {named} is zero.", "Give n and d with n·p = d on the floor.")
    plane = plane if abs(length - 1.0) < 1e-6 else plane / length
    if plane[:3] @ upward < 0:
        raise InputError(
            f"The normal of {named} points down ({plane[:3].round(3).tolist()}).",
            "Turn the signs of all four numbers: up is −y in the camera frame and +z in the world of 3D data.",
        )
    numbers = torch.from_numpy(plane.astype(np.float32))
    return Floor(numbers[:3], numbers[3])
