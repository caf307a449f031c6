import numpy as np
import pytest
import torch

from motionfit.motion import Camera, Floor
from motionfit.render.mesh import Mesh


@pytest.fixture
def camera() -> Camera:
    """A small level camera."""
    return Camera(torch.tensor([[100.0, 0.0, 80.0], [0.0, 100.0, 45.0], [0.0, 0.0, 1.0]]), (160, 90))


@pytest.fixture
def floor() -> Floor:
    """Level, 1 m below the camera."""
    return Floor(torch.tensor([0.0, -1.0, 0.0]), torch.tensor(-1.0))


def sphere(centre: tuple[float, float, float], radius: float, colour=(1.0, 0.2, 0.2)) -> Mesh:
    """A ball of 960 triangles."""
    around, along = np.meshgrid(np.linspace(0, 2 * np.pi, 33)[:-1], np.linspace(0, np.pi, 16))
    points = np.stack([np.cos(around) * np.sin(along), np.cos(along), np.sin(around) * np.sin(along)], -1)
    grid = np.arange(16 * 32).reshape(16, 32)
    a, b = grid[:-1], np.roll(grid[:-1], -1, 1)
    c, d = grid[1:], np.roll(grid[1:], -1, 1)
    faces = np.concatenate([np.stack([a, b, c], -1).reshape(-1, 3), np.stack([b, d, c], -1).reshape(-1, 3)])
    vertices = points.reshape(-1, 3) * radius + np.array(centre)
    return Mesh(vertices, faces, np.broadcast_to(np.array(colour), vertices.shape))


@pytest.fixture
def ball() -> Mesh:
    """Radius 0.4 m, 3 m ahead."""
    return sphere((0.0, 0.0, 3.0), 0.4)
