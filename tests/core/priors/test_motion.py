"""The motion prior's nets: forward passes of the official code, names of its tensors."""

import json
from pathlib import Path

import pytest
import torch

from motionfit.priors.motion import MotionPrior, MotionPriorWidths, Step

STATE_DICTS = Path(__file__).parents[2] / "data" / "goldens" / "state_dicts.json"


def test_forward_passes_agree_with_the_official_code(official_motion_prior, goldens):
    golden = {name: torch.from_numpy(array) for name, array in goldens("humor_step").items()}
    found = {}
    found["prior_mean"], found["prior_var"] = official_motion_prior.prior(golden["past_in"])
    found["post_mean"], found["post_var"] = official_motion_prior.posterior(golden["past_in"], golden["t_in"])
    state, logits = official_motion_prior.decode(golden["past_in"], golden["z"])
    found["decode"] = torch.cat([state, logits], -1)
    for name, value in found.items():
        torch.testing.assert_close(value, golden[name], rtol=1e-9, atol=1e-10, msg=name)


def test_single_precision_agrees_to_its_own_accuracy(official_motion_prior, goldens):
    golden = {name: torch.from_numpy(array).float() for name, array in goldens("humor_step").items()}
    single = MotionPrior()
    single.load_state_dict(official_motion_prior.state_dict())
    state, logits = single.decode(golden["past_in"], golden["z"])
    torch.testing.assert_close(torch.cat([state, logits], -1), golden["decode"], rtol=1e-4, atol=1e-4)


def test_names_and_shapes_are_those_of_the_published_checkpoint():
    published = {name: tuple(shape) for name, shape, _ in json.loads(STATE_DICTS.read_text())["HumorModel"]}
    assert {name: tuple(tensor.shape) for name, tensor in MotionPrior().state_dict().items()} == published


@pytest.mark.parametrize("batch", [(1,), (2, 3), ()])
def test_leading_axes_are_kept(small_motion_prior, batch):
    past = torch.randn(*batch, 339, dtype=torch.float64)
    mean, variance = small_motion_prior.posterior(past, past)
    state, logits = small_motion_prior.decode(past, mean)
    assert mean.shape == variance.shape == (*batch, 48)
    assert state.shape == (*batch, 339)
    assert logits.shape == (*batch, 9)


def test_steps_unpack_and_pack():
    vector = torch.arange(2 * 339, dtype=torch.float64).reshape(2, 339)
    step = Step.unpack(vector)
    assert torch.equal(step.rotations[:, 0].flatten(1), vector[:, 6:15])
    assert torch.equal(step.vectors[:, 2], vector[:, 15:18])
    assert torch.equal(step.pack(), vector)


@pytest.mark.parametrize("width", [100, 16, 0])
def test_a_width_that_cannot_be_grouped_is_refused(width):
    with pytest.raises(ValueError, match="multiple of 16"):
        MotionPriorWidths(decoder=(width, 64))
