import pytest
import torch

from motionfit.geometry.curves import curve_of_rotations, curve_of_vectors
from motionfit.geometry.rotations import axis_angle_from_rotation, geodesic_angle, rotation_from_axis_angle


def tumbling(times):
    """A rotation that turns up to 4 rad/s about a moving axis."""
    vector = torch.stack([2.0 * times.sin(), 1.5 * (1.3 * times).cos(), 0.8 * times], -1)
    return rotation_from_axis_angle(vector)


@pytest.fixture
def frames():
    return torch.arange(20, dtype=torch.float64) / 30.0 * 2.0


def test_samples_come_back_bit_for_bit(frames):
    every, nowhere = torch.arange(20), torch.zeros(20, dtype=torch.float64)
    turns = torch.stack([tumbling(frames), tumbling(frames + 1.0)], 1)
    assert torch.equal(curve_of_rotations(turns, every, nowhere), turns)
    assert torch.equal(curve_of_vectors(turns[:, 0, 0], every, nowhere), turns[:, 0, 0])


def test_a_steady_motion_is_continued_exactly_between_and_shortly_beyond_the_samples():
    every, share = torch.arange(9), torch.full((9,), 0.3, dtype=torch.float64)
    share[-1], every[-1] = 1.2, 7
    step = torch.tensor([0.1, -0.2, 0.05], dtype=torch.float64)
    samples = torch.arange(9, dtype=torch.float64)[:, None] * step
    at = (every + share)[:, None] * step
    torch.testing.assert_close(curve_of_vectors(samples, every, share), at)
    turns = curve_of_rotations(rotation_from_axis_angle(samples), every, share)
    torch.testing.assert_close(turns, rotation_from_axis_angle(at))


def test_velocity_is_the_same_on_both_sides_of_a_sample(frames):
    samples, near = tumbling(frames), torch.full((18,), 1e-5, dtype=torch.float64)
    inner = torch.arange(1, 19)
    before, after = (curve_of_rotations(samples, inner - 1, 1.0 - near), curve_of_rotations(samples, inner, near))
    arriving = axis_angle_from_rotation(before.mT @ samples[inner]) / 1e-5
    leaving = axis_angle_from_rotation(samples[inner].mT @ after) / 1e-5
    torch.testing.assert_close(arriving, leaving, atol=1e-4, rtol=0)
    straight = axis_angle_from_rotation(samples[:-1].mT @ samples[1:])
    assert (straight[1:] - straight[:-1]).norm(dim=-1).max() > 5e-3, "without a curve the velocity jumps"


def test_between_samples_it_is_much_nearer_than_a_straight_line(frames):
    inner, half = torch.arange(1, 18), torch.full((17,), 0.5, dtype=torch.float64)
    truth = tumbling(frames[inner] + 1.0 / 30.0)
    curve = curve_of_rotations(tumbling(frames), inner, half)
    first, second = tumbling(frames)[inner], tumbling(frames)[inner + 1]
    line = first @ rotation_from_axis_angle(0.5 * axis_angle_from_rotation(first.mT @ second))
    assert geodesic_angle(curve, truth).max() < 0.2 * geodesic_angle(line, truth).max()


def test_a_single_sample_stays():
    one, place = torch.ones(1, 3), torch.zeros(1, dtype=torch.int64)
    assert torch.equal(curve_of_vectors(one, place, torch.full((1,), 0.2)), one)
