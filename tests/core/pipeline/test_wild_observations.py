"""Observations that no body can cause do not get into a fit, and the others do."""

import math
from dataclasses import replace

import pytest
import torch

from motionfit.errors import InputError
from motionfit.pipeline.wild_observations import without_wild
from motionfit.simulation import simulate

from .conftest import walk


@pytest.fixture(scope="module")
def given(body):
    return simulate(walk(12), body, "noise=0.02", 0)


def changed(given, change):
    joints, mask = given.joints3d.clone(), given.joints3d_mask.clone()
    change(joints, mask)
    return replace(given, joints3d=joints, joints3d_mask=mask)


def test_sound_observations_come_through_as_they_are(given, body):
    assert torch.equal(without_wild(given).joints3d, given.joints3d)
    assert torch.equal(without_wild(given).joints3d_mask, given.joints3d_mask)
    unmasked = replace(given, joints3d_mask=None)
    assert without_wild(unmasked).joints3d_mask.all()
    pixels = simulate(walk(12), body, "project=1280x720:f1060,noise_px=5,drop=0.2", 0)
    assert torch.equal(without_wild(pixels).keypoints2d, pixels.keypoints2d)
    surface = simulate(walk(12), body, "below=0.5", 0)
    assert torch.equal(without_wild(surface).keypoints3d_mask, surface.keypoints3d_mask)
    for each in (given, unmasked, pixels, surface):
        assert without_wild(each).warnings == ()


@pytest.mark.parametrize("value", [math.nan, math.inf, -1e6, 1e30, 20.0])
def test_a_wild_joint_is_left_out_and_named_with_its_frame(given, value):
    clean = without_wild(changed(given, lambda joints, _: joints[5, 7].fill_(value)))
    expected = given.joints3d_mask.clone()
    expected[5, 7] = False
    assert torch.equal(clean.joints3d_mask, expected)
    assert torch.isfinite(clean.joints3d).all()
    assert "left_ankle at frame 5" in clean.warnings[-1]


def test_an_outlier_within_reach_is_left_to_the_robust_distance(given):
    clean = without_wild(changed(given, lambda joints, _: joints[5, 7].add_(1.0)))
    assert clean.joints3d_mask.all()
    assert clean.warnings == ()


def test_what_stands_under_the_mask_is_not_read(given):
    def hide(joints, mask):
        joints[2:4] = math.nan
        mask[2:4] = False

    clean = without_wild(changed(given, hide))
    assert torch.isfinite(clean.joints3d).all()
    assert clean.warnings == ()


@pytest.mark.parametrize("frame", [0, 6, 11])
def test_a_frame_that_leaps_away_is_left_out(given, frame):
    clean = without_wild(changed(given, lambda joints, _: joints[frame].add_(50.0)))
    assert clean.joints3d_mask.any(1).tolist() == [each != frame for each in range(12)]
    assert "and 19 more" in clean.warnings[-1]


def test_a_fast_ride_and_a_cut_to_another_place_are_no_leaps(given):
    ride = torch.arange(12.0)[:, None, None] * torch.tensor([1.5, 0.0, 0.0])
    assert without_wild(replace(given, joints3d=given.joints3d + ride)).joints3d_mask.all()
    cut = changed(given, lambda joints, _: joints[6:].add_(30.0))
    assert without_wild(cut).joints3d_mask.all()


@pytest.mark.parametrize(("scale", "unit"), [(1000.0, "millimetres"), (100.0, "centimetres"), (10.0, "another unit")])
def test_other_units_than_metres_are_named(given, scale, unit):
    with pytest.raises(InputError, match=unit):
        without_wild(replace(given, joints3d=given.joints3d * scale))


def test_a_person_far_from_the_origin_is_refused_with_the_distance(given):
    with pytest.raises(InputError, match="m from the origin, too far"):
        without_wild(replace(given, joints3d=given.joints3d + torch.tensor([1e6, 0.0, 0.0])))
    assert without_wild(replace(given, joints3d=given.joints3d + 5000.0)).warnings == ()


@pytest.mark.parametrize("change", [lambda frame: frame.fill_(300.0), lambda frame: frame[:, 0].add_(1200.0)])
def test_a_frame_of_one_pixel_or_of_somebody_else_is_left_out(body, change):
    pixels = simulate(walk(12), body, "project=1280x720:f1060,noise_px=3", 0)
    keypoints = pixels.keypoints2d.clone()
    change(keypoints[5, :, :2])
    clean = without_wild(replace(pixels, keypoints2d=keypoints)).keypoints2d
    assert (clean[..., 2] > 0).any(1).tolist() == [frame != 5 for frame in range(12)]


@pytest.mark.parametrize("value", [math.nan, math.inf, 1e6])
def test_a_wild_pixel_is_left_out_and_named(body, value):
    pixels = simulate(walk(6), body, "project=1280x720:f1060", 0)
    keypoints = pixels.keypoints2d.clone()
    keypoints[2, 4, 0] = value
    clean = without_wild(replace(pixels, keypoints2d=keypoints))
    assert clean.keypoints2d[2, 4].tolist() == [0.0, 0.0, 0.0]
    assert "right_wrist at frame 2" in clean.warnings[-1]
    keypoints[2, 4, 2] = math.nan
    assert without_wild(replace(pixels, keypoints2d=keypoints)).warnings == ()
