from dataclasses import replace

import pytest
import torch

from motionfit.body.in_camera import motion_in_camera
from motionfit.errors import SettingsError
from motionfit.files.frames import transform_motion
from motionfit.files.result import result_arrays
from motionfit.geometry.cameras import in_camera, pixels_of, pose_at, project
from motionfit.geometry.planes import RigidTransform
from motionfit.geometry.rotations import rotation_from_axis_angle
from motionfit.metrics.accuracy import body25
from motionfit.metrics.drift import joints_of
from motionfit.pipeline.batch import make_batch
from motionfit.pipeline.fit import fit
from motionfit.pipeline.floor import level_floor
from motionfit.pipeline.pose_residuals import PoseResiduals
from motionfit.pipeline.settings import load_preset
from motionfit.reference.choose import fit as fit_by_method
from motionfit.simulation import Projection, camera_from_world, simulate, simulate_through, walking_camera
from motionfit.simulation.spec import SimulationSpec

from .conftest import walk
from .test_pose_residuals import ALL, loss_after, pose_stage, somewhere, weights_of

FRAMES = 18
PICTURE = Projection((1280, 720), 1060.0)
NOISE = SimulationSpec(projection=PICTURE, noise_px=1.0)
QUICK = {"root": 15, "pose": 40, "tune_x0": 2, "hold_x0": 2, "refine": 2}


@pytest.fixture(scope="module")
def truth():
    return walk(FRAMES)


@pytest.fixture(scope="module")
def camera(truth, body):
    return walking_camera(truth, body, PICTURE)


@pytest.fixture(scope="module")
def seen(truth, body, camera):
    return simulate_through(truth, body, camera, NOISE)


def quickly(observed, body, priors, stages=("stage1", "stage2")):
    return fit(observed, body, priors, replace(load_preset("video"), iterations=QUICK, stages=stages))


@pytest.fixture(scope="module")
def moving(seen, body, priors):
    return quickly(seen, body, priors, ("stage1", "stage2", "stage3"))


def error(body, motion, truth):
    return float((joints_of(body, motion) - joints_of(body, truth)).norm(dim=-1).mean())


def test_the_camera_moves_turns_and_zooms_and_keeps_the_person_in_its_picture(camera, seen):
    assert camera.translation.diff(dim=0).norm(dim=-1).max() > 0.01
    assert camera.intrinsics[:, 0, 0].max() > 1.05 * camera.intrinsics[:, 0, 0].min()
    assert (seen.keypoints2d[..., 2] > 0).all()


@pytest.fixture(scope="module")
def still(truth, body, priors):
    """The fit of the same walk seen by a camera that stands still, and the truth in that camera's frame."""
    placed = camera_from_world(truth, body, PICTURE)
    return quickly(simulate(truth, body, NOISE), body, priors).final.motion, transform_motion(truth, body, placed)


def test_repair_10_a_walk_is_found_in_the_world_as_well_as_by_a_camera_that_stands_still(moving, still, body, truth):
    found = moving.stages["stage2"].motion
    assert error(body, found, truth) < 1.3 * error(body, *still) + 0.02
    assert way_error(body, found, truth) < 1.3 * way_error(body, *still) + 0.05


def way_error(body, motion, truth):
    """How wrong the way is that the root goes from the first to the last frame."""
    way, true = (joints_of(body, each)[[0, -1], 0].diff(dim=0)[0] for each in (motion, truth))
    return float((way - true).norm())


def test_repair_10_ignoring_the_trajectory_or_the_zoom_gets_the_way_wrong(moving, body, priors, truth, seen, camera):
    found = way_error(body, moving.stages["stage2"].motion, truth)
    without_path = replace(seen, camera=replace(camera, rotation=None, translation=None))
    first = pose_at(camera, 0).inverse()
    lost = transform_motion(quickly(without_path, body, priors).final.motion, body, first)
    unzoomed = quickly(replace(seen, camera=replace(camera, intrinsics=camera.intrinsics[0])), body, priors)
    assert way_error(body, lost, truth) > 1.5 * found
    assert way_error(body, unzoomed.final.motion, truth) > 2.0 * found


def test_stage_three_and_its_floor_stand_in_the_world_of_the_trajectory(moving, body, truth, seen, camera):
    assert moving.final.floor.normal[2] > 0.9
    assert moving.diagnostics["reprojection_px"].mean() < 30.0
    arrays = {name: torch.from_numpy(values) for name, values in result_arrays(moving, body).items() if values.ndim}
    torch.testing.assert_close(arrays["camera_rotation"], camera.rotation)
    joints = (arrays["camera_rotation"][:, None] @ arrays["joints"][..., None])[..., 0]
    pixels = project(joints + arrays["camera_translation"][:, None], arrays["intrinsics"][:, None])
    torch.testing.assert_close(pixels, pixels_of(joints_of(body, moving.final.motion), camera), rtol=1e-3, atol=0.1)


def test_a_world_that_is_not_upright_gives_the_same_motion_in_it(moving, seen, body, priors, truth, camera):
    turn = RigidTransform(rotation_from_axis_angle(torch.tensor([1.1, -0.4, 0.7])), torch.tensor([3.0, -5.0, 2.0]))
    back = turn.inverse()
    tilted = replace(
        camera,
        rotation=camera.rotation @ back.rotation,
        translation=camera.rotation @ back.translation + camera.translation,
    )
    found = quickly(replace(seen, camera=tilted), body, priors, ("stage1",)).final.motion
    expected = turn.apply(joints_of(body, moving.stages["stage1"].motion))
    assert (joints_of(body, found) - expected).norm(dim=-1).mean() < 0.02
    floor = level_floor(tilted)
    torch.testing.assert_close(floor.normal, turn.rotation @ level_floor(camera).normal, atol=1e-5, rtol=0)


def test_a_motion_seen_from_the_camera_is_the_motion_in_the_camera(truth, body, camera):
    seen = joints_of(body, motion_in_camera(truth, body, camera))
    torch.testing.assert_close(seen, in_camera(joints_of(body, truth), camera), atol=1e-5, rtol=0)
    assert motion_in_camera(truth, body, replace(camera, rotation=None, translation=None)) is truth


@pytest.mark.parametrize("rate", [30.0, 24.0, 75.0])
def test_the_equations_are_those_of_the_objective_for_a_moving_camera_too(body, priors, seen, rate):
    observed = replace(seen, fps=rate)
    stage, start = pose_stage([observed], body, priors, torch.float64)
    values = somewhere(start)
    residuals = PoseResiduals(stage, weights_of("video"), ALL)
    system = residuals.linearise(values)
    zero = [torch.zeros_like(side).requires_grad_() for side in (system.right, system.corner_right)]
    gradient = torch.autograd.grad(loss_after(residuals, values, *zero).sum(), zero)
    for side, expected in zip((system.right, system.corner_right), gradient, strict=True):
        torch.testing.assert_close(-side, expected, rtol=1e-9, atol=1e-9 * float(side.abs().max()))


def test_windows_take_their_own_cameras(seen):
    batch = make_batch([seen]).windows(((0, 10), (8, 18)))
    assert batch.camera_rotation.shape[:2] == (2, 10)
    assert torch.equal(batch.camera_rotation[1, :, 0], seen.camera.rotation[8:])
    assert batch.intrinsics.shape[:2] == (2, 10)


def test_the_published_method_refuses_a_moving_camera_and_uneven_times(seen, body, priors):
    with pytest.raises(SettingsError, match="stand still"):
        fit_by_method(seen, body, priors, load_preset("reference-video"))
    uneven = replace(simulate(walk(4), body, "noise=0.02"), times=torch.tensor([0.0, 0.1, 0.2, 0.4]))
    with pytest.raises(SettingsError, match="evenly spaced"):
        fit_by_method(uneven, body, priors, load_preset("reference-3d"))


def test_pixels_of_a_batch_are_those_of_the_cameras(seen, truth, body, camera):
    batch = make_batch([seen])
    points = body25(truth, body)
    scale = 1060.0 / camera.intrinsics[:, 0, 0].median()
    expected = scale * pixels_of(points, camera)
    torch.testing.assert_close(batch.view.pixels(points[None, :, None])[0, :, 0], expected, rtol=1e-4, atol=0.05)
