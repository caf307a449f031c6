from dataclasses import replace

import numpy as np
import pytest
import torch

from motionfit.body.model import pose_skeleton
from motionfit.datasets.process import Processed, count_flips, process
from motionfit.datasets.recordings import Unusable, read_recording
from motionfit.datasets.settings import PrepareSettings
from motionfit.geometry.rotations import geodesic_angle, rotation_from_axis_angle

SETTINGS = PrepareSettings(output="x")


@pytest.fixture
def recorded(tmp_path, write, body):
    def read(frames=120, fps=30.0, floor="flat", **fields):
        write(tmp_path / "walk.npz", frames, 0, mocap_framerate=fps, floor=floor, **fields)
        return read_recording(tmp_path / "walk.npz", "walk", body)

    return read


def done(recording, body, settings=SETTINGS, made_for=None):
    result = process(recording, body, made_for, settings)
    assert isinstance(result, Processed), result
    return result


def test_a_clip_at_the_rate_of_the_dataset_is_kept_to_the_bit(recorded, body):
    recording = recorded()
    facts, arrays = done(recording, body)
    np.testing.assert_array_equal(arrays["poses"], recording.poses)
    np.testing.assert_array_equal(arrays["trans"], recording.motion.translation)
    assert (facts.floor_origin, facts.floor_height, facts.frames) == ("file", 0.0, 120)


@pytest.mark.parametrize(("fps", "frames"), [(120.0, 30), (60.0, 60), (100.0, 36), (59.94, 60), (24.0, 149)])
def test_other_rates_are_resampled_by_time(recorded, body, fps, frames):
    recording = recorded(fps=fps)
    facts, arrays = done(recording, body)
    assert (facts.frames, facts.source_fps, facts.source_frames) == (frames, fps, 120)
    assert arrays["poses"].shape == (frames, 66)
    last = min(round((frames - 1) * fps / 30.0), 119)
    turned = rotation_from_axis_angle(torch.from_numpy(arrays["poses"][-1]).unflatten(-1, (22, 3)))
    near = rotation_from_axis_angle(torch.from_numpy(recording.poses[last]).unflatten(-1, (22, 3)))
    assert float(geodesic_angle(turned, near).max()) < 0.06


def test_contacts_are_labelled_at_the_rate_of_the_capture(recorded, body):
    """A toe that is fast between two frames of the dataset is not still, though it is where it was before."""
    recording = recorded(frames=120, fps=120.0)
    still = replace(recording.motion, **{
        name: getattr(recording.motion, name)[:1].repeat(120, *[1] * (getattr(recording.motion, name).ndim - 1))
        for name in ("translation", "root_orientation", "body_pose")
    })  # fmt: skip
    rest = body.rest_joints(torch.zeros(16))
    joints = pose_skeleton(rest, still.translation, still.root_orientation, still.body_pose).joints
    low = joints[0, [10, 11], 2].amin()
    still = replace(still, translation=still.translation - torch.tensor([0.0, 0.0, float(low) - 0.02]))
    shaken = still.translation.clone()
    shaken[:, 0] += 0.02 * torch.sin(torch.arange(120) * torch.pi / 2)  # back at every fourth frame, 1.6 m/s between
    contacts = [
        done(replace(recording, motion=replace(still, translation=path)), body).arrays["contacts"][1:-1, 5:7].sum()
        for path in (still.translation, shaken)
    ]
    assert contacts[0] >= 28
    assert contacts[1] == 0


def test_a_file_that_does_not_name_its_floor_is_seated(recorded, body):
    recording = recorded(floor="")
    moved = replace(recording, motion=replace(recording.motion, translation=recording.motion.translation + 0.4))
    heights = [done(one, body).facts.floor_height for one in (recording, moved)]
    assert heights[1] - heights[0] == pytest.approx(0.4, abs=1e-4)
    kept, lifted = (done(one, body).arrays["trans"] for one in (recording, moved))
    np.testing.assert_allclose(kept[:, 2], lifted[:, 2], atol=1e-4)
    assert done(recording, body).facts.floor_origin == "found"


def test_a_named_floor_far_from_the_toes_is_told(recorded, body):
    recording = recorded()
    moved = replace(recording, motion=replace(recording.motion, translation=recording.motion.translation + 1.0))
    facts = done(moved, body).facts
    assert facts.floor_height == 0.0
    assert "toes stand at" in facts.warning


@pytest.mark.parametrize(
    ("frames", "fps", "said"),
    [(1, 30.0, "one frame"), (2, 120.0, "2 frames"), (12, 30.0, "0.40 s"), (8, 120.0, "8 frames")],
)
def test_what_is_too_short_is_left_out(recorded, body, frames, fps, said):
    unusable = process(recorded(frames=frames, fps=fps), body, None, SETTINGS)
    assert isinstance(unusable, Unusable)
    assert unusable.reason == "too short"
    assert said in unusable.detail


def test_too_few_frames_a_second_are_left_out(recorded, body):
    unusable = process(recorded(fps=10.0), body, None, SETTINGS)
    assert unusable == Unusable("frame rate", "its frame rate is 10 Hz, below 20 Hz")


def test_flips_are_counted_and_too_many_left_out(recorded, body):
    recording = recorded()
    assert count_flips(recording.motion) == 0
    turned = recording.motion.body_pose.clone()
    turned[50, 3] = turned[50, 3] @ torch.diag(torch.tensor([-1.0, -1.0, 1.0]))
    flipped = replace(recording, motion=replace(recording.motion, body_pose=turned))
    assert count_flips(flipped.motion) == 2
    unusable = process(flipped, body, None, SETTINGS)
    assert isinstance(unusable, Unusable)
    assert (unusable.reason, "2 of 120 frames" in unusable.detail) == ("flips", True)
    assert done(flipped, body, replace(SETTINGS, most_flips=0.05)).facts.flips == 2


def test_stepping_on_things_is_left_out_unless_it_is_wanted_or_the_file_names_it(recorded, body):
    recording = recorded(frames=240, floor="")
    height = torch.zeros(240, 3)
    height[120:, 2] = 0.3
    stepped = replace(recording, motion=replace(recording.motion, translation=recording.motion.translation + height))
    unusable = process(stepped, body, None, SETTINGS)
    assert isinstance(unusable, Unusable)
    assert unusable.reason == "steps on objects"
    assert done(stepped, body, replace(SETTINGS, keep_objects=True)).facts.floor == "objects"
    assert done(replace(stepped, floor="equipment"), body).facts.floor == "equipment"


def test_the_ends_can_be_cut(recorded, body):
    recording = recorded(frames=100)
    facts, arrays = done(recording, body, replace(SETTINGS, trim=0.1))
    assert facts.frames == 80
    np.testing.assert_array_equal(arrays["poses"], recording.poses[10:90])


def test_shapes_count_only_with_a_body_that_they_are_of(recorded, body):
    recording = recorded(betas=np.full(16, 0.5, np.float32))
    assert not done(recording, body).facts.uses_betas
    facts, arrays = done(recording, body, replace(SETTINGS, body="smplh.npz"))
    assert facts.uses_betas
    np.testing.assert_allclose(arrays["rest_joints"], body.rest_joints(torch.full((16,), 0.5)), atol=1e-6)
    named = body.rest_joints(torch.zeros(16)) * 0.9
    facts, arrays = done(recording, body, replace(SETTINGS, body="smplh.npz"), named)
    assert not facts.uses_betas
    np.testing.assert_array_equal(arrays["rest_joints"], named)


def test_a_copy_with_other_fields_is_the_same_motion(recorded, body):
    hashes = {done(recorded(**fields), body).facts.motion_sha256 for fields in ({}, {"label": "x"}, {"kind": "run"})}
    assert len(hashes) == 1
    assert done(recorded(fps=60.0), body).facts.motion_sha256 not in hashes
