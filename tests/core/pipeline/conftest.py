"""Motions, observations and quick settings for tests of the fit."""

import math
from dataclasses import replace

import formulas
import pytest
import torch

from motionfit.body.load import load_body, open_body_path
from motionfit.body.model import vertices
from motionfit.geometry.planes import world_floor
from motionfit.geometry.rotations import rotation_from_axis_angle
from motionfit.motion import Motion
from motionfit.pipeline.settings import load_preset
from motionfit.priors.checkpoints import load_priors
from motionfit.simulation import simulate

FRAMES = 20
QUICK = {"root": 20, "pose": 120, "tune_x0": 3, "hold_x0": 4, "refine": 4}


@pytest.fixture(scope="session")
def body():
    return load_body(open_body_path())


@pytest.fixture(scope="session")
def priors():
    return load_priors()


def walk(frames: int, sequence: int = 0) -> Motion:
    """A walking-like motion over the floor, by formula."""
    translation, root, pose, _ = formulas.walk(frames, sequence)
    return Motion(
        fps=30.0,
        translation=torch.from_numpy(translation).float(),
        root_orientation=rotation_from_axis_angle(torch.from_numpy(root).float()),
        body_pose=rotation_from_axis_angle(torch.from_numpy(pose).float().reshape(frames, 21, 3)),
        betas=torch.zeros(16),
    )


def slow_steps(body, frames: int) -> Motion:
    """Slow steps on straight legs about the place, the lower sole on the floor."""
    time = torch.arange(frames) / 30.0
    swing, zero = 0.25 * torch.sin(2 * math.pi * 0.5 * time), torch.zeros(frames)
    pose = torch.eye(3).repeat(frames, 21, 1, 1)
    pose[:, 0] = rotation_from_axis_angle(torch.stack([-swing, zero, zero], -1))
    pose[:, 1] = rotation_from_axis_angle(torch.stack([swing, zero, zero], -1))
    root = rotation_from_axis_angle(torch.tensor([math.pi / 2, 0.0, 0.0])).expand(frames, 3, 3)
    place = torch.stack([0.1 * time, 0.05 * time, zero], -1)
    place[:, 2] -= vertices(body, torch.zeros(16), place, root, pose)[..., 2].amin(1)
    return Motion(30.0, place, root, pose, torch.zeros(16))


@pytest.fixture(scope="session")
def motion():
    return walk(FRAMES)


@pytest.fixture(scope="session")
def noisy(motion, body):
    return simulate(motion, body, "noise=0.02", 1)


@pytest.fixture
def quick():
    return replace(load_preset("joints3d"), iterations=QUICK)


@pytest.fixture
def floor():
    return world_floor()
