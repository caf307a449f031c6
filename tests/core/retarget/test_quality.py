import math
from dataclasses import replace

import pytest
import torch

from motionfit.geometry.rotations import rotation_from_axis_angle
from motionfit.retarget.bones import pose_bones
from motionfit.retarget.quality import QUALITY_TITLES, bone_residual, measure_quality
from motionfit.retarget.resample import resample


@pytest.fixture(scope="module")
def slow(march):
    return resample(march(3.0), 30.0)


def quality(motion, body, source=None):
    return measure_quality(motion, body, pose_bones(motion, body).joints if source is None else source)


def test_a_motion_is_its_own_source_in_any_place_and_size(slow, body):
    found = quality(slow, body, pose_bones(slow, body).joints * 0.43 + 7.0)
    assert found.bone_degrees == pytest.approx(0.0, abs=1e-5)
    assert found.bone_mm == pytest.approx(0.0, abs=1e-3)
    assert found.flips == 0
    assert set(QUALITY_TITLES) <= set(found.to_json())


def test_limbs_that_are_turned_and_stretched_are_told(slow, body):
    joints = pose_bones(slow, body).joints
    tilted = joints @ rotation_from_axis_angle(torch.tensor([0.0, 0.1, 0.0], dtype=torch.float64)).mT
    degrees, millimetres = bone_residual(joints, tilted)
    assert 3.0 < degrees <= math.degrees(0.1) + 1e-6
    assert millimetres > 10
    shins = joints.clone()
    shins[:, [7, 8]] += 0.2 * (joints[:, [7, 8]] - joints[:, [4, 5]])
    degrees, millimetres = bone_residual(joints, shins)
    assert degrees == pytest.approx(0.0, abs=1e-5)
    assert millimetres > 10


def test_each_flip_is_counted_once(slow, body, change):
    by = rotation_from_axis_angle(torch.tensor([0.0, 1.5, 0.0], dtype=torch.float64))
    found = quality(change(change(slow, 18, slice(40, None), by), 4, slice(20, 21), by), body)
    assert found.flips == 3
    assert found.flips_per_10000 == pytest.approx(30000 / 90)


def test_soles_under_the_floor_are_measured(slow, body, lift):
    sunk = quality(lift(slow, torch.where(torch.arange(90) < 18, -0.05, -0.01)), body)
    assert sunk.penetration_mm == pytest.approx(50.0, abs=3.0)
    assert sunk.penetration_percent == pytest.approx(20.0, abs=0.1)
    assert quality(lift(slow, 0.01), body).penetration_mm == 0.0


def test_toes_that_slide_are_measured_and_toes_in_the_air_are_not(slow, body, lift):
    still = replace(
        slow,
        root_orientation=slow.root_orientation[:1].repeat(90, 1, 1),
        body_pose=slow.body_pose[:1].repeat(90, 1, 1, 1),
    )
    path = still.translation.clone()
    path[:, 0] += 0.1 * torch.arange(90, dtype=torch.float64) / 30.0
    assert quality(still, body).sliding_mm_s == 0.0
    assert quality(replace(still, translation=path), body).sliding_mm_s == pytest.approx(100.0, abs=1e-3)
    assert quality(lift(slow, 0.5), body).sliding_mm_s is None
