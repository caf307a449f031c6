"""The fitted mixture: it knows what it was fitted on better than a plain normal distribution would."""

import pytest
import torch

from motionfit.datasets.prepared import open_dataset
from motionfit.training.data import training_data
from motionfit.training.initial_state import InitialStateSettings, fit_initial_state, local_states, mean_log_likelihood

SETTINGS = InitialStateSettings(components=2, states=300, iterations=5)


@pytest.fixture(scope="module")
def data(dataset, body):
    return training_data(open_dataset(dataset), body, only_flat=True)


def test_more_components_fit_better_and_the_seed_decides(data, body):
    mixture, measured = fit_initial_state(data, body, SETTINGS, seed=1)
    again, _ = fit_initial_state(data, body, SETTINGS, seed=1)
    assert torch.equal(mixture.means, again.means)
    assert measured.keys() == {"train", "validation", "test"}
    single, single_measured = fit_initial_state(data, body, InitialStateSettings(components=1, states=300), seed=1)
    assert measured["train"] > single_measured["train"]
    assert single.means.shape == (1, 138)


def test_a_mixture_that_has_not_settled_is_told(data, body, caplog):
    fit_initial_state(data, body, InitialStateSettings(components=2, states=300, iterations=1), seed=1)
    assert "not settled after 1 iterations" in caplog.text


def test_states_are_drawn_in_their_local_frames(data, body):
    states = local_states(data.train, body, SETTINGS, torch.Generator().manual_seed(0))
    assert states.translation[:, :2].abs().max() < 1e-5
    assert states.joints.shape == (300, 22, 3)


def test_turned_upside_down_is_less_likely(data, body):
    mixture, _ = fit_initial_state(data, body, SETTINGS, seed=1)
    states = local_states(data.train, body, SETTINGS, torch.Generator().manual_seed(3))
    flip = torch.tensor([1.0, 1.0, -1.0])
    fallen = states.map(lambda tensor: tensor * flip if tensor is states.joints else tensor)
    assert mean_log_likelihood(mixture, fallen) < mean_log_likelihood(mixture, states) - 100
