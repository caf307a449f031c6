"""Per-frame measures: each tells of the frame and the part of the body that it is about."""

import math
from dataclasses import replace

import pytest
import torch

from motionfit.body.keypoints import KeypointSurfaces
from motionfit.body.parts import BODY_PARTS, MIRRORED_POINTS, PART_POINTS, SURFACE_KEYPOINT_JOINTS
from motionfit.files.frames import transform_floor, transform_motion
from motionfit.geometry.planes import world_floor
from motionfit.metrics.accuracy import jitter
from motionfit.metrics.diagnostics import MEASURES, frame_diagnostics, part_error
from motionfit.metrics.drift import joints_of
from motionfit.metrics.excursions import excursions
from motionfit.simulation import SimulationSpec, camera_from_world, simulate

CAMERA = "project=640x360:f500"
PARTS = list(PART_POINTS["joints3d"].values())
KINDS = ("noise=0.0", "below=0.0", CAMERA)


def fitted(walking, body, spec):
    """Observations of the walk, with the walk and its floor in their frame."""
    observed = simulate(walking, body, spec)
    if not observed.in_camera_frame:
        return observed, walking, world_floor()
    pose = camera_from_world(walking, body, SimulationSpec.parse(spec).projection)
    return observed, transform_motion(walking, body, pose), transform_floor(world_floor(), pose)


@pytest.mark.parametrize("spec", KINDS)
def test_a_wrong_arm_shows_in_that_arm_only(walking, open_body, spec):
    observed, motion, floor = fitted(walking, open_body, spec)
    name = observed.kind
    moved = getattr(observed, name).clone()
    moved[7, PART_POINTS[name]["left_arm"], 0] += 50.0 if name == "keypoints2d" else 0.2
    found = frame_diagnostics(motion, replace(observed, **{name: moved}), open_body, floor)
    for part in BODY_PARTS:
        error = found[part_error(part)]
        assert float(error.max()) == pytest.approx(float(error[7]) if part == "left_arm" else 0.0, abs=0.1)
    assert float(found["left_arm_error_cm"][7]) > 15.0
    assert set(found) <= set(MEASURES)


@pytest.mark.parametrize("kind", list(PART_POINTS))
def test_every_point_has_one_part_and_mirroring_swaps_the_sides(kind):
    parts = PART_POINTS[kind]
    points = sorted(point for part in parts.values() for point in part)
    assert points == list(range(len(MIRRORED_POINTS[kind])))
    mirrored = MIRRORED_POINTS[kind]
    assert all(mirrored[mirrored[point]] == point for point in points)
    for limb in ("arm", "leg"):
        other_side = {mirrored[point] for point in parts[f"left_{limb}"]}
        assert len(other_side & set(parts[f"right_{limb}"])) >= len(parts[f"right_{limb}"]) - 1


def test_surface_keypoints_belong_to_the_joint_that_moves_them(open_body):
    weights = KeypointSurfaces.of(open_body).keypoints.weights
    assert tuple(weights.argmax(1).tolist()) == SURFACE_KEYPOINT_JOINTS


def test_hanging_in_the_air_is_floating_and_a_jump_is_not(walking, open_body):
    observed = simulate(walking, open_body, "noise=0.0")
    time = (torch.arange(24) - 12) / 30.0
    jump = (0.5 * 9.81 * (0.3**2 - time.square())).clamp(min=0.0)
    still = replace(
        walking,
        body_pose=walking.body_pose[:1].expand(24, -1, -1, -1),
        root_orientation=walking.root_orientation[:1].expand(24, -1, -1),
    )
    heights = {"hanging": torch.full((24,), 0.3), "jump": jump}
    found = {}
    for name, height in heights.items():
        place = walking.translation[:1] + torch.stack([0.0 * time, 0.0 * time, height], -1)
        floating = frame_diagnostics(replace(still, translation=place), observed, open_body, world_floor())[
            "floating_cm"
        ]
        found[name] = floating
    torch.testing.assert_close(found["hanging"], torch.full((24,), 30.0), atol=0.1, rtol=0)
    assert float(found["jump"][9:16].max()) < 0.1 * float(jump.max()) * 100.0


def test_a_repeated_detection_is_told(walking, open_body):
    observed = simulate(walking, open_body, "noise=0.01,missing=10:12")
    points = observed.joints3d.clone()
    points[5:8] = points[4]
    found = frame_diagnostics(walking, replace(observed, joints3d=points), open_body, world_floor())
    assert found["repeated_share"].nonzero().flatten().tolist() == [5, 6, 7]
    assert (found["observed_share"] == 0).nonzero().flatten().tolist() == [10, 11]


def test_the_mean_of_the_jitter_is_the_metric(walking, open_body):
    joints = joints_of(open_body, walking)
    observed = simulate(walking, open_body, "noise=0.0")
    values = frame_diagnostics(walking, observed, open_body, world_floor())["jitter"]
    assert float(values[2:-1].mean()) == pytest.approx(jitter(joints, 30.0), rel=1e-4)


def test_another_persons_place_is_an_excursion_and_a_jump_or_a_turn_is_none():
    generator = torch.Generator().manual_seed(0)
    time = torch.arange(60) / 30.0
    hop = 0.25 * (2 * math.pi * time).sin().clamp(min=0.0)
    path = torch.stack([1.5 * time, torch.zeros(60), hop], -1)
    places = (
        path[:, None] + torch.randn(22, 3, generator=generator) + 0.02 * torch.randn(60, 22, 3, generator=generator)
    )
    seen = torch.rand(60, 22, generator=generator) > 0.2
    assert float(excursions(places, seen, PARTS, 30.0).max()) < 0.08
    away = places.clone()
    away[30:38] += torch.tensor([0.5, 0.5, 0.0])
    found = excursions(away, seen, PARTS, 30.0)
    assert (found > 0.2).nonzero().flatten().tolist() == list(range(30, 38))
    for_good = places.clone()
    for_good[30:] += torch.tensor([0.5, 0.5, 0.0])
    assert float(excursions(for_good, seen, PARTS, 30.0).max()) < 0.1


def test_too_little_to_tell_an_excursion_from_is_none():
    places = torch.zeros(3, 22, 3)
    assert excursions(places, torch.ones(3, 22, dtype=torch.bool), PARTS, 30.0).tolist() == [0.0, 0.0, 0.0]
    blind = excursions(torch.zeros(20, 22, 3), torch.zeros(20, 22, dtype=torch.bool), PARTS, 30.0)
    assert blind.tolist() == [0.0] * 20
