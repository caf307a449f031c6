"""The mixture of initial states against the official code and scipy."""

import formulas
import pytest
import torch
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

from motionfit.priors.initial_state import InitialStateMixture


@pytest.fixture(scope="module")
def official_mixture():
    return InitialStateMixture.from_covariances(*(torch.from_numpy(array) for array in formulas.gmm()))


@pytest.fixture(scope="module")
def start(goldens):
    golden = goldens("fitting_losses")
    names = ("init_joints", "init_joints_vel", "init_trans_vel", "init_root_orient_vel")
    return [torch.from_numpy(golden[name]) for name in names]


def test_value_and_gradient_agree_with_the_official_code(official_mixture, start, goldens):
    golden = goldens("fitting_losses")
    joints = start[0].clone().requires_grad_()
    loss = -official_mixture.log_likelihood(joints, *start[1:]).sum()
    loss.backward()
    torch.testing.assert_close(loss.item(), float(golden["loss_init_motion_prior"]), rtol=1e-9, atol=0)
    expected = torch.from_numpy(golden["grad_init_motion_prior_joints"])
    torch.testing.assert_close(joints.grad, expected, rtol=1e-8, atol=1e-8)


def test_the_density_is_scipys(start):
    weights, means, covariances = (array[:2] for array in formulas.gmm())
    weights = weights / weights.sum()
    mixture = InitialStateMixture.from_covariances(
        *(torch.from_numpy(array) for array in (weights, means, covariances))
    )
    vector = torch.cat([start[0].flatten(-2), start[1].flatten(-2), *start[2:]], -1)[0, 0].numpy()
    densities = [
        multivariate_normal(mean, covariance).logpdf(vector)
        for mean, covariance in zip(means, covariances, strict=True)
    ]
    found = mixture.log_likelihood(*start)[0, 0]
    torch.testing.assert_close(found.item(), float(logsumexp(densities, b=weights)), rtol=1e-9, atol=0)
