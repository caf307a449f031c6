from dataclasses import replace

import pytest
import torch

from motionfit.geometry.rotations import rotation_from_axis_angle
from motionfit.metrics.drift import joints_of
from motionfit.pipeline.borders import FASTEST, close_borders

from .conftest import walk

FRAMES = 40
MOVED = ("translation", "root_orientation", "body_pose")


def moved_away(motion, metres, turn):
    """The motion with a root that is elsewhere and joints that are turned, in all frames alike."""
    rotation = rotation_from_axis_angle(torch.tensor([0.0, 0.0, turn]))
    return replace(
        motion,
        translation=motion.translation + torch.tensor([metres, 0.0, 0.0]),
        root_orientation=rotation @ motion.root_orientation,
        body_pose=rotation @ motion.body_pose,
    )


@pytest.mark.parametrize(("start", "stop"), [(10, 25), (1, 2), (5, 9), (20, FRAMES), (0, 30), (FRAMES - 1, FRAMES)])
def test_at_the_locked_neighbours_it_is_the_locked_motion(body, start, stop):
    locked, fitted = walk(FRAMES), moved_away(walk(FRAMES), 0.1, 0.2)
    closed = close_borders(fitted, locked, start, stop, body)
    for neighbour in {start - 1, stop} & set(range(FRAMES)):
        for name in MOVED:
            now, wanted = getattr(closed, name)[neighbour], getattr(locked, name)[neighbour]
            torch.testing.assert_close(now, wanted, rtol=0, atol=1e-5)
    identity = torch.eye(3).expand_as(closed.body_pose)
    torch.testing.assert_close(closed.body_pose @ closed.body_pose.mT, identity, rtol=0, atol=1e-5)


def test_a_motion_without_a_gap_stays_as_it_is(body):
    motion = walk(FRAMES)
    closed = close_borders(motion, motion, 10, 20, body)
    for name in MOVED:
        torch.testing.assert_close(getattr(closed, name), getattr(motion, name), rtol=0, atol=1e-6)


@pytest.mark.parametrize("gap", [0.01, 0.05, 0.1])
def test_a_gap_closes_no_faster_than_a_centimetre_a_frame_and_leaves_the_rest_alone(body, gap):
    locked = walk(FRAMES)
    fitted = moved_away(locked, gap, 0.0)
    closed = close_borders(fitted, locked, 1, FRAMES - 1, body)
    bent = joints_of(body, closed) - joints_of(body, fitted)
    assert float(bent.diff(dim=0).norm(dim=-1).max()) <= FASTEST / 30.0 + 1e-6
    if gap < 0.1:
        assert float(bent[18:22].norm(dim=-1).max()) < 1e-6
