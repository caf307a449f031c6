import pytest
import torch

from motionfit.body.keypoints import body25_points
from motionfit.errors import SettingsError
from motionfit.geometry.cameras import project
from motionfit.metrics.accuracy import surface_keypoints
from motionfit.metrics.drift import joints_of
from motionfit.simulation import SimulationSpec, camera_from_world, simulate

CAMERA = "project=1280x720:f1060"


def test_without_noise_the_joints_are_observed(walking, open_body):
    observed = simulate(walking, open_body, "noise=0")
    assert torch.equal(observed.joints3d, joints_of(open_body, walking))
    assert bool(observed.joints3d_mask.all())
    assert observed.fps == walking.fps
    assert observed.floor.normal.tolist() == [0, 0, 1]


def test_noise_has_the_asked_spread(walking, open_body):
    observed = simulate(walking, open_body, "noise=0.04")
    noise = observed.joints3d - joints_of(open_body, walking)
    assert float(noise.std()) == pytest.approx(0.04, rel=0.1)
    assert abs(float(noise.mean())) < 0.005


def test_the_seed_decides(walking, open_body):
    first, again, other = (simulate(walking, open_body, "noise=0.04,drop=0.2", seed) for seed in (1, 1, 2))
    assert torch.equal(first.joints3d, again.joints3d)
    assert torch.equal(first.joints3d_mask, again.joints3d_mask)
    assert not torch.equal(first.joints3d, other.joints3d)


def test_noise_does_not_depend_on_what_else_is_lost(walking, open_body):
    whole = simulate(walking, open_body, "noise=0.04", 5)
    part = simulate(walking, open_body, "noise=0.04,missing=3:5,drop=0.5", 5)
    seen = part.joints3d_mask
    assert torch.equal(part.joints3d[seen], whole.joints3d[seen])


def test_points_below_are_hidden_and_only_those(walking, open_body):
    observed = simulate(walking, open_body, "below=0.9")
    points = surface_keypoints(walking, open_body)
    assert torch.equal(observed.keypoints3d_mask, points[..., 2] >= 0.9)
    assert 0.2 < float(observed.keypoints3d_mask.float().mean()) < 0.8
    assert not bool(observed.keypoints3d[~observed.keypoints3d_mask].any())


def test_missing_frames_hold_nothing(walking, open_body):
    observed = simulate(walking, open_body, "missing=4:7,missing=20:24")
    empty = ~observed.joints3d_mask.any(1)
    assert empty.nonzero().flatten().tolist() == [4, 5, 6, 20, 21, 22, 23]
    pixels = simulate(walking, open_body, CAMERA + ",missing=4:7").keypoints2d
    assert not bool(pixels[4:7].any())
    assert bool((pixels[:4, :, 2] == 1).all())


def test_a_share_is_dropped(walking, open_body):
    observed = simulate(walking, open_body, "drop=0.3")
    assert float((~observed.joints3d_mask).float().mean()) == pytest.approx(0.3, abs=0.07)


def test_the_camera_sees_the_person_upright(walking, open_body):
    observed = simulate(walking, open_body, CAMERA)
    assert bool((observed.keypoints2d[..., 2] == 1).all())
    pixels = observed.keypoints2d
    assert bool((pixels[:, 0, 1] < pixels[:, 11, 1]).all())
    height = pixels[..., 1].amax() - pixels[..., 1].amin()
    assert 200 < float(height) < 720
    # the camera stands in front: the right side of the person is on the left of the picture
    assert bool((pixels[:, 2, 0] < pixels[:, 5, 0]).all())
    assert observed.camera.intrinsics[0].tolist() == [1060.0, 0.0, 640.0]
    assert observed.floor is None


def test_2d_keypoints_are_the_projected_body(walking, open_body):
    camera = camera_from_world(walking, open_body, SimulationSpec.parse(CAMERA).projection)
    points = body25_points(open_body, walking.betas, walking.translation, walking.root_orientation, walking.body_pose)
    observed = simulate(walking, open_body, CAMERA)
    expected = project(camera.apply(points), observed.camera.intrinsics)
    torch.testing.assert_close(observed.keypoints2d[..., :2], expected)
    torch.testing.assert_close(torch.linalg.det(camera.rotation), torch.tensor(1.0))
    noisy = simulate(walking, open_body, CAMERA + ",noise_px=5").keypoints2d[..., :2]
    assert float((noisy - expected).std()) == pytest.approx(5.0, rel=0.1)


def test_a_narrow_camera_stands_farther_off(walking, open_body):
    near, far = (
        camera_from_world(walking, open_body, SimulationSpec.parse(f"project=640x360:f{focal}").projection)
        for focal in (300, 3000)
    )
    assert float(far.translation[2]) > 2 * float(near.translation[2])


def test_spans_beyond_the_clip_and_nothing_left_are_told(walking, open_body):
    with pytest.raises(SettingsError, match="beyond the clip of 24 frames"):
        simulate(walking, open_body, "missing=20:30")
    with pytest.raises(SettingsError, match="nothing is left"):
        simulate(walking, open_body, "missing=0:24")
