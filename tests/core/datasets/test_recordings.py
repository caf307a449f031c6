import numpy as np
import pytest
from skeleton_files import bvh_text, perform, standing_places, t_pose_joints, waving, write_acclaim

from motionfit.datasets.recordings import Recording, Unusable, companion_of, is_helper, read_recording


def read(tmp_path, write, open_body, **fields):
    write(tmp_path / "walk.npz", 40, 0, **fields)
    return read_recording(tmp_path / "walk.npz", "walk", open_body)


def test_a_file_of_ours_tells_what_it_is(tmp_path, write, open_body):
    given = {"source": "cmu", "subject": "cmu01", "license": "CMU", "label": "walks on"}
    recording = read(tmp_path, write, open_body, **given)
    assert isinstance(recording, Recording)
    assert (recording.source, recording.subject, recording.licence, recording.label) == tuple(given.values())
    assert (recording.kind, recording.floor, recording.has_shape) == ("walk", "flat", True)
    assert recording.poses.shape == (40, 66)


def test_smplx_files_have_no_shape_of_ours(tmp_path, write, open_body):
    recording = read(tmp_path, write, open_body, surface_model_type=np.array("smplx"), betas=np.ones(300))
    assert isinstance(recording, Recording)
    assert not recording.has_shape
    assert recording.motion.betas.abs().max() == 0


@pytest.mark.parametrize(
    ("fields", "reason", "said"),
    [
        ({"mocap_framerate": 0}, "frame rate", "is 0 Hz"),
        ({"mocap_framerate": -120.0}, "frame rate", "is -120 Hz"),
        ({"mocap_framerate": np.nan}, "frame rate", "is nan Hz"),
        ({"poses": np.full((40, 156), np.nan)}, "non-finite", "40 of 40 frames"),
        ({"trans": np.where(np.arange(40)[:, None] == 7, np.inf, np.zeros((40, 3)))}, "non-finite", "1 of 40 frames"),
        ({"poses": np.zeros((40, 12))}, "unreadable", "(40, 12)"),
        ({"poses": np.zeros((0, 156)), "trans": np.zeros((0, 3))}, "too short", "no frames"),
        ({"poses": np.full((40, 156), "x")}, "unreadable", "no numbers"),
        ({"poses": np.array([None, {}])}, "unreadable", "pickled"),
        ({"trans": np.zeros((39, 3))}, "unreadable", "(39, 3)"),
    ],
)
def test_what_is_wrong_is_told_apart(tmp_path, write, open_body, fields, reason, said):
    unusable = read(tmp_path, write, open_body, **fields)
    assert isinstance(unusable, Unusable)
    assert unusable.reason == reason
    assert said in unusable.detail
    assert str(tmp_path) not in unusable.detail


def test_a_file_without_poses_or_rate_is_told(tmp_path, open_body):
    np.savez(tmp_path / "shape.npz", betas=np.zeros(16), gender="male")
    assert read_recording(tmp_path / "shape.npz", "s", open_body) == Unusable(
        "no poses", "s: it holds betas, gender, and no poses"
    )
    np.savez(tmp_path / "rate.npz", poses=np.zeros((5, 156)), trans=np.zeros((5, 3)))
    assert read_recording(tmp_path / "rate.npz", "r", open_body).reason == "frame rate"


def test_a_truncated_file_is_unreadable(tmp_path, write, open_body):
    write(tmp_path / "walk.npz", 40, 0)
    content = (tmp_path / "walk.npz").read_bytes()
    (tmp_path / "walk.npz").write_bytes(content[: len(content) // 2])
    unusable = read_recording(tmp_path / "walk.npz", "CMU/walk.npz", open_body)
    assert (unusable.reason, "CMU/walk.npz is not an npz file, or it is truncated" in unusable.detail) == (
        "unreadable",
        True,
    )


@pytest.mark.parametrize("name", ["shape.npz", "skeleton_used.npz", "neutral_stagei.npz", "01_01_stagei.npz"])
def test_files_that_tell_of_bodies_are_known_by_name(name):
    assert is_helper(name)


@pytest.mark.parametrize("name", ["01_01_poses.npz", "01_01_stageii.npz", "walk.npz"])
def test_motions_are_not_taken_for_helpers(name):
    assert is_helper(name) == ""


def test_captured_skeletons_are_put_on_the_body(tmp_path, open_body):
    joints = t_pose_joints()
    (tmp_path / "wave.bvh").write_text(bvh_text(joints, waving(joints, 60), standing_places(60)))
    take = write_acclaim(tmp_path, perform(240))
    for path in (tmp_path / "wave.bvh", take):
        recording = read_recording(path, path.name, open_body)
        assert isinstance(recording, Recording), recording
        assert recording.motion.fps == 30.0
        assert recording.poses.shape == (recording.motion.frames, 66)
        assert recording.floor
        assert not recording.has_shape


def test_the_skeleton_of_an_amc_is_its_companion(tmp_path, open_body):
    take = write_acclaim(tmp_path, perform(240))
    skeleton = companion_of(take)
    assert skeleton is not None
    assert skeleton.suffix == ".asf"
    skeleton.unlink()
    assert companion_of(take) is None
    unusable = read_recording(take, "a.amc", open_body)
    assert isinstance(unusable, Unusable)
    assert "needs the skeleton" in unusable.detail
    assert companion_of(tmp_path / "wave.bvh") is None
