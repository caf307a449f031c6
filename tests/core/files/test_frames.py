import torch

from motionfit.files.frames import transform_floor, transform_motion
from motionfit.geometry.planes import RigidTransform, world_floor
from motionfit.geometry.rotations import rotation_from_axis_angle
from motionfit.metrics.drift import joints_of


def some_transform():
    rotation = rotation_from_axis_angle(torch.tensor([0.3, -1.0, 2.0]))
    return RigidTransform(rotation, torch.tensor([1.0, -2.0, 3.0]))


def test_joints_move_as_points_do(walking, open_body):
    transform = some_transform()
    moved = joints_of(open_body, transform_motion(walking, open_body, transform))
    torch.testing.assert_close(moved, transform.apply(joints_of(open_body, walking)), atol=1e-5, rtol=0)


def test_there_and_back_is_where_it_was(walking, open_body):
    transform = some_transform()
    back = transform_motion(transform_motion(walking, open_body, transform), open_body, transform.inverse())
    torch.testing.assert_close(back.translation, walking.translation, atol=1e-5, rtol=0)


def test_heights_over_the_floor_stay(walking, open_body):
    transform = some_transform()
    floor = transform_floor(world_floor(), transform)
    joints = joints_of(open_body, transform_motion(walking, open_body, transform))
    heights = joints @ floor.normal - floor.offset
    torch.testing.assert_close(heights, joints_of(open_body, walking)[..., 2], atol=1e-5, rtol=0)
