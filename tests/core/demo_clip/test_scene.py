import numpy as np
import pytest
import torch

from motionfit.body.load import load_body, open_body_path
from motionfit.body.model import vertices
from motionfit.demo_clip.film import film
from motionfit.demo_clip.reconstruct import FRAMES, perform
from motionfit.demo_clip.scene import TROLLEY_FRAME, set_up, trolley_at
from motionfit.errors import InputError
from motionfit.motion import Motion
from motionfit.priors.checkpoints import load_priors
from motionfit.render.layers import project_points


@pytest.fixture(scope="module")
def body():
    return load_body(open_body_path())


def _standing(frames: int) -> Motion:
    upright = torch.tensor([[1.0, 0, 0], [0, 0, -1.0], [0, 1.0, 0]])
    translation = torch.zeros(frames, 3)
    translation[:, 0] = torch.arange(frames) * 0.01
    translation[:, 2] = 1.1
    return Motion(
        30.0, translation, upright.repeat(frames, 1, 1), torch.eye(3).repeat(frames, 21, 1, 1), torch.zeros(16)
    )


def test_a_performance_follows_the_motion_and_stands_on_the_floor(body, monkeypatch):
    monkeypatch.setattr("motionfit.demo_clip.reconstruct.FRAMES", 12)
    given = _standing(14)
    motion = perform(given, body, load_priors(), start=1, iterations=3)
    assert motion.frames == 12
    skin = vertices(body, motion.betas, motion.translation, motion.root_orientation, motion.body_pose)
    assert float(skin[..., 2].amin(1).median()) == pytest.approx(0.0, abs=1e-4)
    assert float((motion.translation - given.translation[1:13])[:, :2].norm(dim=1).max()) < 0.3
    assert motion.contacts is not None


def test_a_motion_that_is_too_short_is_refused(body):
    with pytest.raises(InputError, match="119 frames"):
        perform(_standing(FRAMES - 1), body, load_priors())


def test_the_trolley_stands_on_the_floor_before_the_feet(body):
    scene = set_up(_standing(10), body)
    normal, offset = scene.floor.normal.double().numpy(), float(scene.floor.offset)
    feet = np.array([0.1, 0.0, 3.2])
    feet = feet - normal * (feet @ normal - offset)
    trolley = trolley_at(TROLLEY_FRAME, scene, feet, 0.6)
    heights = trolley.vertices @ normal - offset
    assert 0 < heights.min() < 0.05
    assert trolley.vertices[:, 2].max() < feet[2]
    pixels = project_points(trolley.vertices, scene.camera)
    place = project_points(feet[None], scene.camera)[0]
    assert (pixels.min(0) < place).all()
    assert (pixels.max(0) > place).all()
    later = trolley_at(TROLLEY_FRAME + 1, scene, feet, 0.6)
    assert project_points(later.vertices, scene.camera)[:, 0].mean() > pixels[:, 0].mean()


def test_a_film_has_a_picture_and_detections_for_each_frame(body, monkeypatch):
    monkeypatch.setattr("motionfit.demo_clip.film.TROLLEY_FRAME", 1)
    monkeypatch.setattr("motionfit.demo_clip.film.MISSING_FRAME", 2)
    monkeypatch.setattr("motionfit.demo_clip.film.HIDDEN_FRAMES", 1)
    scene = set_up(_standing(3), body)
    shown = film(scene, body, seed=1)
    assert len(shown.pictures) == 3
    assert shown.pictures[0].shape == (360, 640, 3)
    assert shown.keypoints.shape == (3, 25, 3)
    assert (shown.keypoints[2] == 0).all()
    assert (shown.keypoints[:2][shown.hidden[:2]] == 0).all()
