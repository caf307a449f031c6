import math

import numpy as np
import pytest
import torch

from motionfit.body.keypoints import BODY25_IGNORED
from motionfit.energies.consistency import bone_length, joint_consistency
from motionfit.energies.contacts import contact_height, contact_velocity, resting_height, resting_probability
from motionfit.energies.floor import floor_change, floor_deviation
from motionfit.energies.latent_priors import motion_prior, pose_prior, shape_prior
from motionfit.energies.observed import observed_points
from motionfit.energies.overlap import overlap_positions, overlap_velocities
from motionfit.energies.reprojection import geman_mcclure, reprojection
from motionfit.energies.smoothness import joint_smoothness
from motionfit.geometry.cameras import project


@pytest.fixture
def data(goldens):
    return {k: torch.from_numpy(np.asarray(v)) for k, v in goldens("fitting_losses").items()}


def close(ours, golden):
    torch.testing.assert_close(ours, golden.to(ours.dtype), rtol=1e-9, atol=1e-12)


def test_observed_points_meet_the_goldens(data):
    predicted = data["joints3d_pred"].requires_grad_()
    # the goldens mark what is not observed by infinity
    mask = torch.isfinite(data["joints3d_obs"]).all(-1)
    observed = torch.where(mask[..., None], data["joints3d_obs"], 0.0)
    loss = observed_points(predicted, observed, mask).sum()
    close(loss, data["loss_joints3d"])
    close(torch.autograd.grad(loss, predicted)[0], data["grad_joints3d"])
    mask = torch.isfinite(data["verts3d_obs"]).all(-1)
    observed = torch.where(mask[..., None], data["verts3d_obs"], 0.0)
    close(observed_points(data["verts3d_pred"], observed, mask).sum(), data["loss_verts3d"])


def test_masked_points_do_not_count_whatever_they_are():
    generator = torch.Generator().manual_seed(0)
    predicted = torch.randn(4, 22, 3, generator=generator).requires_grad_()
    observed = torch.randn(4, 22, 3, generator=generator)
    mask = torch.rand(4, 22, generator=generator) > 0.5
    loss = observed_points(predicted, observed, mask).sum()
    wild = torch.where(mask[..., None], observed, 1e6)
    assert loss == observed_points(predicted, wild, mask).sum()
    (gradient,) = torch.autograd.grad(loss, predicted)
    assert (gradient[~mask] == 0).all()
    assert observed_points(predicted, wild, torch.zeros_like(mask)).sum() == 0


def test_reprojection_meets_the_goldens(data):
    camera_joints = data["joints73_cam"].requires_grad_()
    order = [52, 12, 17, 19, 21, 16, 18, 20, 0, 2, 5, 8, 1, 4, 7, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62]
    pixels = torch.stack([project(camera_joints[i], data["cam_K"]) for i in range(2)])
    projected = pixels[:, :, order]
    confidence = data["joints2d_obs"][..., 2].clone()
    confidence[..., list(BODY25_IGNORED)] = 0.0
    loss = reprojection(projected, data["joints2d_obs"][..., :2], confidence).sum()
    close(loss, data["loss_joints2d"])
    close(torch.autograd.grad(loss, camera_joints)[0], data["grad_joints2d"])
    close(geman_mcclure(data["gmof_in"], 100.0), data["gmof_out"])


def test_prior_terms_meet_the_goldens(data):
    close(pose_prior(data["latent_pose"]).sum(), data["loss_pose_prior"])
    close(shape_prior(data["betas"]).sum(), data["loss_shape_prior"])
    latents = data["latent_motion"].requires_grad_()
    loss = motion_prior(latents, data["cond_prior_mean"], data["cond_prior_var"]).sum()
    close(loss, data["loss_motion_prior_cond"])
    close(torch.autograd.grad(loss, latents)[0], data["grad_motion_prior_cond"])


def test_rollout_terms_meet_the_goldens(data):
    rolled = data["joints_rollout"].requires_grad_()
    loss = bone_length(rolled).sum()
    close(loss, data["loss_bone_length"])
    close(torch.autograd.grad(loss, rolled)[0], data["grad_bone_length"])
    rolled = rolled.detach()
    close(joint_consistency(data["joints3d_pred"].detach(), rolled).sum(), data["loss_joint_consistency"])
    close(joint_smoothness(data["joints3d_pred"].detach()).sum(), data["loss_joints3d_smooth"])


def test_contact_terms_meet_the_goldens(data):
    joints, contacts = data["joints3d_pred"], data["contacts_conf"]
    close(contact_velocity(joints, contacts).sum(), data["loss_contact_vel"])
    close(contact_height(joints[..., 2], contacts).sum(), data["loss_contact_height"])


def test_floor_meets_the_golden(data):
    observed = data["floor_obs"][:, :3] * data["floor_obs"][:, 3:]
    ours = floor_change(data["floor_pred"], observed).sum()
    close(ours, data["loss_floor_reg"])


def test_overlap_terms_meet_the_goldens(data):
    intervals = tuple((int(a), int(b)) for a, b in data["ov_seq_interval"])
    positions = overlap_positions(data["ov_verts3d"], intervals).sum()
    close(positions, data["loss_rgb_overlap_consist_verts3d_pos"])
    velocities = overlap_velocities(data["ov_verts3d"], intervals).sum()
    close(velocities, data["loss_rgb_overlap_consist_verts3d_vel"])


def test_terms_are_zero_at_a_perfect_match():
    generator = torch.Generator().manual_seed(0)
    joints = torch.randn(1, 22, 3, generator=generator).expand(5, 22, 3)
    mask = torch.ones(5, 22, dtype=torch.bool)
    assert observed_points(joints, joints, mask).sum() == 0
    assert joint_smoothness(joints).sum() == 0
    assert joint_consistency(joints, joints).sum() == 0
    assert bone_length(joints).sum() == 0
    contacts = torch.ones(5, 22)
    assert contact_velocity(joints, contacts).sum() == 0
    assert contact_height(torch.zeros(5, 22), contacts).sum() == 0


def test_motion_prior_is_the_negative_log_density():
    mean, variance = torch.zeros(1, 1, 2), torch.full((1, 1, 2), 4.0)
    expected = -torch.distributions.Normal(0.0, 2.0).log_prob(torch.tensor([1.0, -3.0])).sum()
    ours = motion_prior(torch.tensor([[[1.0, -3.0]]]), mean, variance)
    assert math.isclose(float(ours), float(expected), rel_tol=1e-6)


def test_what_rests_is_neither_over_nor_in_the_ground():
    lowest, highest = torch.tensor([0.05, 0.1]), torch.tensor([0.05, 0.2])
    heights = torch.tensor([[0.05, 0.1], [0.05, 0.2], [0.02, 0.05], [0.15, 0.3]], dtype=torch.float32)
    contacts = torch.ones(4, 2)
    expected = torch.tensor([0.0, 0.0, 0.08, 0.2])
    torch.testing.assert_close(resting_height(heights, contacts, lowest, highest), expected)
    assert resting_height(heights, torch.zeros(4, 2), lowest, highest).sum() == 0
    free = heights.double().requires_grad_()
    assert torch.autograd.gradcheck(lambda at: resting_height(at + 0.003, contacts, lowest, highest), (free,))


def test_soft_contact_is_near_and_slow_and_has_no_gradient():
    highest = torch.tensor([0.1])
    at = lambda height, speed: float(resting_probability(torch.tensor([[height]]), torch.tensor([[speed]]), highest))  # noqa: E731
    assert at(0.1, 0.0) > 0.9
    assert at(-0.2, 0.0) > 0.99
    assert at(0.13, 0.0) == pytest.approx(0.5, abs=0.01)
    assert at(0.05, 0.3) == pytest.approx(0.5, abs=0.01)
    assert at(0.3, 0.0) < 1e-3
    assert at(0.0, 1.0) < 1e-3
    heights = torch.zeros(3, 1, requires_grad=True)
    assert not resting_probability(heights, torch.zeros(3, 1), highest).requires_grad


def test_a_floor_that_stays_costs_nothing_and_certain_ones_cost_more():
    tilt, shift = torch.tensor([[0.1, -0.2]]), torch.tensor([0.05])
    precision = torch.tensor([[[4.0, 1.0], [1.0, 2.0]]])
    assert floor_deviation(torch.zeros(1, 2), torch.zeros(1), precision, torch.ones(1)) == 0
    expected = 0.5 * (4 * 0.01 + 2 * 0.04 - 2 * 0.02 + 100 * 0.0025)
    found = floor_deviation(tilt, shift, precision, torch.tensor([100.0]))
    assert float(found) == pytest.approx(expected, rel=1e-5)
