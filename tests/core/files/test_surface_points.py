"""Points with the frame of each: read, thinned, written back, and each way to be wrong."""

import numpy as np
import pytest
import torch

from motionfit.body.model import vertices
from motionfit.errors import InputError, SettingsError
from motionfit.files.observations import read_observations, write_observations
from motionfit.files.surface_points import MOST_POINTS
from motionfit.simulation import simulate
from motionfit.simulation.spec import SimulationSpec


def write(path, **changes):
    generator = np.random.default_rng(0)
    arrays = {
        "fps": 30.0,
        "points3d": generator.normal(size=(40, 3)) * 0.4,
        "points3d_frame": np.repeat(np.arange(5), 8),
    } | changes
    np.savez(path, **{key: value for key, value in arrays.items() if value is not None})
    return path


def test_points_come_frame_by_frame_in_their_order(tmp_path):
    frame = np.array([2, 0, 2, 4, 0])
    points = np.arange(15.0).reshape(5, 3) * 0.1
    points[3, 1] = np.nan
    observed = read_observations(write(tmp_path / "points.npz", points3d=points, points3d_frame=frame))
    assert observed.kind == "points3d"
    assert observed.frames == 5
    assert observed.points3d_mask.sum(1).tolist() == [2, 0, 2, 0, 0]
    torch.testing.assert_close(observed.points3d[0], torch.tensor(points[[1, 4]]).float())
    torch.testing.assert_close(observed.points3d[2], torch.tensor(points[[0, 2]]).float())


def test_what_was_written_comes_back(tmp_path, walking, open_body):
    observed = simulate(walking, open_body, "points=30,drop=0.3", 1)
    write_observations(tmp_path / "points.npz", observed)
    again = read_observations(tmp_path / "points.npz")
    assert again.frames == observed.frames
    for frame in range(observed.frames):
        first = observed.points3d[frame][observed.points3d_mask[frame]]
        assert torch.equal(again.points3d[frame][again.points3d_mask[frame]], first)


def test_many_points_are_thinned_alike_every_time_and_that_is_told(tmp_path):
    many = np.random.default_rng(1).normal(size=(3 * 900, 3)) * 0.4
    path = write(tmp_path / "points.npz", points3d=many, points3d_frame=np.arange(2700) % 3)
    first, second = read_observations(path), read_observations(path)
    assert first.points3d.shape == (3, MOST_POINTS, 3)
    assert torch.equal(first.points3d, second.points3d)
    assert any("900 points a frame" in sentence for sentence in first.warnings)


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"points3d_frame": None}, "without points3d_frame"),
        ({"points3d_frame": np.zeros(7, int)}, "there are 40 points"),
        ({"points3d_frame": np.zeros(40)}, "there are 40 points"),
        ({"points3d_frame": np.arange(40) // 8 - 1}, "frames count from 0"),
        ({"points3d": np.zeros((40, 2))}, "shape"),
        ({"points3d": np.full((40, 3), np.inf)}, "infinite"),
        ({"points3d": np.full((40, 3), np.nan)}, "nothing was observed"),
        ({"points3d": np.random.default_rng(0).normal(size=(40, 3)) * 900}, "millimetres"),
        ({"joints3d": np.zeros((4, 22, 3))}, "goes up to 4"),
        ({"points3d_frame": np.zeros(40, int)}, "needs 3 or more"),
    ],
)
def test_what_makes_no_sense_is_refused(tmp_path, changes, match):
    with pytest.raises(InputError, match=match):
        read_observations(write(tmp_path / "points.npz", **changes))


def test_joints_and_points_go_together(tmp_path):
    joints = np.random.default_rng(2).normal(size=(5, 22, 3)) * 0.4
    observed = read_observations(write(tmp_path / "both.npz", joints3d=joints))
    assert observed.kind == "joints3d"
    assert observed.points3d.shape == (5, 8, 3)


def test_simulated_points_lie_on_the_surface_and_follow_the_seed(walking, open_body):
    first, again, other = (simulate(walking, open_body, "points=50", seed) for seed in (1, 1, 2))
    assert torch.equal(first.points3d, again.points3d)
    assert not torch.equal(first.points3d, other.points3d)
    mesh = vertices(open_body, walking.betas, walking.translation, walking.root_orientation, walking.body_pose)
    assert torch.cdist(first.points3d, mesh).amin(-1).max() < 0.04


@pytest.mark.parametrize("spec", ["points=30,below=0.9", "points=3.5", "points=30,wrong=0.1", "points=-1"])
def test_specs_of_points_that_make_no_sense_are_refused(spec):
    with pytest.raises(SettingsError, match="points"):
        SimulationSpec.parse(spec)
