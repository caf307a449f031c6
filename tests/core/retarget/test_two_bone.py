import pytest
import torch

from motionfit.retarget.two_bone import reach

HINGE = torch.tensor([1.0, 0.0, 0.0], dtype=torch.float64)


def places(*rows):
    return [torch.tensor([row], dtype=torch.float64) for row in rows]


def moved(hip, knee, ankle, target):
    thigh, shin = reach(hip, knee, ankle, target, HINGE[None])
    new_knee = hip + (thigh @ (knee - hip)[..., None])[..., 0]
    return new_knee, new_knee + (shin @ (ankle - knee)[..., None])[..., 0]


@pytest.mark.parametrize("target", [(0.0, -0.6, 0.0), (0.1, -0.7, 0.3), (-0.2, -0.4, -0.3), (0.0, 0.5, 0.3)])
def test_the_ankle_comes_to_its_target_and_bones_keep_their_lengths(target):
    hip, knee, ankle, goal = places((0, 0, 0), (0, -0.4, 0.05), (0, -0.8, -0.05), target)
    new_knee, new_ankle = moved(hip, knee, ankle, goal)
    torch.testing.assert_close(new_ankle, goal, atol=1e-9, rtol=0)
    torch.testing.assert_close((new_knee - hip).norm(), (knee - hip).norm())
    torch.testing.assert_close((new_ankle - new_knee).norm(), (ankle - knee).norm())


def test_knees_bend_forwards_also_from_a_straight_leg():
    hip, knee, ankle, goal = places((0, 0, 0), (0, -0.4, 0), (0, -0.8, 0), (0, -0.7, 0))
    new_knee, new_ankle = moved(hip, knee, ankle, goal)
    torch.testing.assert_close(new_ankle, goal, atol=1e-9, rtol=0)
    assert float(new_knee[0, 2]) > 0.1
    assert float(new_knee[0, 0]) == pytest.approx(0.0, abs=1e-9)


def test_what_is_too_far_is_pointed_at():
    hip, knee, ankle, goal = places((0, 0, 0), (0, -0.4, 0.1), (0, -0.8, 0), (0, -2.0, 1.0))
    _, new_ankle = moved(hip, knee, ankle, goal)
    direction = new_ankle / new_ankle.norm()
    torch.testing.assert_close(direction, goal / goal.norm(), atol=1e-9, rtol=0)
    assert 0.8 < float(new_ankle.norm()) < 0.826


def test_a_leg_that_is_there_already_is_not_touched():
    hip, knee, ankle = places((0, 0, 0), (0.02, -0.4, 0.06), (0, -0.8, 0))
    thigh, shin = reach(hip, knee, ankle, ankle, HINGE[None])
    eye = torch.eye(3, dtype=torch.float64)[None]
    torch.testing.assert_close(thigh, eye, atol=1e-7, rtol=0)
    torch.testing.assert_close(shin, eye, atol=1e-7, rtol=0)
