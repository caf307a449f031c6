import json

import numpy as np
import pytest
import torch

from motionfit.errors import InputError
from motionfit.files.cameras import camera_from_arrays, read_camera_file
from motionfit.files.inputs import read_input
from motionfit.files.observation_archive import read_observations as read_archive
from motionfit.files.observations import read_observations, write_observations
from motionfit.geometry.rotations import rotation_from_axis_angle

FRAMES = 6
MATRIX = np.array([[500, 0, 320], [0, 500, 180], [0, 0, 1.0]])


@pytest.fixture
def pixels():
    places = np.random.default_rng(0).uniform(100, 300, (FRAMES, 25, 2))
    return np.concatenate([places, np.ones((FRAMES, 25, 1))], -1)


@pytest.fixture
def moving():
    """A camera that turns, moves and zooms."""
    angles = torch.linspace(0, 1, FRAMES)[:, None] * torch.tensor([0.1, 0.8, 0.2])
    matrices = np.repeat(MATRIX[None], FRAMES, 0)
    matrices[:, :2, :2] *= np.linspace(1, 1.5, FRAMES)[:, None, None]
    return {
        "intrinsics": matrices,
        "camera_rotation": rotation_from_axis_angle(angles).numpy(),
        "camera_translation": np.linspace([0.0, 0.0, 3.0], [1.0, 0.2, 4.0], FRAMES),
    }


def saved(path, **arrays):
    np.savez(path, **arrays)
    return path


def test_a_moving_camera_is_read_and_comes_back(tmp_path, pixels, moving):
    file = saved(tmp_path / "o.npz", keypoints2d=pixels, fps=30, image_size=[640, 360], **moving)
    observed = read_observations(file)
    assert observed.has_trajectory
    for name, key in (("intrinsics",) * 2, ("rotation", "camera_rotation"), ("translation", "camera_translation")):
        np.testing.assert_allclose(getattr(observed.camera, name), moving[key], rtol=1e-6, atol=1e-6)
    write_observations(tmp_path / "again.npz", observed)
    again = read_archive(tmp_path / "again.npz").camera
    for name in ("intrinsics", "rotation", "translation"):
        assert torch.equal(getattr(again, name), getattr(observed.camera, name))


def test_one_pose_holds_for_all_frames_and_without_one_the_camera_is_the_frame(tmp_path, pixels, moving):
    matrices = np.repeat(MATRIX[None], FRAMES, 0)
    given = {"keypoints2d": pixels, "fps": 30, "image_size": [640, 360], "intrinsics": matrices}
    still = read_observations(saved(tmp_path / "a.npz", **given))
    assert not still.has_trajectory
    assert still.camera.intrinsics.shape == (3, 3), "the same in each frame is one"
    pose = {key: moving[key][2] for key in ("camera_rotation", "camera_translation")}
    placed = read_observations(saved(tmp_path / "b.npz", **given, **pose))
    assert placed.camera.translation.shape == (FRAMES, 3)
    assert torch.equal(placed.camera.rotation[0], placed.camera.rotation[-1])


def test_the_floor_of_a_trajectory_points_up_where_its_cameras_do(tmp_path, pixels):
    z_up = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
    given = {"keypoints2d": pixels, "fps": 30, "image_size": [640, 360], "intrinsics": MATRIX}
    given |= {"camera_rotation": z_up, "camera_translation": np.zeros(3)}
    assert read_observations(saved(tmp_path / "o.npz", floor=[0, 0, 1, 0.2], **given)).floor_is_given
    with pytest.raises(InputError, match="points down"):
        read_observations(saved(tmp_path / "o.npz", floor=[0, 0, -1, 0.2], **given))


def broken(moving, key, frame, value):
    arrays = {name: values.copy() for name, values in moving.items()}
    arrays[key][frame] = value
    return arrays


def without(moving, key):
    return {name: values for name, values in moving.items() if name != key}


OTHERS = np.repeat(MATRIX[None], 5, 0)
WRONG = {
    "no translation": (lambda m: without(m, "camera_translation"), "has no camera_translation"),
    "no rotation": (lambda m: without(m, "camera_rotation"), "has no camera_rotation"),
    "frames": (lambda m: m | {"camera_translation": np.zeros((9, 3))}, r"camera_translation .*\(9, 3\).* 6 frames"),
    "shape": (lambda m: m | {"camera_rotation": np.zeros((6, 4, 4))}, r"camera_rotation has the shape \(6, 4, 4\)"),
    "scaled": (lambda m: broken(m, "camera_rotation", 3, 1.01 * np.eye(3)), "of frame 3 is no rotation"),
    "mirrored": (lambda m: broken(m, "camera_rotation", 2, -np.eye(3)), "of frame 2 mirrors"),
    "gap": (lambda m: broken(m, "camera_translation", 4, np.nan), "camera_translation of frame 4 is not finite"),
    "intrinsics of others": (lambda m: m | {"intrinsics": OTHERS}, r"intrinsics has .*\(5, 3, 3\)"),
    "no focal length": (lambda m: broken(m, "intrinsics", 1, 0.0), "focal length in intrinsics is not positive"),
    "normalised": (lambda m: broken(m, "intrinsics", 1, np.eye(3)), "normalised or in millimetres"),
}


@pytest.mark.parametrize("case", list(WRONG))
def test_wrong_cameras_are_told_by_key_and_frame(tmp_path, moving, case):
    change, message = WRONG[case]
    with pytest.raises(InputError, match=message):
        camera_from_arrays(change(moving), (640, 360), FRAMES, tmp_path / "o.npz")


@pytest.fixture
def keypoint_folder(tmp_path, pixels):
    folder = tmp_path / "json"
    folder.mkdir()
    for frame, person in enumerate(pixels):
        content = {"people": [{"pose_keypoints_2d": person.reshape(-1).tolist()}]}
        (folder / f"v_{frame:012d}_keypoints.json").write_text(json.dumps(content))
    return folder


@pytest.mark.parametrize("suffix", ["json", "npz"])
def test_a_camera_file_goes_with_keypoint_files(tmp_path, keypoint_folder, moving, suffix):
    arrays = {key.removeprefix("camera_"): values for key, values in moving.items()}
    arrays["image_size"] = np.array([640, 360])
    file = tmp_path / f"camera.{suffix}"
    if suffix == "npz":
        np.savez(file, **arrays)
    else:
        file.write_text(json.dumps({key: values.tolist() for key, values in arrays.items()}))
    observed = read_input(keypoint_folder, camera=file).observations
    assert observed.camera.image_size == (640, 360)
    np.testing.assert_allclose(observed.camera.translation, moving["camera_translation"], rtol=1e-6)


def test_wrong_camera_files_are_told(tmp_path, keypoint_folder, pixels):
    file = tmp_path / "camera.json"
    with pytest.raises(InputError, match="no camera file"):
        read_camera_file(file)
    for text, message in (("{", "not JSON"), ("[]", "not a table"), ("{}", "is empty")):
        file.write_text(text)
        with pytest.raises(InputError, match=message):
            read_camera_file(file)
    file.write_text('{"focal": 3}')
    with pytest.raises(InputError, match="a camera has no focal"):
        read_camera_file(file)
    file.write_text('{"rotation": [[1, 2], [3]]}')
    with pytest.raises(InputError, match="rotation is not an array"):
        read_camera_file(file)
    file.write_text('{"image_size": [640, 360], "rotation": [[1, 0, 0], [0, 1, 0], [0, 0, 1]]}')
    with pytest.raises(InputError, match="has no camera_translation"):
        read_input(keypoint_folder, camera=file)
    npz = saved(tmp_path / "o.npz", keypoints2d=pixels, fps=30, image_size=[640, 360])
    with pytest.raises(InputError, match="--camera belongs to"):
        read_input(npz, camera=file)
