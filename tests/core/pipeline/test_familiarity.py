"""The score of a fit's frames, whatever frame of reference the fit is in."""

from dataclasses import replace

import pytest
import torch

from motionfit.files.frames import transform_floor, transform_motion
from motionfit.geometry.planes import world_floor
from motionfit.pipeline.familiarity import familiarity_of
from motionfit.priors.checkpoints import load_priors
from motionfit.priors.familiarity import calibrate
from motionfit.simulation import Projection, camera_from_world


@pytest.fixture(scope="module")
def priors():
    values = -200.0 + 50.0 * torch.randn(500, generator=torch.Generator().manual_seed(0))
    return replace(load_priors(), familiarity=calibrate([values], "", ""))


def test_every_frame_has_a_score_that_the_camera_does_not_change(priors, walking, open_body):
    found = familiarity_of(walking, open_body, world_floor(), priors)
    assert found.shape == (walking.frames,)
    assert torch.isfinite(found).all()
    placed = camera_from_world(walking, open_body, Projection((640, 360), 560.0))
    seen = transform_motion(walking, open_body, placed)
    in_camera = familiarity_of(seen, open_body, transform_floor(world_floor(), placed), priors)
    torch.testing.assert_close(in_camera, found, rtol=1e-2, atol=1e-2)


def test_what_cannot_be_told_is_absent(priors, walking, open_body):
    floor = world_floor()
    assert familiarity_of(walking, open_body, floor, replace(priors, familiarity=None)) is None
    assert familiarity_of(walking.slice(0, 3), open_body, floor, priors) is None
    assert familiarity_of(replace(walking, fps=25.0), open_body, floor, priors) is None
    assert familiarity_of(walking.slice(0, 4), open_body, floor, priors).shape == (4,)
