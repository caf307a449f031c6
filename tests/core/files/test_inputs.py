import json

import numpy as np
import pytest
import torch

from motionfit.body.keypoints import body25_points
from motionfit.errors import InputError, SettingsError
from motionfit.files.amass import amass_arrays, write_amass
from motionfit.files.demo import demo_path
from motionfit.files.inputs import read_input
from motionfit.files.observations import write_observations
from motionfit.files.video import write_video
from motionfit.geometry.cameras import project
from motionfit.metrics.drift import joints_of
from motionfit.simulation import SimulationSpec, camera_from_world, simulate

CAMERA = "project=640x360:f500"


@pytest.fixture
def motion_file(tmp_path, walking):
    write_amass(tmp_path / "walk.npz", walking)
    return tmp_path / "walk.npz"


def refused(said, *arguments, **named):
    with pytest.raises(InputError) as caught:
        read_input(*arguments, **named)
    assert said in str(caught.value)
    return caught.value


def reprojected(motion, body, observations):
    points = body25_points(body, motion.betas, motion.translation, motion.root_orientation, motion.body_pose)
    return project(points, observations.camera.intrinsics)


def test_a_motions_own_joints_are_observed(motion_file, open_body):
    clip = read_input(motion_file, body=open_body)
    assert clip.name == "walk"
    torch.testing.assert_close(clip.observations.joints3d, joints_of(open_body, clip.truth))
    assert bool(clip.observations.joints3d_mask.all())


def test_the_truth_of_a_projected_motion_is_in_the_camera_frame(motion_file, open_body):
    clip = read_input(motion_file, simulate=CAMERA, body=open_body)
    seen = clip.observations.keypoints2d[..., 2] > 0
    found = reprojected(clip.truth, open_body, clip.observations)
    torch.testing.assert_close(found[seen], clip.observations.keypoints2d[..., :2][seen], atol=2e-2, rtol=0)
    heights = joints_of(open_body, clip.truth) @ clip.truth_floor.normal - clip.truth_floor.offset
    own = read_input(motion_file, body=open_body)
    torch.testing.assert_close(heights, own.observations.joints3d[..., 2], atol=1e-4, rtol=0)


def clip_folder(tmp_path, walking, body, camera=True):
    folder = tmp_path / "clip"
    folder.mkdir()
    spec = SimulationSpec.parse(CAMERA)
    write_observations(folder / "observations.npz", simulate(walking, body, spec))
    arrays = amass_arrays(walking)
    if camera:
        pose = camera_from_world(walking, body, spec.projection)
        arrays["camera_rotation"], arrays["camera_translation"] = pose.rotation.numpy(), pose.translation.numpy()
    np.savez(folder / "truth.npz", **arrays)
    return folder


def test_a_clip_folder_gives_its_truth_in_the_frame_of_the_observations(tmp_path, walking, open_body):
    folder = clip_folder(tmp_path, walking, open_body)
    (folder / "clip.mp4").write_bytes(b"")
    clip = read_input(folder, body=open_body)
    assert clip.video == folder / "clip.mp4"
    seen = clip.observations.keypoints2d[..., 2] > 0
    found = reprojected(clip.truth, open_body, clip.observations)
    torch.testing.assert_close(found[seen], clip.observations.keypoints2d[..., :2][seen], atol=2e-2, rtol=0)


def test_a_clip_folder_can_be_simulated_from_its_world_truth(tmp_path, walking, open_body):
    clip = read_input(clip_folder(tmp_path, walking, open_body), simulate="noise=0", body=open_body)
    torch.testing.assert_close(clip.observations.joints3d, joints_of(open_body, walking), atol=1e-5, rtol=0)


def test_a_truth_without_camera_is_told(tmp_path, walking, open_body):
    refused("no camera_rotation and no camera_translation", clip_folder(tmp_path, walking, open_body, camera=False))


def test_the_demo_clip_fits_its_truth(open_body):
    clip = read_input(demo_path(), body=open_body)
    assert clip.video is not None
    seen = clip.observations.keypoints2d[..., 2] > 0
    gap = (reprojected(clip.truth, open_body, clip.observations) - clip.observations.keypoints2d[..., :2])[seen]
    assert float(gap.norm(dim=-1).median()) < 10.0


def write_json(folder, keypoints, first=0):
    folder.mkdir()
    for number, person in enumerate(keypoints.tolist(), first):
        flat = [value for point in person for value in point]
        content = {"people": [{"pose_keypoints_2d": flat}]}
        (folder / f"v_{number:012d}_keypoints.json").write_text(json.dumps(content))
    return folder


@pytest.fixture
def video_file(tmp_path):
    write_video(tmp_path / "v.mp4", (np.zeros((360, 640, 3), np.uint8) for _ in range(24)), 25.0)
    return tmp_path / "v.mp4"


def test_a_video_takes_its_keypoints_frame_by_frame(tmp_path, video_file, walking, open_body):
    keypoints = simulate(walking, open_body, CAMERA).keypoints2d
    clip = read_input(video_file, keypoints=write_json(tmp_path / "json", keypoints[:20], first=2))
    observed = clip.observations
    assert (observed.frames, observed.fps, observed.camera.image_size) == (24, 25.0, (640, 360))
    assert clip.video == video_file
    assert not bool(observed.keypoints2d[:2].any())
    torch.testing.assert_close(observed.keypoints2d[2:22], keypoints[:20])


def test_keypoints_beyond_the_video_are_told(tmp_path, video_file, walking, open_body):
    keypoints = simulate(walking, open_body, CAMERA).keypoints2d
    clip = read_input(video_file, keypoints=write_json(tmp_path / "json", keypoints, first=5))
    assert "reach frame 28" in clip.observations.warnings[0]


def test_a_video_needs_keypoints(tmp_path, video_file):
    assert "--keypoints" in refused("needs its 2D keypoints", video_file).hint
    refused("no folder", video_file, keypoints=tmp_path / "none")


def test_a_corrupt_video_is_told(tmp_path, walking, open_body):
    folder = write_json(tmp_path / "json", simulate(walking, open_body, CAMERA).keypoints2d)
    (tmp_path / "bad.mp4").write_bytes(b"not a video" * 100)
    refused("bad.mp4", tmp_path / "bad.mp4", keypoints=folder)


def test_paths_that_cannot_be_fitted_are_told(tmp_path, walking, motion_file, open_body):
    refused("There is no", tmp_path / "none.npz")
    for name, remedy in (("a.fbx", "BVH"), ("a.c3d", "AMASS npz"), ("a.asf", ".amc")):
        (tmp_path / name).write_text("")
        assert remedy in refused("is not supported by fit", tmp_path / name).hint
    refused("--asf belongs to an .amc", motion_file, asf=tmp_path / "a.asf")
    (tmp_path / "a.txt").write_text("")
    refused("not a kind of file", tmp_path / "a.txt")
    np.savez(tmp_path / "other.npz", x=np.zeros(3))
    refused("neither a motion nor observations: it has x", tmp_path / "other.npz")
    refused("--keypoints belongs to a video", motion_file, keypoints=tmp_path)
    write_amass(tmp_path / "short.npz", walking.slice(0, 2))
    refused("2 frames", tmp_path / "short.npz")
    write_observations(tmp_path / "o.npz", simulate(walking, open_body, "noise=0"))
    refused("needs a known motion", tmp_path / "o.npz", simulate="noise=0.1")
    with pytest.raises(SettingsError, match="noise_px"):
        read_input(motion_file, simulate="noise_px=1", body=open_body)
