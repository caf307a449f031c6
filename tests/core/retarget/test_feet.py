import math
from dataclasses import replace

import pytest
import torch

from motionfit.geometry.rotations import geodesic_angle, rotation_from_axis_angle
from motionfit.retarget.bones import pose_bones
from motionfit.retarget.feet import plant_feet
from motionfit.retarget.quality import measure_quality
from motionfit.retarget.resample import resample
from motionfit.retarget.soles import sole_points, soles_of


def turn(x=0.0, y=0.0, z=0.0):
    return rotation_from_axis_angle(torch.tensor([x, y, z], dtype=torch.float64))


def soles(motion, body):
    return sole_points(pose_bones(motion, body), soles_of(body, motion.betas))


@pytest.fixture(scope="module")
def steps(march):
    """Marching at 30 fps with knees a little bent, as people stand: legs that are straight cannot reach further."""
    motion = resample(march(4.0), 30.0)
    pose = motion.body_pose.clone()
    for hip, knee, ankle in ((0, 3, 6), (1, 4, 7)):
        pose[:, hip], pose[:, knee] = pose[:, hip] @ turn(x=-0.2), pose[:, knee] @ turn(x=0.4)
        pose[:, ankle] = pose[:, ankle] @ turn(x=-0.2)
    return replace(motion, body_pose=pose)


@pytest.fixture(scope="module")
def standing(steps, body, lift):
    return lift(steps, -soles(steps, body)[..., 2].flatten(1).amin(-1).median())


def test_feet_that_stand_right_are_left_alone(standing, body):
    found = plant_feet(standing, body)
    assert float(geodesic_angle(found.body_pose, standing.body_pose).max()) < 0.06
    torch.testing.assert_close(pose_bones(found, body).joints, pose_bones(standing, body).joints, atol=6e-3, rtol=0)


@pytest.mark.parametrize("depth", [0.01, 0.04, 0.1])
def test_feet_are_lifted_out_of_the_floor(standing, body, lift, depth):
    sunk = lift(standing, -depth)
    found = plant_feet(sunk, body)
    assert float(soles(found, body)[..., 2].min()) > -1e-3
    before, after = pose_bones(sunk, body), pose_bones(found, body)
    for kept in (0, 1, 2, 12, 15, 20, 21):
        torch.testing.assert_close(before.joints[:, kept], after.joints[:, kept], atol=1e-9, rtol=0)
    moved = after.joints[:, [7, 8]] - before.joints[:, [7, 8]]
    assert float(moved[..., :2].norm(dim=-1).max()) < 2e-3
    torch.testing.assert_close(before.rotations[:, [7, 8]], after.rotations[:, [7, 8]], atol=1e-9, rtol=0)
    knees = geodesic_angle(found.body_pose[:, 3:5], torch.eye(3, dtype=torch.float64).expand(found.frames, 2, 3, 3))
    assert float(knees.max()) < 2.4


def test_slow_feet_just_over_the_floor_come_down(standing, body, lift):
    found = plant_feet(lift(standing, 0.02), body)
    lowest = soles(found, body)[..., 2].flatten(1).amin(-1)
    assert float(lowest.abs().median()) < 2e-3
    assert float(lowest.min()) > -1e-3


@pytest.mark.parametrize("height", [0.06, 0.3])
def test_feet_in_the_air_stay_there(standing, body, lift, height):
    motion = lift(standing, height)
    found = plant_feet(motion, body)
    torch.testing.assert_close(found.body_pose, motion.body_pose, atol=1e-9, rtol=0)


def test_beside_equipment_feet_are_lifted_but_not_pulled(standing, body, lift):
    over = lift(standing, 0.02)
    torch.testing.assert_close(plant_feet(over, body, pulls=False).body_pose, over.body_pose, atol=1e-9, rtol=0)
    assert float(soles(plant_feet(lift(standing, -0.04), body, pulls=False), body)[..., 2].min()) > -1e-3


def test_nothing_slides_that_did_not(standing, body, lift):
    time = torch.arange(standing.frames, dtype=torch.float64) / 30.0
    uneasy = lift(standing, 0.015 * (7.0 * time).sin())
    drift = torch.stack([0.08 * time, 0.03 * (2 * time).sin(), 0 * time], -1)
    uneasy = replace(uneasy, translation=uneasy.translation + drift)
    places = pose_bones(uneasy, body).joints
    before, after = (measure_quality(motion, body, places) for motion in (uneasy, plant_feet(uneasy, body)))
    assert before.sliding_mm_s > 70
    assert after.sliding_mm_s < 1.02 * before.sliding_mm_s + 1.0
    assert after.penetration_mm < 1.0 < before.penetration_mm
    assert after.flips == 0


def test_toes_bend_over_the_floor_when_the_heel_is_up(standing, body, change):
    tip = change(standing, 7, slice(None), turn(x=math.radians(35)))
    found = plant_feet(tip, body)
    points = soles(found, body)[:, 0]
    assert float(points[..., 2].min()) > -1e-3
    bent = found.body_pose[:, 9]
    angle = torch.atan2(bent[:, 2, 1], bent[:, 1, 1])
    assert float(angle.min()) < -math.radians(15)
    assert float(angle.abs().max()) < math.radians(56)
    assert float(points[..., 2].amin(-1).min()) == pytest.approx(0.0, abs=2e-3)


def test_a_foot_that_points_into_the_floor_is_lifted_when_its_toes_cannot_bend_enough(standing, body, change, lift):
    pointed = lift(change(standing, 7, slice(None), turn(x=math.radians(75))), -0.03)
    assert float(soles(pointed, body)[:, 0, 3:, 2].min()) < -0.1
    found = plant_feet(pointed, body)
    assert float(soles(found, body)[..., 2].min()) > -2e-3


def test_a_single_frame_can_be_planted(standing, body, lift):
    found = plant_feet(lift(standing, -0.05).slice(0, 1), body)
    assert float(soles(found, body)[..., 2].min()) > -1e-3
