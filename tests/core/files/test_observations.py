import dataclasses

import numpy as np
import pytest
import torch

from motionfit.errors import InputError
from motionfit.files.inputs import read_input
from motionfit.files.observations import read_observations, write_observations
from motionfit.pipeline.wild_observations import without_wild
from motionfit.simulation import simulate

CAMERA = "project=640x360:f500"


@pytest.fixture
def joints(walking, open_body):
    return simulate(walking, open_body, "noise=0.01", 0).joints3d.numpy()


@pytest.fixture
def pixels(walking, open_body):
    return simulate(walking, open_body, CAMERA, 0).keypoints2d.numpy()


def saved(path, **arrays):
    np.savez(path, **arrays)
    return path


def refused(tmp_path, said, **arrays):
    path = saved(tmp_path / "wrong.npz", **arrays)
    with pytest.raises(InputError) as caught:
        read_input(path)
    assert said in str(caught.value)
    assert "wrong.npz" in caught.value.message
    return caught.value


def same(first, second):
    for field in dataclasses.fields(first):
        a, b = getattr(first, field.name), getattr(second, field.name)
        if isinstance(a, torch.Tensor):
            assert torch.equal(a, b), field.name
        elif dataclasses.is_dataclass(a):
            same(a, b)
        else:
            assert a == b, field.name


@pytest.mark.parametrize("spec", ["noise=0.04,drop=0.2", "below=0.9,missing=3:6", CAMERA + ",drop=0.3,missing=0:2"])
def test_round_trip_is_exact(tmp_path, walking, open_body, spec):
    observed = simulate(walking, open_body, spec, 1)
    write_observations(tmp_path / "o.npz", observed)
    same(read_observations(tmp_path / "o.npz"), observed)


def test_nan_becomes_a_mask_over_finite_numbers(tmp_path, joints):
    joints[2, 5] = np.nan
    joints[3, 6, 1] = np.nan
    observed = read_observations(saved(tmp_path / "o.npz", joints3d=joints, fps=30))
    assert not observed.joints3d_mask[2, 5]
    assert not observed.joints3d_mask[3, 6]
    assert int((~observed.joints3d_mask).sum()) == 2
    assert bool(torch.isfinite(observed.joints3d).all())
    assert observed.floor.normal.tolist() == [0, 0, 1]


def test_even_times_stand_for_fps(tmp_path, joints):
    observed = read_observations(saved(tmp_path / "o.npz", joints3d=joints, times=np.arange(24) / 25.0 + 3.0))
    assert observed.fps == pytest.approx(25.0)
    assert observed.warnings == ()


def test_uneven_times_are_kept_and_come_back(tmp_path, joints):
    times = np.cumsum(np.linspace(0.01, 0.05, 24)) + 1e6
    observed = read_observations(saved(tmp_path / "o.npz", joints3d=joints, times=times, fps=7))
    assert observed.times.tolist() == times.tolist()
    assert observed.fps == pytest.approx(23 / (times[-1] - times[0])), "times win over fps"
    write_observations(tmp_path / "again.npz", observed)
    assert torch.equal(read_observations(tmp_path / "again.npz").times, observed.times)


def test_a_rate_that_fits_are_not_made_for_is_told(tmp_path, joints):
    for fps, words in ((5, "5 frames per second"), (500, "500 frames per second")):
        assert words in read_observations(saved(tmp_path / "o.npz", joints3d=joints, fps=fps)).warnings[0]


def test_joint_map_puts_joints_in_their_places(tmp_path, joints):
    order = np.array([15, -1, 0, 7])
    observed = read_observations(saved(tmp_path / "o.npz", joints3d=joints[:, [15, 3, 0, 7]], joint_map=order, fps=30))
    assert observed.joints3d_mask.all(0).nonzero().flatten().tolist() == [0, 7, 15]
    np.testing.assert_array_equal(observed.joints3d[:, 7].numpy(), joints[:, 7])


def test_2d_keypoints_with_a_given_floor(tmp_path, pixels):
    path = saved(
        tmp_path / "o.npz", keypoints2d=pixels, fps=30, image_size=[640, 360], floor=[0, -2.0, 0, -3.0],
        intrinsics=np.array([[500, 0, 320], [0, 500, 180], [0, 0, 1.0]]),
    )  # fmt: skip
    observed = read_observations(path)
    assert observed.kind == "keypoints2d"
    assert observed.floor_is_given
    assert observed.floor.normal.tolist() == [0, -1, 0]
    assert float(observed.floor.offset) == -1.5
    assert observed.camera.image_size == (640, 360)
    assert observed.warnings == ()


def test_without_intrinsics_a_focal_length_is_assumed_and_told(tmp_path, pixels):
    observed = read_observations(saved(tmp_path / "o.npz", keypoints2d=pixels, fps=30, image_size=[640, 360]))
    assert float(observed.camera.intrinsics[0, 0]) == 640
    assert observed.floor is None
    assert "640 px" in observed.warnings[0]


def test_what_is_left_out_is_told(tmp_path, joints, pixels):
    path = saved(
        tmp_path / "o.npz", joints3d=joints, fps=30, keypoints2d=pixels, image_size=[640, 360],
        keypoint3d=np.zeros(1), camera_rotation=np.eye(3), camera_translation=np.zeros(3),
    )  # fmt: skip
    told = " ".join(read_observations(path).warnings)
    for word in ("points3d", "keypoints2d", "keypoint3d", "is it keypoints3d?", "camera_rotation"):
        assert word in told


def test_small_people_are_doubted(tmp_path, joints):
    observed = read_observations(saved(tmp_path / "o.npz", joints3d=joints * 0.1, fps=30))
    assert "in metres?" in observed.warnings[0]


@pytest.mark.parametrize("scale", [1000.0, 100.0])
def test_other_units_are_named(tmp_path, joints, scale):
    error = refused(tmp_path, {1000.0: "millimetres", 100.0: "centimetres"}[scale], joints3d=joints * scale, fps=30)
    assert "metres" in error.hint


def test_wrong_numbers_of_frames_are_told(tmp_path, joints):
    refused(tmp_path, "1 frame;", joints3d=joints[:1], fps=30)
    error = refused(tmp_path, "2 frames;", joints3d=joints[:2], fps=30)
    assert "3 or more" in error.message
    refused(tmp_path, "0 frames;", joints3d=joints[:0], fps=30)
    refused(tmp_path, "numbers of frames differ", joints3d=joints, keypoints3d=np.zeros((5, 43, 3)), fps=30)


def test_wrong_3d_data_is_told(tmp_path, joints):
    refused(tmp_path, "(24, 21, 3), not (frames, 22, 3)", joints3d=joints[:, :21], fps=30)
    refused(tmp_path, "joint_map", joints3d=joints[:, :21], fps=30)
    refused(tmp_path, "(frames, 43, 3)", keypoints3d=joints, fps=30)
    refused(tmp_path, "nothing was observed", joints3d=np.full_like(joints, np.nan), fps=30)
    refused(tmp_path, "infinite", joints3d=np.where(joints > 1, np.inf, joints), fps=30)
    one = np.full_like(joints, np.nan)
    one[4] = joints[4]
    refused(tmp_path, "only one frame", joints3d=one, fps=30)
    refused(tmp_path, "numbers", joints3d=joints.astype(str), fps=30)
    refused(tmp_path, "joint twice", joints3d=joints[:, :2], joint_map=[3, 3], fps=30)
    refused(tmp_path, "0 to 21", joints3d=joints[:, :2], joint_map=[3, 22], fps=30)
    refused(tmp_path, "points down", joints3d=joints, floor=[0, 0, -1, 0], fps=30)
    refused(tmp_path, "normal of floor is zero", joints3d=joints, floor=[0, 0, 0, 0], fps=30)
    refused(tmp_path, "floor is", joints3d=joints, floor=[0, 0, 1], fps=30)


@pytest.mark.parametrize("fps", [0, -30, np.nan, np.inf])
def test_impossible_rates_are_told(tmp_path, joints, fps):
    refused(tmp_path, "fps is", joints3d=joints, fps=fps)


def test_the_height_of_the_person_is_read_and_comes_back(tmp_path, joints):
    observed = read_observations(saved(tmp_path / "o.npz", joints3d=joints, fps=30, height=1.78))
    write_observations(tmp_path / "again.npz", observed)
    assert read_observations(tmp_path / "again.npz").height == observed.height == 1.78
    for wrong in (178, 0, np.nan, [1.7, 1.8], "tall"):
        refused(tmp_path, "height is", joints3d=joints, fps=30, height=wrong)


def test_missing_and_uneven_times_are_told(tmp_path, joints):
    refused(tmp_path, "neither fps nor times", joints3d=joints)
    refused(tmp_path, "without a frame after frame 11", joints3d=joints, times=np.arange(24.0) ** 1.5)
    refused(tmp_path, "must rise", joints3d=joints, times=np.zeros(24))
    doubled, broken = np.arange(24.0) / 30, np.arange(24.0) / 30
    doubled[7], broken[9] = doubled[6], np.nan
    refused(tmp_path, "frame 7 (0.2 s) is the same as frame 6", joints3d=joints, times=doubled)
    refused(tmp_path, "frame 8 (0.233333 s) is before frame 7", joints3d=joints, times=np.r_[0:7, 8, 7, 9:24] / 30)
    refused(tmp_path, "time of frame 9 is nan", joints3d=joints, times=broken)
    refused(tmp_path, "times has the shape", joints3d=joints, times=np.full(24, "now"))
    refused(tmp_path, "24 frames", joints3d=joints, times=np.arange(5.0))


def test_wrong_2d_data_is_told(tmp_path, pixels):
    size = {"image_size": [640, 360]}
    refused(tmp_path, "image_size is missing", keypoints2d=pixels, fps=30)
    scaled = pixels / [640, 360, 1]
    refused(tmp_path, "normalised", keypoints2d=scaled, fps=30, **size)
    refused(tmp_path, "(frames, 25, 3)", keypoints2d=pixels[:, :18], fps=30, **size)
    refused(tmp_path, "confidence 0", keypoints2d=pixels * [1, 1, 0], fps=30, **size)
    refused(tmp_path, "up to 100", keypoints2d=pixels * [1, 1, 100], fps=30, **size)
    refused(tmp_path, "image_size is", keypoints2d=pixels, fps=30, image_size=[640])
    refused(tmp_path, "shape (2, 2)", keypoints2d=pixels, fps=30, intrinsics=np.eye(2), **size)
    refused(tmp_path, "not positive", keypoints2d=pixels, fps=30, intrinsics=np.zeros((3, 3)), **size)
    refused(tmp_path, "normalised or in millimetres", keypoints2d=pixels, fps=30, intrinsics=np.eye(3), **size)


def test_what_a_fit_does_not_support_is_told_by_its_key(tmp_path):
    refused(tmp_path, "without points3d_frame", points3d=np.zeros((5, 3)), fps=30)


def test_files_without_observations_say_what_they_hold(tmp_path):
    refused(tmp_path, "it has joints, fps", joints=np.zeros((5, 22, 3)), fps=30)
    refused(tmp_path, "no arrays")


def test_one_wild_joint_is_no_reason_to_refuse_a_file_and_a_person_far_away_is(tmp_path, joints):
    wild = joints.copy()
    wild[5, 7] = 1e6
    observed = read_observations(saved(tmp_path / "wild.npz", joints3d=wild, fps=30))
    assert observed.joints3d_mask.all()
    assert [warning for warning in without_wild(observed).warnings if "left_ankle at frame 5" in warning]
    refused(tmp_path, "has coordinates up to", joints3d=joints + 20_000.0, fps=30)
