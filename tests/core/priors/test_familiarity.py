"""Unusual motion gets a high score, real motion one about zero."""

import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from motionfit.errors import CheckpointError
from motionfit.geometry.rotations import rotation_from_axis_angle
from motionfit.priors.checkpoints import (
    INITIAL_STATE,
    load_initial_state,
    load_motion_prior,
    load_priors,
    save_prior,
    shipped_path,
)
from motionfit.priors.familiarity import CARD_KEY, calibrate, familiarity_of_card, smoothed, surprise
from motionfit.priors.familiarity_card import load_familiarity, store_familiarity
from motionfit.priors.recorded_states import states_of_motion


@pytest.fixture(scope="module")
def surprise_of(open_body):
    prior, mixture = load_motion_prior(), load_initial_state()

    def call(motion):
        states = states_of_motion(motion, open_body)
        return surprise(prior, mixture, states.map(lambda tensor: tensor.unsqueeze(0)))[0]

    return call


def turned(motion, open_body, *axis_angle):
    """Turned about the root joint of the first frame, then lifted so that no joint is below the floor."""
    turn = rotation_from_axis_angle(torch.tensor(axis_angle))
    origin = motion.translation[:1]
    place = (motion.translation - origin) @ turn.T + origin
    moved = replace(motion, translation=place, root_orientation=turn @ motion.root_orientation)
    lowest = states_of_motion(moved, open_body).joints[..., 2].amin()
    return replace(moved, translation=place - torch.stack([torch.zeros(()), torch.zeros(()), lowest]))


def test_the_score_of_real_motion_has_mean_zero_and_deviation_one():
    generator = torch.Generator().manual_seed(0)
    recordings = [50.0 + 20.0 * torch.randn(400, generator=generator).repeat_interleave(20) for _ in range(3)]
    recordings[0][100] = 1e9
    found = calibrate(recordings, "data", "mixture")
    scores = torch.cat([found.score(values) for values in recordings[1:]])
    assert abs(float(scores.mean())) < 0.1
    assert float(scores.std()) == pytest.approx(1.0, abs=0.1)
    assert found.quantiles["0.5"] == pytest.approx(0.0, abs=0.15)
    assert found.frames == 3 * 8000


def test_one_broken_frame_does_not_drown_its_neighbours():
    found = calibrate([torch.randn(1000, generator=torch.Generator().manual_seed(0))], "", "")
    values = torch.zeros(40)
    values[20] = torch.inf
    score = found.score(values)
    assert torch.isfinite(score).all()
    assert float(score.max()) < 20.0 / 11 + 1.0
    assert torch.equal(score[:14], found.score(torch.zeros(40))[:14])


def test_smoothing_is_the_mean_of_the_frames_there_are():
    values = torch.arange(30.0) ** 2
    expected = [values[max(0, place - 5) : place + 6].mean() for place in range(30)]
    torch.testing.assert_close(smoothed(values), torch.stack(expected))
    torch.testing.assert_close(smoothed(torch.tensor([1.0, 3.0])), torch.tensor([2.0, 2.0]))


def test_heading_and_place_do_not_count(surprise_of, walking, open_body):
    about = turned(walking, open_body, 0.0, 0.0, 2.0)
    height = walking.translation[:, 2]
    about.translation[:, 2] = height
    moved = replace(about, translation=about.translation + torch.tensor([3.0, -2.0, 0.0]))
    torch.testing.assert_close(surprise_of(moved), surprise_of(walking), rtol=1e-3, atol=0.1)


@pytest.mark.parametrize(
    ("change", "least"),
    [
        pytest.param(lambda motion, body: turned(motion, body, np.pi, 0.0, 0.0), 100.0, id="upside down"),
        pytest.param(lambda motion, body: turned(motion, body, np.pi / 2, 0.0, 0.0), 100.0, id="lying on the belly"),
        pytest.param(
            lambda motion, _body: replace(
                motion,
                translation=motion.translation
                + 0.03 * torch.randn(motion.frames, 3, generator=torch.Generator().manual_seed(0)),
            ),
            60.0,  # the deviation of held-back motion: this prior was trained to find back from such states
            id="jitter",
        ),
        pytest.param(lambda motion, body: turned(motion, body, 0.0, np.pi / 2, 0.0), 100.0, id="on the side"),
    ],
)
def test_a_walk_that_cannot_be_is_unfamiliar(change, least, surprise_of, walking, open_body):
    usual, unusual = surprise_of(walking), surprise_of(change(walking, open_body))
    assert float(unusual.median() - usual.median()) > least


@pytest.fixture
def prior_file(tmp_path):
    path = tmp_path / "motion.safetensors"
    save_prior(load_motion_prior(), path, {"seed": 3})
    return path


@pytest.fixture
def calibrated():
    return calibrate([torch.randn(100, generator=torch.Generator().manual_seed(0))], "data", "mixture")


def test_a_calibration_is_read_back_from_the_card(prior_file, calibrated):
    assert load_familiarity(prior_file) is None
    assert load_priors(motion=prior_file).familiarity is None
    own = replace(calibrated, initial_state=_shipped_mixture())
    store_familiarity(prior_file, own)
    assert load_familiarity(prior_file) == own
    assert load_priors(motion=prior_file).to("cpu").familiarity == own
    assert json.loads(prior_file.with_suffix(".json").read_text())["seed"] == 3
    assert not [path for path in prior_file.parent.iterdir() if path.name.startswith(".")]


def _shipped_mixture():
    return hashlib.sha256(shipped_path(INITIAL_STATE).read_bytes()).hexdigest()


def test_a_calibration_with_another_mixture_or_formula_does_not_count(calibrated):
    card = {CARD_KEY: calibrated.to_json()}
    assert familiarity_of_card(card, "mixture") == calibrated
    assert familiarity_of_card(card, "another mixture") is None
    assert familiarity_of_card({CARD_KEY: {**calibrated.to_json(), "formula": "older"}}, "mixture") is None


@pytest.mark.parametrize("change", [{"scale": 0.0}, {"scale": "much"}, {"location": None}, {"more": 1}])
def test_a_damaged_calibration_is_named(calibrated, change):
    with pytest.raises(CheckpointError, match="damaged") as caught:
        familiarity_of_card({CARD_KEY: {**calibrated.to_json(), **change}}, "mixture")
    assert "--calibrate" in caught.value.hint


def test_a_missing_prior_is_not_calibrated(tmp_path, calibrated):
    with pytest.raises(CheckpointError, match="no checkpoint"):
        store_familiarity(tmp_path / "no.safetensors", calibrated)


def test_the_shipped_motion_prior_is_calibrated_with_the_shipped_mixture():
    found = load_familiarity()
    assert found is not None
    assert found.frames > 10_000
    assert found.scale > 10.0
