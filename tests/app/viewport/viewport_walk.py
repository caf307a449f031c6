"""Walks made by the formulas of the golden files."""

import formulas
import numpy as np
import torch
from scipy.spatial.transform import Rotation

from motionfit.motion import Motion

FRAMES = 40


def _matrices(axis_angles: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(Rotation.from_rotvec(axis_angles.reshape(-1, 3)).as_matrix()).float()


def make_walk(sequence: int = 0) -> Motion:
    translation, orientation, pose, betas = formulas.walk(FRAMES, sequence)
    contacts = torch.zeros(FRAMES, 22)
    contacts[:, 10] = (torch.arange(FRAMES) % 20 < 10).float()
    return Motion(
        30.0,
        torch.from_numpy(translation).float(),
        _matrices(orientation),
        _matrices(pose).reshape(FRAMES, 21, 3, 3),
        torch.from_numpy(betas).float(),
        contacts=contacts,
    )
