"""Recordings as states: agreement with the body, mirroring, shapes, contacts, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from motionfit.body.model import pose_skeleton
from motionfit.body.skeleton import MIRROR
from motionfit.datasets.clips import (
    data_hash,
    labelled_states,
    leg_length,
    mirrored,
    pose_clip,
    random_shape,
    read_clips,
    with_shape,
)
from motionfit.errors import InputError
from motionfit.geometry.differences import central_velocity
from motionfit.training.sampling import clip_weights


@pytest.fixture(scope="module")
def clips(collection, body):
    return read_clips(collection / "train", body)


def test_clips_come_in_the_order_of_their_names(clips):
    assert [clip.name for clip in clips] == ["stairs", "walk_0", "walk_1"]
    assert [clip.floor for clip in clips] == ["equipment", "flat", "flat"]
    assert clips[1].frames == 40


def test_states_are_those_of_the_body_without_the_ends(clips, body, collection):
    states = labelled_states(clips[1], body).states
    assert states.frames == 38
    with np.load(collection / "train" / "walk_0.npz") as content:
        translation = torch.from_numpy(content["trans"])
    torch.testing.assert_close(states.translation, translation[1:-1], rtol=0, atol=1e-6)
    rest = body.rest_joints(torch.zeros(16))
    posed = pose_skeleton(rest, states.translation, states.root_orientation, states.body_pose)
    torch.testing.assert_close(states.joints, posed.joints, rtol=0, atol=1e-6)
    expected = central_velocity(translation, 30.0)
    torch.testing.assert_close(states.linear_velocity, expected, rtol=0, atol=1e-4)


def test_a_mirrored_clip_has_its_joints_mirrored_and_twice_is_the_clip_itself(clips, body):
    clip = clips[1]
    _, joints = pose_clip(clip, body)
    _, other = pose_clip(mirrored(clip), body)
    flip = torch.tensor([-1.0, 1.0, 1.0])
    # The body by formula has its head 2 mm off the middle.
    torch.testing.assert_close(other, joints[:, list(MIRROR)] * flip, rtol=0, atol=5e-3)
    again = mirrored(mirrored(clip))
    torch.testing.assert_close(again.body_pose, clip.body_pose)
    torch.testing.assert_close(again.root_orientation, clip.root_orientation)


def test_another_shape_keeps_its_bones_and_its_feet_on_the_floor(clips, body):
    shape = torch.zeros(16)
    shape[0] = 2.0
    _, joints = pose_clip(clips[1], body)
    shaped = with_shape(clips[1], shape)
    translation, taller = pose_clip(shaped, body)
    rest = body.rest_joints(shape)
    assert leg_length(rest) > leg_length(body.rest_joints(torch.zeros(16)))
    torch.testing.assert_close(translation + rest[0], taller[:, 0], rtol=0, atol=1e-5)
    feet = [7, 8, 10, 11]
    moved = (taller[:, feet, 2].amin(-1) - joints[:, feet, 2].amin(-1)).median()
    assert abs(float(moved)) < 1e-3


def test_random_shapes_follow_the_seed_and_stay_in_bounds():
    first, again = (random_shape(torch.Generator().manual_seed(4), 0.8) for _ in range(2))
    assert torch.equal(first, again)
    assert first.abs().max() <= 1.6


def test_contacts_of_the_capture_rate_are_kept_and_mirrored(clips, body):
    contacts = torch.zeros(clips[1].frames, 9)
    contacts[:, 3] = 1.0
    labelled = labelled_states(replace(clips[1], contacts=contacts), body)
    assert torch.equal(labelled.contacts, contacts[1:-1])
    other = mirrored(replace(clips[1], contacts=contacts)).contacts
    assert other[:, 4].min() == 1.0
    assert other.sum() == contacts.sum()


def test_frequent_kinds_count_less_than_their_time():
    dance, walk = clip_weights(["dance", "walk"], [9000, 1000])
    assert dance < 1.0 < walk
    assert dance * 9000 > walk * 1000
    assert dance * 9000 + walk * 1000 == pytest.approx(10_000)


def test_the_hash_is_of_names_and_content(tmp_path, write):
    write(tmp_path / "a.npz", 5, 0)
    first = data_hash(tmp_path)
    assert data_hash(tmp_path) == first
    (tmp_path / "a.npz").rename(tmp_path / "b.npz")
    assert data_hash(tmp_path) != first


def test_an_empty_folder_is_refused(tmp_path, body):
    with pytest.raises(InputError, match="no motion"):
        read_clips(tmp_path, body)


def test_a_damaged_file_is_named(tmp_path, body):
    (tmp_path / "bad.npz").write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"bad.npz cannot be read"):
        read_clips(tmp_path, body)


def test_a_missing_field_is_named(tmp_path, body):
    np.savez(tmp_path / "bare.npz", poses=np.zeros((3, 156)))
    with pytest.raises(InputError, match="lacks mocap_framerate, trans"):
        read_clips(tmp_path, body)


def test_another_frame_rate_is_refused(tmp_path, body, write):
    write(tmp_path / "fast.npz", 5, 0, mocap_framerate=120)
    with pytest.raises(InputError, match="120 frames per second"):
        read_clips(tmp_path, body)


def test_the_body_of_the_recordings_scales_the_path(tmp_path, body, write):
    write(tmp_path / "walk.npz", 10, 0)
    rest = body.rest_joints(torch.zeros(16)).numpy()
    np.savez(tmp_path / "skeleton_used.npz", J=rest * 0.5)
    (clip,) = read_clips(tmp_path, body)
    translation, joints = pose_clip(clip, body)
    torch.testing.assert_close(joints[:, 0, :2], 2.0 * clip.root[:, :2], rtol=0, atol=1e-5)
    torch.testing.assert_close(joints[:, 0] - translation, torch.from_numpy(rest[0]).expand(10, 3), rtol=0, atol=1e-5)
