"""A body, a walk in the world and in front of a camera."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PySide6.QtGui import QColor

from motionfit.body.load import load_body, open_body_path
from motionfit.motion import Camera, Floor, Motion
from motionfit_app.viewport.tracks import BodyTrack

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def body():
    return load_body(open_body_path())


@pytest.fixture(scope="session")
def walk() -> Motion:
    from viewport_walk import make_walk

    return make_walk()


@pytest.fixture(scope="session")
def walks() -> tuple[Motion, Motion]:
    from viewport_walk import make_walk

    return make_walk(), make_walk(1)


@pytest.fixture(scope="session")
def filmed(body, walk):
    """The walk in the frame of a camera 4 m away, the camera and the floor as the camera sees it."""
    eye, target = torch.tensor([1.2, 4.6, 1.6]), torch.tensor([0.0, 0.7, 0.9])
    forward = (target - eye) / (target - eye).norm()
    up = torch.tensor([0.0, 0.0, 1.0])
    right = torch.linalg.cross(forward, up)
    right = right / right.norm()
    rotation = torch.stack([right, torch.linalg.cross(forward, right), forward])
    shift = -rotation @ eye
    root = body.rest_joints(walk.betas)[0]
    moved = replace(
        walk,
        translation=(walk.translation + root) @ rotation.T + shift - root,
        root_orientation=rotation @ walk.root_orientation,
    )
    camera = Camera(torch.tensor([[420.0, 0.0, 310.0], [0.0, 430.0, 185.0], [0.0, 0.0, 1.0]]), (640, 360))
    normal = rotation @ up
    return moved, camera, Floor(normal, normal @ shift)


@pytest.fixture
def track(walk) -> BodyTrack:
    return BodyTrack("stage III", walk, QColor("#8fb8de"))
