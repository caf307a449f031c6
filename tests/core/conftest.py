"""A body and a short motion that every test of the core may use."""

import math

import pytest
import torch

from motionfit.body.load import load_body, open_body_path
from motionfit.body.model import vertices
from motionfit.geometry.rotations import rotation_from_axis_angle
from motionfit.motion import Motion

FRAMES = 24


def _turn(x, y, z):
    return rotation_from_axis_angle(torch.stack([x, y, z], -1))


@pytest.fixture(scope="session")
def open_body():
    return load_body(open_body_path())


@pytest.fixture(scope="session")
def walking(open_body):
    """24 frames of marching forward at 30 fps in the world frame, the lowest sole on the floor."""
    time = torch.arange(FRAMES) / 30.0
    swing, zero = 0.5 * torch.sin(2 * math.pi * 1.2 * time), torch.zeros(FRAMES)
    pose = torch.eye(3).repeat(FRAMES, 21, 1, 1)
    pose[:, 0], pose[:, 1] = _turn(-swing, zero, zero), _turn(swing, zero, zero)
    pose[:, 3], pose[:, 4] = _turn(0.3 + swing.abs(), zero, zero), _turn(0.3 + swing.abs(), zero, zero)
    pose[:, 15], pose[:, 16] = _turn(zero, zero, zero - 1.1), _turn(zero, zero, zero + 1.1)
    upright = rotation_from_axis_angle(torch.tensor([math.pi / 2, 0.0, 0.0]))
    root = _turn(zero, zero, 0.2 + 0.1 * time) @ upright
    betas = torch.zeros(16)
    betas[0] = 0.5
    place = torch.stack([0.3 * time, -0.9 * time, zero], -1)
    lowest = vertices(open_body, betas, place, root, pose)[..., 2].amin(1)
    place[:, 2] -= lowest
    return Motion(30.0, place, root, pose, betas)
