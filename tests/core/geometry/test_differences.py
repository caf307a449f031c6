"""Velocities against the official code and against what is known of lines and turns."""

import pytest
import torch

from motionfit.geometry.differences import angular_velocity, central_velocity, local_line, velocity
from motionfit.geometry.rotations import rotation_from_axis_angle


def test_velocities_agree_with_the_official_code(goldens):
    golden = goldens("velocities")
    fps = float(golden["fps"])
    tensors = {name: torch.from_numpy(array) for name, array in golden.items() if array.ndim}
    exact = {"rtol": 1e-9, "atol": 1e-12}
    torch.testing.assert_close(velocity(tensors["trans"], fps), tensors["trans_vel"], **exact)
    torch.testing.assert_close(velocity(tensors["joints"], fps, -3), tensors["joints_vel"], **exact)
    torch.testing.assert_close(angular_velocity(tensors["root_orient_mat"], fps), tensors["root_orient_vel"], **exact)


def test_central_differences_lose_the_ends_and_are_the_middle_of_the_others():
    samples = torch.randn(2, 6, 3, dtype=torch.float64)
    inner = central_velocity(samples, 30.0)
    assert inner.shape == (2, 4, 3)
    torch.testing.assert_close(inner, velocity(samples, 30.0)[:, 1:-1])


def test_too_few_frames_are_refused():
    with pytest.raises(ValueError, match="two frames"):
        velocity(torch.zeros(1, 3), 30.0)
    with pytest.raises(ValueError, match="three frames"):
        central_velocity(torch.zeros(2, 3), 30.0)


def test_a_steady_turn_has_its_angular_velocity():
    spin = torch.tensor([0.3, -0.2, 0.5], dtype=torch.float64)
    times = torch.arange(9, dtype=torch.float64) / 1000.0
    found = angular_velocity(rotation_from_axis_angle(times[:, None] * spin), 1000.0)
    torch.testing.assert_close(found[1:-1], spin.expand(7, 3), rtol=0, atol=1e-6)


TIMES = torch.tensor([0.0, 0.03, 0.07, 0.1, 0.2, 0.23], dtype=torch.float64)
START, SPEED = torch.tensor([1.0, -2.0]).double(), torch.tensor([0.5, 3.0]).double()
LINE = START + TIMES[:, None] * SPEED


@pytest.mark.parametrize("at", [0.0, 0.05, 0.23])
def test_a_line_is_found_at_any_instant_whatever_the_time_stamps(at):
    value, slope = local_line(TIMES, LINE, torch.ones(6, dtype=torch.bool), at, 0.15)
    torch.testing.assert_close(value, START + at * SPEED)
    torch.testing.assert_close(slope, SPEED)


def test_missing_frames_are_not_read_and_gaps_are_bridged():
    observed = torch.tensor([[True, False, False, False, True, True], [False, True, False, True, True, False]])
    spoilt = torch.where(observed[..., None], LINE, torch.full_like(LINE, torch.nan))
    value, slope = local_line(TIMES, spoilt, observed, 0.0, 0.05)
    torch.testing.assert_close(value, START.expand(2, 2))
    torch.testing.assert_close(slope, SPEED.expand(2, 2))


def test_one_sample_stands_still_and_none_gives_finite_numbers():
    observed = torch.tensor([[False, False, True, False, False, False], [False] * 6])
    value, slope = local_line(TIMES, LINE, observed, 0.0, 0.05)
    torch.testing.assert_close(value[0], LINE[2])
    assert slope[0].abs().max() == 0
    assert torch.isfinite(value).all()
    assert torch.isfinite(slope).all()


def test_noise_is_averaged_out_better_than_by_one_difference():
    generator = torch.Generator().manual_seed(2)
    times = torch.arange(8, dtype=torch.float64) / 30.0
    noise = 0.01 * torch.randn(200, 8, 1, generator=generator, dtype=torch.float64)
    _, slope = local_line(times, noise, torch.ones(200, 8, dtype=torch.bool), 0.0, 0.25)
    assert slope.std() < 0.5 * velocity(noise, 30.0)[:, 0].std()
