"""Written files are read by bvhio, which shares nothing with this writer (or with our reader)."""

import warnings

import numpy as np
import pytest
import torch

from motionfit.body.skeleton import JOINT_NAMES
from motionfit.export.bvh import write_bvh, zxy_degrees
from motionfit.export.clip import ExportClip
from motionfit.files.bvh import read_bvh
from motionfit.geometry.rotations import rotation_from_axis_angle
from motionfit.retarget.euler import intrinsic_rotation

with warnings.catch_warnings():
    warnings.simplefilter("ignore", PendingDeprecationWarning)  # of PyGLM, by the name that bvhio imports it
    import bvhio


@pytest.fixture(scope="module")
def clip(walking, open_body):
    return ExportClip("walk", walking, open_body)


@pytest.fixture(scope="module")
def written(clip, tmp_path_factory):
    path = tmp_path_factory.mktemp("bvh") / "walk.bvh"
    write_bvh(path, clip)
    return path


def test_joints_are_where_the_body_has_them_to_a_millimetre(clip, written):
    joints = clip.posed().joints.numpy()
    root = bvhio.readAsHierarchy(str(written))
    for frame in (0, 7, clip.motion.frames - 1):
        root.loadPose(frame)
        for place, name in enumerate(JOINT_NAMES):
            x, y, z = root.filter(name, isEqual=True)[0].PositionWorld
            assert np.array([x, -z, y]) / 100.0 == pytest.approx(joints[frame, place], abs=1e-3), (frame, name)


def test_it_has_the_frames_rate_and_names(clip, written):
    file = bvhio.readAsBvh(str(written))
    assert file.FrameCount == clip.motion.frames
    assert file.FrameTime == pytest.approx(1.0 / clip.motion.fps, abs=1e-7)
    assert [joint.Name for joint, _, _ in file.Root.layout() if not joint.Name.startswith("End")][:1] == ["pelvis"]


def test_our_own_reader_finds_the_same_joints(clip, written):
    rig = read_bvh(written)
    assert len(rig.names) >= len(JOINT_NAMES)


def test_angles_rebuild_the_rotation_also_where_the_axes_lock():
    torch.manual_seed(0)
    rotations = rotation_from_axis_angle(3.0 * torch.randn(40, 3, 3, dtype=torch.float64))
    locked = intrinsic_rotation("zxy", torch.tensor([[0.3, np.pi / 2, 0.4], [0.3, -np.pi / 2, 0.4]]).double())
    rotations[0, :2] = locked
    angles = np.radians(zxy_degrees(rotations.numpy()))
    rebuilt = intrinsic_rotation("zxy", torch.from_numpy(angles))
    assert float((rebuilt - rotations).abs().max()) < 1e-6


def test_a_body_that_spins_has_angles_without_jumps():
    angle = torch.linspace(0.0, 30.0, 200, dtype=torch.float64)
    spin = rotation_from_axis_angle(torch.stack([0 * angle, angle, 0 * angle], -1))[:, None]
    steps = np.diff(zxy_degrees(spin.numpy()), axis=0)
    assert np.abs(steps).max() < 20.0
