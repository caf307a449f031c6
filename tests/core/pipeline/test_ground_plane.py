"""The estimate of the ground from places of the feet that are made by formula."""

import math

import pytest
import torch

from motionfit.pipeline.ground_evidence import footings, with_upright_body
from motionfit.pipeline.ground_plane import UpGuess, fit_ground, tangents

FPS = 30.0
LEVEL = torch.tensor([0.0, -1.0, 0.0], dtype=torch.float64)
SOLE = torch.tensor([[0.0, -0.1, 0.0], [0.04, 0.08, 0.0], [-0.04, 0.08, 0.0], [0.0, 0.14, 0.0]], dtype=torch.float64)


def floor_of(pitch_degrees):
    """Normal and a point of a floor 1.4 m under a camera that looks down by so many degrees."""
    pitch = math.radians(pitch_degrees)
    normal = torch.tensor([0.0, -math.cos(pitch), -math.sin(pitch)], dtype=torch.float64)
    return normal, -1.4 * normal


def walk_on(normal, origin, path, stances=8, noise=0.0, lift=None, seed=0):
    """Soles (frames, 2, 4, 3) of a walk: each foot stands for 15 frames while the other one swings over it.

    Args:
        path: Metres along the floor's two tangents per step.
        lift: Height of the ground under each stance.
        noise: Of each stance's place, metres, along the normal and with the same size along the floor.
    """
    axes = tangents(normal)
    generator = torch.Generator().manual_seed(seed)
    path = torch.tensor(path, dtype=torch.float64)
    lift = [0.0] * (stances + 2) if lift is None else lift
    places = []
    for step in range(stances + 2):
        aside = torch.tensor([0.0, 0.08 if step % 2 else -0.08], dtype=torch.float64)
        wrong = noise * torch.randn(3, generator=generator, dtype=torch.float64)
        flat = 2.5 * torch.tensor([1.0, 0.0], dtype=torch.float64) + step * path + aside + wrong[:2]
        places.append(origin + flat @ axes + (lift[step] + wrong[2]) * normal)
    frames = []
    for step in range(1, stances + 1):
        for share in torch.linspace(0.0, 1.0, 15, dtype=torch.float64):
            swing = torch.lerp(places[step - 1], places[step + 1], share) + 0.12 * torch.sin(math.pi * share) * normal
            pair = (places[step], swing) if step % 2 else (swing, places[step])
            frames.append(torch.stack(pair))
    offsets = SOLE[:, 1:2] * axes[0] + SOLE[:, :1] * axes[1]
    return torch.stack(frames)[:, :, None] + offsets


def estimate(soles, deviation_degrees=8.0, up=LEVEL):
    return fit_ground(*footings(soles, FPS), UpGuess(up, math.radians(deviation_degrees)), 0.03, 0.01)


def tilt_error(plane, normal):
    return math.degrees(math.acos(min(1.0, float(plane.normal @ normal))))


def height_error(plane, normal, origin):
    """How far the plane is from the floor where the person is, metres."""
    under = plane.anchor - (plane.anchor - origin) @ normal * normal
    return abs(float(under @ plane.normal - plane.offset))


WALKS = [(0.5, 0.25), (0.45, -0.3), (-0.2, 0.5)]


@pytest.mark.parametrize("path", WALKS)
def test_repair_05_a_walk_about_the_place_finds_a_floor_that_is_pitched_by_eight_degrees(path):
    normal, origin = floor_of(8.0)
    there = walk_on(normal, origin, path, noise=0.02)
    turned = walk_on(normal, origin, (path[1], -path[0]), noise=0.02, seed=1)
    plane = estimate(torch.cat([there, turned]))
    assert tilt_error(plane, normal) < 3.0
    assert height_error(plane, normal, origin) < 0.05
    assert plane.tilt_confidence > 0.8


def test_a_clean_walk_on_a_level_floor_is_found_exactly():
    normal, origin = floor_of(0.0)
    plane = estimate(torch.cat([walk_on(normal, origin, (0.5, 0.0)), walk_on(normal, origin, (0.0, 0.5))]))
    assert tilt_error(plane, normal) < 0.5
    assert height_error(plane, normal, origin) < 0.01
    assert plane.residual == pytest.approx(0.03)


def test_along_a_line_the_slope_is_seen_and_across_it_the_guess_decides():
    normal, origin = floor_of(8.0)
    plane = estimate(walk_on(normal, origin, (0.5, 0.0)))
    assert tilt_error(plane, normal) < 3.0
    along, across = torch.linalg.inv(plane.tilt_precision).diagonal().sqrt().tolist()
    assert math.degrees(along) < 2.0
    assert math.degrees(across) > 4.0
    assert plane.spread[0] > 8 * plane.spread[1]


def test_on_the_spot_the_guess_decides_and_the_confidence_says_so():
    normal, origin = floor_of(8.0)
    standing = walk_on(normal, origin, (0.0, 0.0), stances=1)[:1].expand(60, 2, 4, 3)
    plane = estimate(standing, deviation_degrees=4.0)
    assert tilt_error(plane, LEVEL) < 3.0
    assert plane.tilt_confidence < 0.4
    assert height_error(plane, normal, origin) < 0.02
    walking = estimate(torch.cat([walk_on(normal, origin, (0.5, 0.0)), walk_on(normal, origin, (0.0, 0.5))]))
    assert walking.tilt_deviation < 0.6 * plane.tilt_deviation


def test_a_jump_does_not_lift_or_tilt_the_floor():
    normal, origin = floor_of(8.0)
    paths = ((0.5, 0.1), (0.1, 0.5))
    soles = torch.cat([walk_on(normal, origin, path) for path in paths])
    height = torch.zeros(soles.shape[0], dtype=soles.dtype)
    height[40:70] = 0.5 * torch.sin(torch.linspace(0.0, math.pi, 30, dtype=soles.dtype))
    jumped = estimate(soles + height[:, None, None, None] * normal)
    assert tilt_error(jumped, normal) < 2.0
    assert height_error(jumped, normal, origin) < 0.03


def test_stairs_at_the_end_of_a_walk_do_not_tilt_the_floor():
    normal, origin = floor_of(3.0)
    lift = [0.0] * 6 + [0.17, 0.34, 0.51, 0.68]
    soles = torch.cat([walk_on(normal, origin, (0.4, 0.2), lift=lift), walk_on(normal, origin, (0.1, 0.4))])
    plane = estimate(soles)
    assert tilt_error(plane, normal) < 3.0
    assert height_error(plane, normal, origin) < 0.05


def test_the_estimate_turns_and_moves_with_the_data():
    normal, origin = floor_of(8.0)
    soles = walk_on(normal, origin, (0.5, 0.25), noise=0.01)
    turn = torch.linalg.qr(torch.randn(3, 3, generator=torch.Generator().manual_seed(3), dtype=torch.float64)).Q
    turn = turn * torch.linalg.det(turn)
    shift = torch.tensor([0.3, -2.0, 1.0], dtype=torch.float64)
    here, there = estimate(soles), estimate(soles @ turn.T + shift, up=turn @ LEVEL)
    assert tilt_error(there, turn @ here.normal) < 0.5
    torch.testing.assert_close(there.anchor, turn @ here.anchor + shift, atol=0.01, rtol=0)


def test_a_standing_body_tells_what_is_up_and_a_bent_or_lying_one_does_not():
    normal, _ = floor_of(8.0)
    heights = torch.zeros(22, dtype=torch.float64)
    heights[[1, 2, 4, 5, 12]] = torch.tensor([0.9, 0.9, 0.5, 0.5, 1.4], dtype=torch.float64)
    heights[[7, 8]] = 0.08
    guess = UpGuess(LEVEL, math.radians(8.0))
    standing = (heights[:, None] * normal).expand(30, 22, 3)
    seen = with_upright_body(guess, standing, FPS)
    angle = math.degrees(math.acos(float(seen.direction @ normal)))
    assert angle < 2.5
    assert seen.deviation < guess.deviation
    lying = (heights[:, None] * tangents(normal)[0]).expand(30, 22, 3)
    assert with_upright_body(guess, lying, FPS) is guess
    bent = standing.clone()
    bent[:, 12] = 0.5 * normal
    assert with_upright_body(guess, bent, FPS) is guess
