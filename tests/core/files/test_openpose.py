import json

import numpy as np
import pytest

from motionfit.errors import InputError
from motionfit.files.inputs import read_input
from motionfit.files.openpose import read_openpose
from motionfit.simulation import simulate


@pytest.fixture(scope="module")
def keypoints(walking, open_body):
    return simulate(walking, open_body, "project=640x360:f500", 0).keypoints2d.numpy().astype(float)


def write(folder, frames, start=0, camera=True):
    """`frames`: for each frame the list of people, or None for no file."""
    folder.mkdir(exist_ok=True)
    for number, people in enumerate(frames, start):
        if people is not None:
            content = {"people": [{"pose_keypoints_2d": person.reshape(-1).tolist()} for person in people]}
            (folder / f"clip_{number:012d}_keypoints.json").write_text(json.dumps(content))
    if camera:
        (folder / "camera.json").write_text(json.dumps({"image_size": [640, 360], "fps": 25}))
    return folder


def test_one_person_comes_back(tmp_path, keypoints):
    clip = read_openpose(write(tmp_path / "json", [[person] for person in keypoints], start=7))
    assert clip.first_frame == 7
    np.testing.assert_allclose(clip.keypoints, keypoints)


def test_frames_without_file_or_person_are_unobserved(tmp_path, keypoints):
    frames = [[person] for person in keypoints]
    frames[4], frames[9] = None, []
    clip = read_openpose(write(tmp_path / "json", frames))
    assert np.flatnonzero(~(clip.keypoints[..., 2] > 0).any(1)).tolist() == [4, 9]


def test_people_are_followed_whatever_their_order(tmp_path, keypoints):
    rng = np.random.default_rng(0)
    other = keypoints + np.array([150.0, 0, 0])
    other[..., 2] *= 0.7
    frames = [[a, b] if rng.random() < 0.5 else [b, a] for a, b in zip(keypoints, other, strict=True)]
    frames[10] = [other[10]]
    folder = write(tmp_path / "json", frames)
    best, second = read_openpose(folder), read_openpose(folder, person=1)
    expected = keypoints.copy()
    expected[10] = 0
    np.testing.assert_allclose(best.keypoints, expected)
    np.testing.assert_allclose(second.keypoints, other)
    assert best.people == 2
    assert "2 people" in best.warnings[0]
    assert second.warnings == ()
    with pytest.raises(InputError, match=r"no person 2.*it has 2") as caught:
        read_openpose(folder, person=2)
    assert "--person 0 to 1" in caught.value.hint


def test_a_folder_with_a_camera_file_is_an_input(tmp_path, keypoints):
    clip = read_input(write(tmp_path / "json", [[person] for person in keypoints]))
    assert clip.observations.fps == 25
    assert clip.observations.camera.image_size == (640, 360)
    assert clip.name == "json"
    np.testing.assert_allclose(clip.observations.keypoints2d.numpy(), keypoints, rtol=1e-6)


def test_wrong_folders_are_told(tmp_path, keypoints):
    def refused(folder, said):
        with pytest.raises(InputError) as caught:
            read_input(folder)
        assert said in str(caught.value)

    (tmp_path / "empty").mkdir()
    refused(tmp_path / "empty", "is empty")
    people = [[person] for person in keypoints]
    refused(write(tmp_path / "nosize", people, camera=False), "image size is missing")
    refused(write(tmp_path / "nobody", [[] for _ in keypoints]), "no person was detected")
    refused(write(tmp_path / "zeros", [[person * 0] for person in keypoints]), "no person was detected")
    refused(write(tmp_path / "scaled", [[person / [640, 360, 1]] for person in keypoints]), "normalised")
    refused(write(tmp_path / "coco", [[person[:18]] for person in keypoints]), "54 numbers, not 75")
    cut = write(tmp_path / "cut", people) / "clip_000000000003_keypoints.json"
    cut.write_text(cut.read_text()[:100])
    refused(tmp_path / "cut", "truncated")
    cut.write_text("[]")
    refused(tmp_path / "cut", "not an OpenPose file")
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "a.txt").write_text("")
    refused(tmp_path / "text", "no OpenPose JSON")
    write(tmp_path / "twice", people)
    (tmp_path / "twice" / "b_000000000003_keypoints.json").write_text('{"people": []}')
    refused(tmp_path / "twice", "both frame 3")
    write(tmp_path / "camera", people)
    (tmp_path / "camera" / "camera.json").write_text("{")
    refused(tmp_path / "camera", "camera.json is not JSON")
