import math

import pytest
import torch

from motionfit.geometry.planes import world_floor
from motionfit.metrics.floor_error import floor_error
from motionfit.motion import Floor


def test_the_true_floor_has_no_error(walking, open_body):
    tilt, height = floor_error(world_floor(), world_floor(), walking, open_body)
    assert tilt == pytest.approx(0.0, abs=1e-3)
    assert height == pytest.approx(0.0, abs=1e-3)


def test_height_is_that_under_the_person_not_at_the_origin(walking, open_body):
    angle = math.radians(5.0)
    root = (walking.translation + open_body.rest_joints(walking.betas)[0]).mean(0)
    normal = torch.tensor([0.0, math.sin(angle), math.cos(angle)])
    foot = torch.tensor([float(root[0]), float(root[1]), 0.0])
    tilt, height = floor_error(Floor(normal, normal @ foot + 0.03), world_floor(), walking, open_body)
    assert tilt == pytest.approx(5.0, abs=0.01)
    assert height == pytest.approx(3.0, abs=0.05)
