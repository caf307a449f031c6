import math
from dataclasses import replace
from itertools import pairwise

import pytest
import torch

from motionfit.geometry.rotations import geodesic_angle, rotation_from_axis_angle
from motionfit.retarget.bones import pose_bones
from motionfit.retarget.calibrate import correct_attitude, correction_degrees, measure_attitude


def turn(x=0.0, y=0.0, z=0.0):
    return rotation_from_axis_angle(torch.tensor([x, y, z], dtype=torch.float64))


def with_offset(motion, pelvis=None, head=None):
    """The motion of a rig whose zero is off: thighs and trunk stay where they are."""
    pose, root = motion.body_pose.clone(), motion.root_orientation
    if pelvis is not None:
        root = root @ pelvis
        pose[:, :3] = pelvis.mT @ pose[:, :3]
    if head is not None:
        pose[:, 14] = pose[:, 14] @ head
    return replace(motion, root_orientation=root, body_pose=pose)


def degrees(first, second):
    return math.degrees(float(geodesic_angle(first, second).max()))


@pytest.mark.parametrize("offset", [turn(x=math.radians(20)), turn(x=math.radians(-24)), turn(x=0.3, z=0.2)])
def test_the_zero_of_the_pelvis_is_recovered(marching, body, offset):
    rig = with_offset(marching, pelvis=offset)
    attitude = measure_attitude([rig], body)
    assert attitude.seconds > 1
    found = correct_attitude(rig, body, attitude)
    assert degrees(found.root_orientation, marching.root_orientation) < 2.5
    assert degrees(found.body_pose[:, [3, 4, 15, 17]], rig.body_pose[:, [3, 4, 15, 17]]) < 1e-3
    hips = [pose_bones(motion, body).joints[:, 1:3].mean(1) for motion in (found, rig)]
    torch.testing.assert_close(hips[0], hips[1], atol=1e-9, rtol=0)
    thighs = [pose_bones(motion, body).rotations[:, [1, 2, 3]] for motion in (found, rig)]
    torch.testing.assert_close(thighs[0], thighs[1], atol=1e-9, rtol=0)


def test_the_zero_of_the_head_is_recovered(marching, body):
    offset = turn(x=math.radians(30))
    rig = with_offset(marching, head=offset)
    found = correct_attitude(rig, body, measure_attitude([rig], body))
    # People look down by 8 degrees; the marching looks straight ahead.
    assert degrees(found.body_pose[:, 14] @ turn(x=math.radians(-8)), marching.body_pose[:, 14]) < 3.0
    assert degrees(found.body_pose[:, :14], rig.body_pose[:, :14]) == pytest.approx(0.0, abs=1e-3)


def test_what_people_differ_by_is_left_to_them(marching, body):
    rig = with_offset(marching, pelvis=turn(x=math.radians(5)), head=turn(x=math.radians(5)))
    attitude = measure_attitude([rig], body)
    assert correction_degrees(attitude.pelvis) == correction_degrees(attitude.head) == 0.0
    found = correct_attitude(rig, body, attitude)
    torch.testing.assert_close(found.root_orientation, rig.root_orientation)


def test_a_little_more_offset_is_a_little_more_correction(marching, body):
    found = []
    for offset in (5, 7, 9, 11, 13, 24):
        attitude = measure_attitude([with_offset(marching, pelvis=turn(x=math.radians(offset)))], body)
        found.append(correction_degrees(attitude.pelvis))
    assert found == sorted(found)
    assert max(after - before for before, after in pairwise(found[:5])) < 5.0
    assert found[0] == 0.0
    assert found[-1] > 21.0


def test_clips_of_one_subject_are_measured_together(marching, body):
    rig = with_offset(marching, pelvis=turn(x=math.radians(20)))
    short = [rig.slice(start, start + 60) for start in (0, 100, 200)]
    assert measure_attitude(short[:1], body) is None
    together = measure_attitude(short, body)
    assert correction_degrees(together.pelvis) == pytest.approx(20.0, abs=2.5)
    assert together.seconds == pytest.approx(1.5, abs=0.01)


def test_who_never_stands_upright_is_not_measured(marching, body):
    pose = marching.body_pose.clone()
    pose[:, 2] = pose[:, 2] @ turn(x=1.0)
    assert measure_attitude([replace(marching, body_pose=pose)], body) is None


def test_a_clip_that_bends_half_of_the_time_is_measured_by_the_other_half(marching, body):
    rig = with_offset(marching, pelvis=turn(x=math.radians(20)))
    root, pose = rig.root_orientation.clone(), rig.body_pose.clone()
    root[:180] = root[:180] @ turn(x=0.9)
    found = measure_attitude([replace(rig, root_orientation=root, body_pose=pose)], body)
    assert correction_degrees(found.pelvis) == pytest.approx(20.0, abs=2.5)
