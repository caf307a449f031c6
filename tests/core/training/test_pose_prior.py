"""Losses and data of the pose prior."""

import formulas
import numpy as np
import pytest
import torch
from torch.distributions import Normal, kl_divergence

from motionfit.geometry.rotations import rotation_from_axis_angle
from motionfit.priors.pose import PosePrior
from motionfit.training.pose_prior import PosedBody, evaluate_pose_prior, kl_from_standard_normal, mix_legs


def test_the_divergence_is_that_of_the_official_code(goldens):
    golden = goldens("vposer2")
    mean, scale = (torch.from_numpy(golden[name]) for name in ("enc_mean", "enc_scale"))
    found = kl_from_standard_normal(mean, scale)
    expected = kl_divergence(Normal(mean, scale), Normal(torch.zeros_like(mean), torch.ones_like(scale))).sum(-1)
    torch.testing.assert_close(found, expected)
    assert float(found.mean()) * 0.005 == pytest.approx(float(golden["epoch0_w_loss_kl"]), rel=1e-6)


def test_mixing_swaps_legs_and_nothing_else():
    poses = torch.arange(4.0)[:, None, None, None].expand(4, 21, 3, 3)
    mixed = mix_legs(poses, 1.0, torch.Generator())
    legs = [0, 1, 3, 4, 6, 7, 9, 10]
    rest = [joint for joint in range(21) if joint not in legs]
    assert torch.equal(mixed[:, legs], poses.roll(1, 0)[:, legs])
    assert torch.equal(mixed[:, rest], poses[:, rest])
    assert torch.equal(mix_legs(poses, 0.0, torch.Generator()), poses)


def test_an_untrained_prior_is_far_off(body):
    torch.manual_seed(0)
    _, _, pose, _ = formulas.walk(20)
    poses = rotation_from_axis_angle(torch.from_numpy(pose.astype(np.float32)).unflatten(-1, (21, 3)))
    measured = evaluate_pose_prior(PosePrior().eval(), poses, PosedBody.of(body))
    assert measured["v2v"] > 0.1
    assert measured["score"] == measured["v2v"]
