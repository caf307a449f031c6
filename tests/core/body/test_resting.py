import pytest
import torch

from motionfit.body.load import load_body, open_body_path
from motionfit.body.resting import resting_heights
from motionfit.body.skeleton import JOINT_NAMES, MIRROR


@pytest.fixture(scope="module")
def body():
    return load_body(open_body_path())


def test_ankles_and_balls_rest_as_high_as_they_stand_over_the_sole(body):
    heights = resting_heights(body)
    sole = body.surface.template[:, 1].amin()
    for joint in (7, 8, 10, 11):
        over = float(body.joint_template[joint, 1] - sole)
        assert float(heights.highest[joint]) == pytest.approx(over, abs=0.01)


def test_every_joint_has_a_range_that_a_body_allows_and_both_sides_are_alike(body):
    heights = resting_heights(body)
    assert (heights.lowest >= 0).all()
    assert (heights.lowest <= heights.highest).all()
    assert (heights.highest < 0.25).all()
    torch.testing.assert_close(heights.lowest, heights.lowest[list(MIRROR)], atol=0.01, rtol=0)
    torch.testing.assert_close(heights.highest, heights.highest[list(MIRROR)], atol=0.01, rtol=0)
    pelvis, knee = JOINT_NAMES.index("pelvis"), JOINT_NAMES.index("left_knee")
    assert heights.highest[pelvis] > 2 * heights.highest[knee]


def test_a_body_of_twice_the_size_rests_twice_as_high(body):
    from dataclasses import replace

    surface = replace(body.surface, template=2 * body.surface.template)
    twice = resting_heights(replace(body, surface=surface, joint_template=2 * body.joint_template))
    torch.testing.assert_close(twice.highest, 2 * resting_heights(body).highest)
