"""What counts as human: priors that keep still, sink, dash or tear bones."""

import pytest
import torch

from motionfit.datasets.clips import labelled_states, read_clips
from motionfit.priors.motion import MotionPrior, MotionPriorWidths
from motionfit.training.sample_plausibility import evaluate_recorded, evaluate_samples

_TRANSLATION, _TAIL = slice(0, 3), 75
"""Where the decoder's raw numbers have the translation, and the first joint."""


@pytest.fixture(scope="module")
def recordings(collection, body):
    return [labelled_states(clip, body) for clip in read_clips(collection / "train", body)[1:]]


def prior_that_adds(places=(), amounts=()):
    prior = MotionPrior(MotionPriorWidths((32,), (32,), (32, 32))).eval()
    last = prior.decoder.net[-1]
    with torch.no_grad():
        last.weight.zero_()
        last.bias.zero_()
        for place, amount in zip(places, amounts, strict=True):
            last.bias[place] = amount
    return prior


def judge(prior, recordings, body):
    return evaluate_samples(prior, recordings, body, seed=0, runs=6, steps=20)


def test_standing_still_is_human_and_not_diverse(recordings, body):
    found = judge(prior_that_adds(), recordings, body)
    for name in ("plausible", "bones_hold", "speeds_hold", "feet_hold", "predicted_plausible"):
        assert found[name] == 1.0
    assert found["diversity_m"] == found["pose_diversity_m"] == 0.0
    assert found["runs"] == 6


def test_sinking_feet_are_found(recordings, body):
    found = judge(prior_that_adds([2], [-0.01]), recordings, body)
    assert found["feet_hold"] == found["plausible"] == found["soles_plausible"] == 0.0
    assert found["speeds_hold"] == found["bones_hold"] == found["predicted_feet_hold"] == 1.0


def test_dashing_is_found(recordings, body):
    assert judge(prior_that_adds([1], [0.38]), recordings, body)["speeds_hold"] == 1.0
    assert judge(prior_that_adds([1], [0.42]), recordings, body)["speeds_hold"] == 0.0


def test_a_torn_bone_is_found_where_it_is_predicted(recordings, body):
    found = judge(prior_that_adds([_TAIL + 15 * 3 + 2], [0.002]), recordings, body)
    assert found["bones_hold"] == found["plausible"] == 1.0
    assert found["predicted_bones_hold"] == found["predicted_plausible"] == 0.0


def test_a_roll_out_that_explodes_is_not_human(recordings, body):
    prior = prior_that_adds([0], [1e38])
    found = judge(prior, recordings, body)
    assert found["plausible"] == 0.0
    assert all(value == value for value in found.values())


def test_recorded_motion_is_human(recordings, body):
    found = evaluate_recorded(recordings, body, steps=15)
    assert found["plausible"] == 1.0
    assert found["runs"] == 6


def test_the_seed_decides(recordings, body):
    torch.manual_seed(0)
    prior = MotionPrior(MotionPriorWidths((32,), (32,), (32, 32))).eval()
    assert judge(prior, recordings, body) == judge(prior, recordings, body)
