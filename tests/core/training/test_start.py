"""A training may begin with an earlier prior."""

import pytest
import torch

from motionfit.errors import CheckpointError, SettingsError
from motionfit.priors.checkpoints import MOTION_PRIOR, POSE_PRIOR, save_prior
from motionfit.priors.motion import MotionPrior, MotionPriorWidths
from motionfit.training.start import describe_start, start_with

WIDTHS = MotionPriorWidths((32,), (32,), (32, 32))


@pytest.fixture
def earlier(tmp_path):
    torch.manual_seed(1)
    prior = MotionPrior(WIDTHS)
    save_prior(prior, tmp_path / "earlier.safetensors", {"training": {"loop": {"epochs": 3}}, "data": {}})
    return prior, tmp_path / "earlier.safetensors"


def test_the_weights_are_taken(earlier):
    known, path = earlier
    prior = MotionPrior(WIDTHS)
    start_with(prior, MOTION_PRIOR, path)
    for name, tensor in prior.state_dict().items():
        torch.testing.assert_close(tensor, known.state_dict()[name], rtol=1e-3, atol=1e-4)
    assert all(parameter.requires_grad for parameter in prior.parameters())


def test_the_card_says_where_it_began(earlier):
    described = describe_start(earlier[1])
    assert described["training"] == {"loop": {"epochs": 3}}
    assert len(described["sha256"]) == 64


def test_other_widths_are_named(earlier):
    with pytest.raises(SettingsError, match=r"encoder.net.0.weight is \(32, 678\) there and \(64, 678\) here"):
        start_with(MotionPrior(MotionPriorWidths((64,), (32,), (32, 32))), MOTION_PRIOR, earlier[1])


def test_another_kind_is_refused(earlier):
    with pytest.raises(CheckpointError, match="motion-prior"):
        start_with(MotionPrior(WIDTHS), POSE_PRIOR, earlier[1])
