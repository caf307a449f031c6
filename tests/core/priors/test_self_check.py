"""Trained and untrained priors are told apart, with room between them."""

import formulas
import pytest
import torch

from motionfit.errors import CheckpointError
from motionfit.priors.checkpoints import ACCEPTED_UNTRAINED, load_priors, save_prior
from motionfit.priors.initial_state import InitialStateMixture
from motionfit.priors.motion import MotionPrior, MotionPriorWidths
from motionfit.priors.pose import PosePrior, identity_bias
from motionfit.priors.pose_first import PosePriorFirst
from motionfit.priors.self_check import MIXTURE_LIMIT, MOTION_LIMIT, POSE_LIMIT, check_prior, require_trained

SMALL = MotionPriorWidths((64, 64), (64, 64), (64, 64))
SEEDS = range(10)


@pytest.fixture(scope="module")
def shipped():
    return load_priors()


def untrained_pose(seed):
    torch.manual_seed(seed)
    prior = PosePrior()
    identity_bias(prior)
    return prior.eval()


def untrained_motion(seed, scale):
    torch.manual_seed(seed)
    prior = MotionPrior(SMALL)
    with torch.no_grad():
        prior.decoder.net[-1].weight.mul_(scale)
        prior.decoder.net[-1].bias.mul_(scale)
    return prior


def random_mixture(seed):
    torch.manual_seed(seed)
    factors = torch.randn(12, 138, 30) * 0.1
    covariances = factors @ factors.mT + 0.05 * torch.eye(138)
    return InitialStateMixture.from_covariances(torch.full((12,), 1 / 12), torch.randn(12, 138), covariances)


def test_shipped_priors_pass_with_room(shipped):
    assert check_prior(shipped.pose).value < 0.75 * POSE_LIMIT
    assert check_prior(shipped.motion).value < 0.5 * MOTION_LIMIT
    assert check_prior(shipped.initial_state).value > 20 * MIXTURE_LIMIT
    assert all(check_prior(each).passed for each in (shipped.pose, shipped.motion, shipped.initial_state))


@pytest.mark.parametrize("seed", SEEDS)
def test_untrained_pose_priors_fail_with_room(seed):
    torch.manual_seed(seed)
    for prior in (PosePrior().eval(), PosePriorFirst().eval(), untrained_pose(seed)):
        assert check_prior(prior).value > 1.4 * POSE_LIMIT


@pytest.mark.parametrize("scale", [1.0, 0.1, 0.001])
def test_untrained_motion_priors_fail_with_room(scale):
    for seed in SEEDS:
        assert check_prior(untrained_motion(seed, scale)).value > 1.8 * MOTION_LIMIT


def test_unfitted_and_random_mixtures_fail():
    assert check_prior(InitialStateMixture()).value == pytest.approx(0.0, abs=0.1)
    for seed in SEEDS:
        assert not check_prior(random_mixture(seed)).passed


def test_an_encoder_that_was_not_loaded_is_seen(shipped):
    mixed = untrained_pose(0)
    mixed.decoder_net.load_state_dict(shipped.pose.decoder_net.state_dict())
    assert not check_prior(mixed).passed
    motion = MotionPrior(shipped.motion.widths)
    motion.load_state_dict(shipped.motion.state_dict())
    motion.decoder.load_state_dict(MotionPrior(shipped.motion.widths).decoder.state_dict())
    assert not check_prior(motion).passed


def test_weights_that_give_no_number_fail():
    prior = untrained_pose(0)
    with torch.no_grad():
        prior.decoder_net[-1].bias.fill_(torch.inf)
    check = check_prior(prior)
    assert not check.passed
    assert check.to_json()["value"] is None


def test_a_fit_refuses_an_untrained_prior_unless_its_card_accepts_it(tmp_path):
    path = tmp_path / "pose.safetensors"
    save_prior(untrained_pose(0), path, {})
    with pytest.raises(CheckpointError, match=r"pose\.safetensors.*behaves like an untrained model") as caught:
        load_priors(pose=path)
    assert "leave it out" in caught.value.hint
    save_prior(untrained_pose(0), path, {ACCEPTED_UNTRAINED: True})
    assert isinstance(load_priors(pose=path).pose, PosePrior)


def test_only_priors_are_asked():
    with pytest.raises(ValueError, match="Linear is not a prior"):
        check_prior(torch.nn.Linear(2, 2))


def test_the_weights_by_formula_are_untrained_and_their_mixture_is_not(tmp_path):
    motion = MotionPrior()
    motion.load_state_dict({name: torch.from_numpy(value) for name, value in formulas.humor_weights().items()})
    assert check_prior(motion).value > 1.8 * MOTION_LIMIT
    mixture = InitialStateMixture.from_covariances(*(torch.from_numpy(array) for array in formulas.gmm()))
    require_trained(check_prior(mixture), tmp_path, "")
    assert check_prior(mixture).value > 20 * MIXTURE_LIMIT
