"""Motions, observations and quick settings for tests of the fit."""

from dataclasses import replace

import formulas
import pytest
import torch

from motionfit.body.load import load_body, open_body_path
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
