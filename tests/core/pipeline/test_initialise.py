import math
from dataclasses import replace

import pytest
import torch

from motionfit.geometry.gaps import fill_rotations, fill_vectors
from motionfit.geometry.rotations import geodesic_angle, rotation_from_axis_angle
from motionfit.metrics.drift import joints_of
from motionfit.pipeline.batch import make_batch
from motionfit.pipeline.initialise_camera import root_from_keypoints
from motionfit.pipeline.initialise_rollout import line_slopes
from motionfit.pipeline.initialise_root import rigid_alignment, root_from_points
from motionfit.priors.recorded_states import states_of_motion
from motionfit.priors.rollout import infer_latents, infer_latents_closed_loop, roll_out
from motionfit.simulation import simulate
from motionfit.simulation.camera import camera_from_world
from motionfit.simulation.spec import SimulationSpec

from .conftest import walk


def test_rigid_alignment_recovers_a_known_motion_and_never_mirrors():
    generator = torch.Generator().manual_seed(0)
    source = torch.randn(12, 3, generator=generator)
    rotation = rotation_from_axis_angle(torch.randn(5, 3, generator=generator))
    shift = torch.randn(5, 3, generator=generator)
    target = source @ rotation.mT + shift[:, None]
    found, moved = rigid_alignment(source, target, torch.ones(5, 12))
    torch.testing.assert_close(found, rotation, atol=1e-5, rtol=0)
    torch.testing.assert_close(moved, shift, atol=1e-5, rtol=0)
    flat = source * torch.tensor([1.0, 1.0, 0.0])
    found, _ = rigid_alignment(flat, -flat @ rotation.mT, torch.ones(5, 12))
    torch.testing.assert_close(torch.linalg.det(found), torch.ones(5))


def test_root_of_clean_joints_is_found_and_gaps_are_bridged(body, motion):
    given = simulate(motion, body, "missing=5:9", 0)
    translation, orientation = root_from_points(body, make_batch([given]))
    assert geodesic_angle(orientation[0], motion.root_orientation).max() < math.radians(15)
    assert (translation[0] - motion.translation).norm(dim=-1).max() < 0.05


def test_gaps_are_filled_at_constant_speed_and_held_beyond_the_ends():
    known = torch.tensor([False, True, False, False, False, True, False])
    values = torch.arange(7.0)[:, None] * 2.0
    filled = fill_vectors(torch.where(known[:, None], values, torch.nan).nan_to_num(9e9), known)
    torch.testing.assert_close(filled[1:6], values[1:6])
    assert filled[0] == values[1]
    assert filled[6] == values[5]
    angles = torch.arange(7.0)[:, None] * torch.tensor([0.0, 0.0, 0.2])
    turned = rotation_from_axis_angle(angles)
    torch.testing.assert_close(fill_rotations(turned, known)[1:6], turned[1:6])


def test_repair_01_velocity_of_noisy_samples_is_far_better_than_one_difference():
    generator = torch.Generator().manual_seed(0)
    times = torch.arange(40) / 30.0
    clean = torch.stack([1.3 * times, torch.sin(2 * times)], -1)[None]
    noisy = clean + 0.01 * torch.randn(200, 40, 2, generator=generator)
    truth = torch.stack([torch.full_like(times, 1.3), 2 * torch.cos(2 * times)], -1)
    ours = (line_slopes(noisy, 30.0)[:, 0] - truth[0]).norm(dim=-1).mean()
    one_sided = ((noisy[:, 1] - noisy[:, 0]) * 30.0 - truth[0]).norm(dim=-1).mean()
    assert ours < 0.5 * one_sided
    torch.testing.assert_close(line_slopes(clean[..., :1], 30.0), truth[None, :, :1])


@pytest.mark.parametrize("turn", [0.0, 90.0, 180.0, 270.0])
def test_camera_start_finds_the_heading_whichever_way_the_person_faces(body, priors, motion, turn):
    spin = rotation_from_axis_angle(torch.tensor([0.0, 0.0, math.radians(turn)]))
    spec = SimulationSpec.parse("project=1280x720:f1060,noise_px=2")
    camera = camera_from_world(motion, body, spec.projection)
    turned = replace(motion, root_orientation=spin @ motion.root_orientation)
    turned = replace(turned, translation=motion.translation.mean(0).expand_as(motion.translation))
    given = simulate(turned, body, spec, 0)
    camera = camera_from_world(turned, body, spec.projection)
    translation, orientation = root_from_keypoints(body, priors.pose, make_batch([given]))
    truth = camera.rotation @ turned.root_orientation
    assert geodesic_angle(orientation[0], truth).median() < math.radians(35)
    depth = camera.apply(joints_of(body, turned)[:, 0])[:, 2]
    assert ((translation[0, :, 2] - depth).abs() / depth).median() < 0.25


@pytest.mark.parametrize(
    "tilt", [[math.pi, 0.0, 0.0], [math.pi / 2, 0.0, 0.0], [-math.pi / 2, 0.0, 0.0], [0.0, math.pi / 2, 0.0]]
)
def test_camera_start_finds_a_person_who_stands_upside_down_or_lies(body, priors, motion, tilt):
    turn = rotation_from_axis_angle(torch.tensor(tilt))
    middle = motion.translation.mean(0).expand_as(motion.translation)
    tilted = replace(motion, root_orientation=turn @ motion.root_orientation, translation=middle)
    spec = SimulationSpec.parse("project=1280x720:f1060,noise_px=2")
    translation, orientation = root_from_keypoints(body, priors.pose, make_batch([simulate(tilted, body, spec, 0)]))
    camera = camera_from_world(tilted, body, spec.projection)
    assert geodesic_angle(orientation[0], camera.rotation @ tilted.root_orientation).median() < math.radians(25)
    depth = camera.apply(joints_of(body, tilted)[:, 0])[:, 2]
    assert ((translation[0, :, 2] - depth).abs() / depth).median() < 0.25


def test_repair_03_latents_of_the_closed_loop_drift_far_less_than_those_of_single_steps(body, priors):
    states = states_of_motion(walk(60), body).map(lambda tensor: tensor.unsqueeze(0))
    drifts = []
    for infer in (infer_latents_closed_loop, infer_latents):
        with torch.no_grad():
            rolled = roll_out(priors.motion, states.frame(0), infer(priors.motion, states))
        drifts.append(float((rolled.states.joints - states.joints).norm(dim=-1).mean()))
    assert drifts[0] < 0.5 * drifts[1]
    assert drifts[0] < 0.15
