"""The poses and the walk by formula are what they claim: rotations in human ranges, a walk on the floor."""

import torch

from motionfit.geometry.rotations import geodesic_angle
from motionfit.priors.plausible import WALK_FRAMES, plausible_poses, plausible_walk, rest_joints, steps_of


def test_poses_are_rotations_that_differ_and_bend_no_joint_beyond_its_range():
    poses = plausible_poses()
    identity = torch.eye(3)
    torch.testing.assert_close(poses @ poses.transpose(-1, -2), identity.expand_as(poses), atol=1e-5, rtol=0)
    assert geodesic_angle(poses, identity.expand_as(poses)).max() < 1.7
    assert geodesic_angle(poses[0], poses[1]).mean() > 0.1


def test_the_rest_body_is_of_average_size_and_the_same_on_both_sides(open_body):
    expected = open_body.rest_joints(torch.zeros(16))
    bones = [(1, 4), (4, 7), (16, 18), (18, 20), (0, 12)]
    for first, second in bones:
        length = (rest_joints()[first] - rest_joints()[second]).norm()
        assert abs(length - (expected[first] - expected[second]).norm()) < 0.08, (first, second)
    torch.testing.assert_close(rest_joints()[1] * torch.tensor([-1.0, 1, 1]), rest_joints()[2])


def test_the_walk_is_upright_ahead_and_on_the_floor():
    walk = plausible_walk()
    assert walk.frames == WALK_FRAMES
    lowest = walk.joints[:, :, 2].amin(-1)
    assert lowest.min() > 0.0
    assert lowest.max() < 0.05
    assert (walk.joints[:, 15, 2] > 1.4).all()
    assert 1.0 < walk.linear_velocity[:, 1].mean() < 1.3
    assert walk.joint_velocities.norm(dim=-1).max() < 6.0


def test_steps_are_in_the_frame_of_the_first_state():
    past, following = steps_of(plausible_walk())
    torch.testing.assert_close(past.translation[:, :2], torch.zeros(WALK_FRAMES - 1, 2), atol=1e-5, rtol=0)
    torch.testing.assert_close(
        following.translation[:, 1], torch.full((WALK_FRAMES - 1,), 1.15 / 30), atol=1e-4, rtol=0
    )
