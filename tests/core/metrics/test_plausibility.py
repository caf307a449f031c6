import math
from dataclasses import replace

import pytest
import torch

from motionfit.files.frames import transform_floor, transform_motion
from motionfit.geometry.planes import RigidTransform, world_floor
from motionfit.geometry.rotations import rotation_from_axis_angle
from motionfit.metrics import evaluate, plausibility
from motionfit.metrics.drift import joints_of

FLOOR = world_floor()


def standing(frames=10, height=0.0):
    """Joints at rest with the feet at a height and all else high up."""
    joints = torch.ones(frames, 22, 3)
    joints[:, [7, 8, 10, 11], 2] = height
    return joints


def test_feet_that_stand_do_not_skate():
    assert plausibility.skating_cm_per_frame(standing(), FLOOR) == 0.0


def test_skating_by_hand():
    sliding = standing()
    sliding[:, :, 0] += 0.02 * torch.arange(10)[:, None]
    assert plausibility.skating_cm_per_frame(sliding, FLOOR) == pytest.approx(2.0, rel=1e-5)
    assert float(plausibility.skating_cm(sliding, FLOOR)[0]) == 0.0
    sliding[:, [7, 8, 10, 11], 2] = 0.04
    ankles_only = 2.0 * (2 - 2**0.4) / 2
    assert plausibility.skating_cm_per_frame(sliding, FLOOR) == pytest.approx(ankles_only, rel=1e-4)
    sliding[:, [7, 8, 10, 11], 2] = 0.2
    assert plausibility.skating_cm_per_frame(sliding, FLOOR) == 0.0


def test_lifting_a_foot_is_no_skating():
    lifted = standing()
    lifted[:, [10, 11], 2] += 0.03 * (torch.arange(10) % 2)[:, None]
    assert plausibility.skating_cm_per_frame(lifted, FLOOR) == 0.0


def test_penetration_by_hand():
    assert plausibility.penetration_rate(standing(height=0.001), FLOOR) == 0.0
    assert plausibility.penetration_rate(standing(height=-0.20), FLOOR) == pytest.approx(1.0)
    assert plausibility.penetration_rate(standing(height=-0.07), FLOOR) == pytest.approx(3 / 6)
    half = standing(height=-0.01)
    half[:5, :, 2] = 1.0
    assert plausibility.penetration_rate(half, FLOOR) == pytest.approx(1 / 12)
    assert plausibility.penetration_cm(torch.tensor([-0.02, 0.0, 0.05, -0.04])) == pytest.approx(1.5)
    assert plausibility.float_cm(torch.tensor([-0.02, 0.0, 0.05, -0.04])) == pytest.approx(1.25)


def test_the_lowest_vertex_is_on_the_floor_where_the_motion_was_put(walking, open_body):
    lowest = plausibility.lowest_point(walking, open_body, FLOOR)
    torch.testing.assert_close(lowest, torch.zeros(24), atol=1e-4, rtol=0)
    higher = replace(walking, translation=walking.translation + torch.tensor([0, 0, 0.07]))
    assert plausibility.float_cm(plausibility.lowest_point(higher, open_body, FLOOR)) == pytest.approx(7, abs=0.01)


def test_touching_needs_low_and_slow():
    joints = standing(height=0.02)
    places = list(plausibility.CONTACT_HEIGHTS)
    touching = plausibility.touching(joints, 30.0, FLOOR)
    assert [places[k] for k in touching[0].nonzero().flatten()] == [7, 8, 10, 11]
    joints[:, 10, 0] += torch.arange(10) * 0.011
    assert not bool(plausibility.touching(joints, 30.0, FLOOR)[:, places.index(10)].any())
    assert bool(plausibility.touching(joints, 25.0, FLOOR)[:, places.index(10)].all())


def test_contact_f1_by_hand():
    true, predicted = torch.zeros(2, 8, dtype=torch.bool), torch.zeros(2, 8, dtype=torch.bool)
    assert plausibility.contact_f1(predicted, true) is None
    true[0, :4] = True
    assert plausibility.contact_f1(true, true) == 1.0
    predicted[0, 2:4] = True
    predicted[1, 0] = True
    precision, recall = 2 / 3, 2 / 4
    assert plausibility.contact_f1(predicted, true) == pytest.approx(2 * precision * recall / (precision + recall))


def test_own_contacts_are_judged_where_a_motion_tells_them(walking, open_body):
    joints = joints_of(open_body, walking)
    told = replace(walking, contacts=torch.full((24, 22), 0.9))
    assert bool(plausibility.predicted_touching(told, joints, FLOOR).all())
    expected = plausibility.touching(joints, 30.0, FLOOR)
    assert torch.equal(plausibility.predicted_touching(walking, joints, FLOOR), expected)


def test_plausibility_does_not_depend_on_the_frame_of_reference(walking, open_body):
    camera = RigidTransform(rotation_from_axis_angle(torch.tensor([2.0, 0.3, -0.5])), torch.tensor([0.1, 0.9, 4.0]))
    here = evaluate(walking, walking, open_body, None, FLOOR)
    there_motion = transform_motion(walking, open_body, camera)
    there = evaluate(there_motion, there_motion, open_body, None, transform_floor(FLOOR, camera))
    assert list(here) == list(there)
    for name, value in here.items():
        assert there[name] == pytest.approx(value, rel=2e-2, abs=0.02), name
    assert math.isfinite(here["jitter"])
