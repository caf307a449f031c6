"""What a pose prior is judged by."""

import formulas
import numpy as np
import pytest
import torch
from torch.distributions import Normal, kl_divergence

from motionfit.geometry.rotations import rotation_from_axis_angle
from motionfit.priors.pose import PosePrior
from motionfit.training.pose_evaluation import evaluate_pose_prior, kl_from_standard_normal
from motionfit.training.posed_body import PosedBody


def test_the_divergence_is_that_of_the_official_code(goldens):
    golden = goldens("vposer2")
    mean, scale = (torch.from_numpy(golden[name]) for name in ("enc_mean", "enc_scale"))
    found = kl_from_standard_normal(mean, scale)
    expected = kl_divergence(Normal(mean, scale), Normal(torch.zeros_like(mean), torch.ones_like(scale))).sum(-1)
    torch.testing.assert_close(found, expected)
    assert float(found.mean()) * 0.005 == pytest.approx(float(golden["epoch0_w_loss_kl"]), rel=1e-6)


def test_an_untrained_prior_is_far_off(body):
    torch.manual_seed(0)
    _, _, pose, _ = formulas.walk(20)
    poses = rotation_from_axis_angle(torch.from_numpy(pose.astype(np.float32)).unflatten(-1, (21, 3)))
    measured = evaluate_pose_prior(PosePrior().eval(), poses, PosedBody.of(body))
    assert measured["v2v"] > 0.1
    assert measured["score"] == measured["v2v"]
