"""The clip that ships agrees with itself: pictures, keypoints, floor and truth."""

import numpy as np
import pytest
import torch

from motionfit.body.keypoints import body25_points
from motionfit.body.load import load_body, open_body_path
from motionfit.body.model import vertices
from motionfit.demo_clip.film import HIDDEN_FRAMES, LEGS, MISSING_FRAME, NOISE_PX
from motionfit.demo_clip.write import VIDEO_FILE
from motionfit.files.amass import read_amass
from motionfit.files.demo import TRUTH_FILE, demo_path
from motionfit.files.inputs import read_input
from motionfit.files.npz import read_npz
from motionfit.files.video import VideoFile
from motionfit.geometry.cameras import project


@pytest.fixture(scope="module")
def body():
    return load_body(open_body_path())


@pytest.fixture(scope="module")
def clip(body):
    return read_input(demo_path(), body=body)


def test_all_parts_have_the_same_frames(clip):
    assert clip.observations.frames == clip.truth.frames == 120
    assert clip.observations.fps == clip.truth.fps == 30.0
    with VideoFile(clip.video) as video:
        assert (video.frames, tuple(video.size)) == (120, clip.observations.camera.image_size)
        assert video.fps == pytest.approx(30.0)


def test_truth_projects_onto_the_keypoints_within_the_noise(clip, body):
    truth, seen = clip.truth, clip.observations.keypoints2d
    points = body25_points(body, truth.betas, truth.translation, truth.root_orientation, truth.body_pose)
    error = project(points, clip.observations.camera.intrinsics) - seen[..., :2]
    error = error[seen[..., 2] > 0]
    assert float(error.std()) == pytest.approx(NOISE_PX, rel=0.1)
    assert float(error.mean(0).abs().max()) < 0.2
    assert float(error.abs().max()) < 6 * NOISE_PX


def test_one_frame_is_missing_and_the_legs_are_hidden_for_ten(clip):
    confidence = clip.observations.keypoints2d[..., 2]
    assert (confidence.sum(1) == 0).nonzero().flatten().tolist() == [MISSING_FRAME]
    without_legs = (confidence[:, LEGS] == 0).all(1) & (confidence.sum(1) > 0)
    frames = without_legs.nonzero().flatten()
    assert HIDDEN_FRAMES <= len(frames) <= HIDDEN_FRAMES + 2
    assert (frames.diff() == 1).all()


def test_floor_is_the_worlds_seen_by_the_camera(clip):
    arrays = read_npz(demo_path() / TRUTH_FILE)
    rotation, translation = torch.tensor(arrays["camera_rotation"]), torch.tensor(arrays["camera_translation"])
    on_floor = torch.tensor([[0.0, 0.0, 0.0], [1.0, 2.0, 0.0], [-3.0, 1.0, 0.0]]) @ rotation.T + translation
    floor = clip.observations.floor
    torch.testing.assert_close(on_floor @ floor.normal, floor.offset.expand(3), atol=1e-5, rtol=0)
    assert clip.observations.floor_is_given


def test_the_person_stands_on_the_floor_and_in_the_picture(clip, body):
    world = read_amass(demo_path() / TRUTH_FILE)
    skin = vertices(body, world.betas, world.translation, world.root_orientation, world.body_pose)
    lowest = skin[..., 2].amin(1)
    assert float(lowest.abs().max()) < 0.08
    seen = clip.observations.keypoints2d
    pixels = seen[seen[..., 2] > 0][:, :2]
    width, height = clip.observations.camera.image_size
    assert (pixels > 0).all()
    assert (pixels < torch.tensor([width, height])).all()


def test_the_person_moves_like_one(clip, body):
    truth = clip.truth
    path = truth.translation[1:] - truth.translation[:-1]
    assert float(path.norm(dim=1).sum()) > 1.0
    turn = truth.root_orientation[1:] @ truth.root_orientation[:-1].transpose(-1, -2)
    angle = ((turn.diagonal(dim1=-2, dim2=-1).sum(-1) - 1) / 2).clamp(-1, 1).acos()
    assert float(angle.max()) < 0.35
    assert float(path.norm(dim=1).max()) < 0.12


def test_the_person_in_the_picture_is_where_the_keypoints_are(clip):
    seen = clip.observations.keypoints2d
    is_clothed = []
    with VideoFile(clip.video) as video:
        for frame in range(0, 120, 12):
            if (seen[frame, [1, 8], 2] > 0).all():
                picture = np.asarray(video.frame(frame)).astype(int)
                x, y = seen[frame, [1, 8], :2].mean(0).round().int().tolist()
                red, _, blue = picture[y - 1 : y + 2, x - 1 : x + 2].reshape(-1, 3).mean(0)
                # The shirt is blue and the floor is wood; an arm may swing before it now and then.
                is_clothed.append(blue > red + 20)
    assert len(is_clothed) >= 8
    assert np.mean(is_clothed) > 0.7


def test_the_clip_is_small():
    sizes = {path.name: path.stat().st_size for path in demo_path().iterdir()}
    assert VIDEO_FILE in sizes
    assert sum(sizes.values()) < 2_000_000


def test_the_clip_was_made_with_the_body_that_ships(body):
    """Else make it again: `python -m motionfit.demo_clip --out resources/motionfit_resources/demo`."""
    assert body.content_hash[:16] in (demo_path() / "README.md").read_text()
