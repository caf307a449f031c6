"""Checkpoints: round trip, and a sentence for each thing that can be wrong with a file."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from motionfit.errors import CheckpointError
from motionfit.priors.checkpoints import (
    ACCEPTED_UNTRAINED,
    Priors,
    load_initial_state,
    load_motion_prior,
    load_pose_prior,
    load_priors,
    read_card,
    save_prior,
)
from motionfit.priors.initial_state import InitialStateMixture
from motionfit.priors.motion import MotionPrior, MotionPriorWidths
from motionfit.priors.pose import PosePrior

WIDTHS = MotionPriorWidths((32,), (48, 32), (32, 48))
UNTRAINED = {ACCEPTED_UNTRAINED: True}


@pytest.fixture
def folder(tmp_path):
    torch.manual_seed(0)
    save_prior(PosePrior(64), tmp_path / "pose.safetensors", {"metrics": {"v2v": 0.1}, **UNTRAINED})
    save_prior(MotionPrior(WIDTHS), tmp_path / "motion.safetensors", UNTRAINED)
    save_prior(InitialStateMixture(3), tmp_path / "start.safetensors", UNTRAINED)
    return tmp_path


def load_all(folder):
    return load_priors(*(folder / f"{name}.safetensors" for name in ("pose", "motion", "start")))


def test_what_is_saved_is_loaded_frozen_and_in_evaluation_mode(folder):
    torch.manual_seed(0)
    saved = PosePrior(64)
    loaded = load_pose_prior(folder / "pose.safetensors")
    for name, tensor in saved.state_dict().items():
        torch.testing.assert_close(loaded.state_dict()[name], tensor, rtol=1e-3, atol=1e-4, msg=name)
    assert not loaded.training
    assert not any(parameter.requires_grad for parameter in loaded.parameters())
    assert load_motion_prior(folder / "motion.safetensors").widths == WIDTHS
    assert load_initial_state(folder / "start.safetensors").means.shape == (3, 138)


def test_weights_are_half_precision_on_disk_and_single_in_memory(folder):
    on_disk = load_file(folder / "motion.safetensors")
    assert {tensor.dtype for tensor in on_disk.values()} == {torch.float16}
    loaded = load_motion_prior(folder / "motion.safetensors")
    assert {tensor.dtype for tensor in loaded.state_dict().values()} == {torch.float32}


def test_the_card_says_what_the_file_is(folder):
    card = read_card(folder / "pose.safetensors")
    assert card["kind"] == "pose-prior"
    assert card["architecture"] == {"width": 64}
    assert card["metrics"] == {"v2v": 0.1}
    assert card["versions"]["torch"]


def test_all_three_load_together_with_a_hash_of_their_content(folder):
    priors = load_all(folder)
    assert isinstance(priors, Priors)
    assert load_all(folder).hash == priors.hash
    save_prior(PosePrior(64), folder / "pose.safetensors", UNTRAINED)
    assert load_all(folder).hash != priors.hash


def test_another_precision_is_a_copy(folder):
    priors = load_all(folder)
    double = priors.to(dtype=torch.float64)
    assert double.motion.encoder.net[0].weight.dtype == torch.float64
    assert double.initial_state.whitening.dtype == torch.float64
    assert priors.motion.encoder.net[0].weight.dtype == torch.float32
    assert not double.pose.training


def rewrite_card(folder, **changes):
    path = folder / "motion.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def break_missing_file(folder):
    (folder / "motion.safetensors").unlink()


def break_missing_card(folder):
    (folder / "motion.json").unlink()


def break_card(folder):
    (folder / "motion.json").write_text("{")


def break_architecture(folder):
    rewrite_card(folder, architecture=None)


def break_widths(folder):
    rewrite_card(folder, architecture={"encoder": [31]})


def break_kind(folder):
    rewrite_card(folder, kind="pose-prior")


def break_file(folder):
    (folder / "motion.safetensors").write_bytes(b"not tensors")


def break_missing_tensor(folder):
    tensors = load_file(folder / "motion.safetensors")
    del tensors["decoder.net.0.bias"]
    save_file(tensors, folder / "motion.safetensors")


def break_shape(folder):
    rewrite_card(folder, architecture={"encoder": [64], "prior": [48, 32], "decoder": [32, 48]})


def break_numbers(folder):
    tensors = load_file(folder / "motion.safetensors")
    tensors["decoder.net.0.bias"][0] = torch.nan
    save_file(tensors, folder / "motion.safetensors")


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (break_missing_file, "There is no checkpoint at"),
        (break_missing_card, "motion.json is missing"),
        (break_card, "not valid JSON"),
        (break_architecture, "names no architecture"),
        (break_widths, "multiple of 16"),
        (break_kind, "of the kind 'pose-prior', and a motion-prior is needed"),
        (break_file, "damaged or is no safetensors file"),
        (break_missing_tensor, "lacks tensors of a motion-prior: decoder.net.0.bias"),
        (break_shape, r"encoder.net.0.weight of the motion-prior has the shape \(32, 678\), not \(64, 678\)"),
        (break_numbers, "decoder.net.0.bias of the motion-prior holds numbers that are not finite"),
    ],
)
def test_what_is_wrong_is_named(folder, damage, sentence):
    damage(folder)
    with pytest.raises(CheckpointError, match=sentence) as caught:
        load_motion_prior(folder / "motion.safetensors")
    assert "motion" in str(caught.value)


def test_only_priors_are_saved(tmp_path):
    with pytest.raises(ValueError, match="Linear is not a prior"):
        save_prior(torch.nn.Linear(2, 2), tmp_path / "x.safetensors", {})
