"""Whole fits on a ground that is found, held, frozen, or not there; and contacts in them."""

import math
from dataclasses import replace

import pytest
import torch

from motionfit.files.amass import read_amass
from motionfit.files.demo import TRUTH_FILE, demo_path
from motionfit.files.frames import transform_floor
from motionfit.geometry.planes import world_floor
from motionfit.geometry.rotations import rotation_from_axis_angle
from motionfit.metrics.drift import joints_of
from motionfit.metrics.plausibility import lowest_point
from motionfit.motion import Motion
from motionfit.pipeline.contact_overrides import ContactOverride
from motionfit.pipeline.fit import fit
from motionfit.pipeline.freezes import Freeze
from motionfit.pipeline.settings import load_preset
from motionfit.simulation import simulate
from motionfit.simulation.camera import camera_from_world
from motionfit.simulation.spec import SimulationSpec

from .conftest import FRAMES, slow_steps, walk

FEW = {"root": 10, "pose": 30, "tune_x0": 3, "hold_x0": 0, "refine": 6}
LONGER = 36
VIDEO = "project=1280x720:f1060"
UP = torch.tensor([0.0, 0.0, 1.0])


def settings(preset="joints3d", **changes):
    return replace(load_preset(preset), iterations=FEW, **changes)


def lifted(motion, height):
    return replace(motion, translation=motion.translation + height * UP)


def from_stage_two(motion, body, priors, spec="noise=0.01", preset="joints3d"):
    """A function that runs stage III with some settings on what stages I and II found."""
    observed = simulate(motion, body, spec, 1)
    longer = {**FEW, "pose": 60} if preset == "video" else FEW
    start = fit(observed, body, priors, replace(settings(preset, stages=("stage1", "stage2")), iterations=longer))

    def go_on(**changes):
        weights = changes.pop("weights", {})
        chosen = replace(settings(preset, stages=("stage3",)), **changes)
        for term, weight in weights.items():
            chosen = chosen.with_weight("stage3", term, weight)
        return fit(observed, body, priors, chosen, previous=start)

    return go_on


@pytest.fixture(scope="module")
def hanging(body, priors):
    """Slow steps whose feet are a metre over the floor of the world."""
    return from_stage_two(lifted(slow_steps(body, LONGER), 1.0), body, priors)


def height_error(result, body, motion):
    found, true = joints_of(body, result.final.motion)[..., 2], joints_of(body, motion)[..., 2]
    return float((found - true).mean())


CONTACT_COUNTS = {"contact_height": 5.0, "contact_velocity": 0.0, "joints3d": 0.1}
FEET_TOUCH = (ContactOverride(("left_foot", "right_foot"), 0, LONGER, 1.0),)


def test_repair_05_without_a_ground_nothing_is_pulled_down_to_it(hanging, body):
    truth = lifted(slow_steps(body, LONGER), 1.0)
    free = hanging(ground="none", weights=CONTACT_COUNTS, contacts=FEET_TOUCH)
    held = hanging(ground="given", weights=CONTACT_COUNTS, contacts=FEET_TOUCH)
    assert abs(height_error(free, body, truth)) < 0.03
    assert height_error(held, body, truth) < -0.10
    assert "contact_height" not in free.final.history[-1].raw
    assert "contact_height" in held.final.history[-1].raw
    assert not {"penetration_cm", "skating_cm", "floating_cm"} & set(free.diagnostics)
    assert "penetration_cm" in held.diagnostics
    assert not free.on_ground
    assert free.final.variables["prior_height"].shape == (1, 1)


def test_a_floor_far_from_zero_is_told_and_found_on_request(hanging, body):
    truth = lifted(slow_steps(body, LONGER), 1.0)
    told = hanging(ground="given")
    assert any("above the floor; use --ground auto" in warning for warning in told.warnings)
    found = hanging(ground="auto")
    assert float(found.final.floor.offset) == pytest.approx(1.0, abs=0.08)
    assert not any("--ground" in warning for warning in found.warnings)
    assert abs(height_error(found, body, truth)) < 0.03
    assert found.ground["height_deviation_cm"] < 20.0


def demo(body):
    """The beginning of the shipped clip, by a person of the mean shape: size and distance look alike in a picture."""
    motion = replace(read_amass(demo_path() / TRUTH_FILE).slice(0, LONGER), betas=torch.zeros(16))
    return lifted(motion, -float(lowest_point(motion, body, world_floor()).min()))


@pytest.fixture(scope="module")
def seen(body, priors):
    return from_stage_two(demo(body), body, priors, f"{VIDEO},noise_px=2", "video")


def test_the_floor_under_a_camera_that_looks_down_is_found(seen, body):
    """With few iterations; how near it comes with all of them is measured by `motionfit bench accuracy`."""
    motion = demo(body)
    camera = camera_from_world(motion, body, SimulationSpec.parse(VIDEO).projection)
    truth = transform_floor(world_floor(), camera)
    assert float(-truth.normal[1]) < math.cos(math.radians(8.0))
    result = seen()
    feet = camera.apply(joints_of(body, motion)[:, [7, 8]].mean(1)).mean(0)
    under = feet - (feet @ truth.normal - truth.offset) * truth.normal
    for key in ("stage3_init", "stage3"):
        floor = result.stages[key].floor
        assert math.degrees(math.acos(min(1.0, float(floor.normal @ truth.normal)))) < 5.0
        assert abs(float(under @ floor.normal - floor.offset)) < 0.07


def test_a_frozen_floor_is_bit_identical_to_that_of_stage_two_and_a_free_one_moves(seen):
    frozen = seen(freezes=frozenset({Freeze("floor", "stage3")}))
    for key in ("stage3_init", "stage3"):
        assert torch.equal(frozen.stages[key].floor.normal, frozen.stages["stage3_init"].floor.normal)
        assert torch.equal(frozen.stages[key].floor.offset, frozen.stages["stage3_init"].floor.offset)
    assert (frozen.final.variables["floor_tilt"] == 0).all()
    free = seen()
    assert torch.equal(free.stages["stage3_init"].floor.normal, frozen.final.floor.normal)
    assert not torch.equal(free.final.floor.normal, frozen.final.floor.normal)
    level = seen(ground="level")
    torch.testing.assert_close(level.final.floor.normal, torch.tensor([0.0, -1.0, 0.0]))
    assert not torch.equal(level.final.floor.offset, level.stages["stage3_init"].floor.offset)


def slide(result, body, frames):
    """How far the left ball of the foot moves in some frames, metres."""
    foot = joints_of(body, result.final.motion)[slice(*frames), 10]
    return float(foot.diff(dim=0).norm(dim=-1).sum())


def test_the_user_holds_and_releases_a_foot(body, priors):
    go_on = from_stage_two(walk(FRAMES), body, priors)
    strong = {"contact_velocity": 500.0, "joints3d": 0.1}
    said = {
        value: go_on(weights=strong, contacts=(ContactOverride(("left_foot", "left_ankle"), 5, 15, value),))
        for value in (0.0, 1.0)
    }
    free = slide(said[0.0], body, (5, 15))
    assert slide(said[1.0], body, (5, 15)) < 0.7 * free
    for value, result in said.items():
        contacts = result.final.motion.contacts
        assert (contacts[5:15, [7, 10]] == value).all()
        assert not (contacts[:5, [7, 10]] == value).all()


def lying(body, frames, height):
    """Somebody who lies still on the back, arms at the sides, the pelvis so high."""
    turn = rotation_from_axis_angle(torch.tensor([[0.0, 0.0, -1.2], [0.0, 0.0, 1.2], [0.0, 0.0, 0.3]]))
    pose = torch.eye(3).repeat(frames, 21, 1, 1)
    pose[:, 15], pose[:, 16] = turn[0], turn[1]
    place = torch.zeros(frames, 3)
    place[:, 2] = height - body.rest_joints(torch.zeros(16))[0, 2]
    return Motion(30.0, place, turn[2].expand(frames, 3, 3).clone(), pose, torch.zeros(16))


def test_hips_and_back_of_who_lies_do_not_sink_into_the_floor(body, priors):
    sunk = lying(body, FRAMES, 0.03)  # the back would be on the floor at 10 cm
    go_on = from_stage_two(sunk, body, priors, "noise=0.005")
    weights = {"contact_height": 2.0, "joints3d": 0.2}
    joints = ("pelvis", "left_hip", "right_hip", "spine1", "spine2", "spine3")
    resting = go_on(weights=weights)
    floating = go_on(weights=weights, contacts=(ContactOverride(joints, 0, FRAMES, 0.0),))
    hips = [joints_of(body, each.final.motion)[:, [1, 2, 3], 2].mean() for each in (resting, floating)]
    assert resting.final.motion.contacts[:, [1, 2, 3, 6]].mean() > 0.8
    assert hips[0] > hips[1] + 0.01
    assert math.isfinite(resting.final.history[-1].loss)
