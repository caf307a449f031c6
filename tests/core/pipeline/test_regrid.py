from dataclasses import replace

import pytest
import torch

from motionfit.motion import Observations
from motionfit.pipeline.regrid import grid_motion
from motionfit.pipeline.timeline import timeline_of

from .conftest import walk

FRAMES = 60


@pytest.mark.parametrize("fps", [15.0, 30.0, 60.0, 47.0])
def test_a_motion_on_the_grid_goes_through_its_frames(fps):
    motion = replace(walk(FRAMES), fps=fps)
    line = timeline_of(Observations(fps, FRAMES))
    on_grid = grid_motion(motion, line)
    assert on_grid.frames == line.frames
    back = line.observed_motion(on_grid)
    for name in ("translation", "root_orientation", "body_pose"):
        tolerance = 0.0 if line.is_grid else 0.1
        torch.testing.assert_close(getattr(back, name), getattr(motion, name), rtol=0, atol=tolerance)
    if fps == 60.0:
        torch.testing.assert_close(on_grid.translation[:30], motion.translation[::2], rtol=0, atol=1e-6)
    if fps == 15.0:
        torch.testing.assert_close(on_grid.body_pose[::2], motion.body_pose, rtol=0, atol=1e-6)
