"""Schedules against torch's own."""

import pytest
import torch

from motionfit.training.learning_rate import learning_rate
from motionfit.training.settings import LoopSettings


def adam(rate):
    return torch.optim.Adam([torch.nn.Parameter(torch.zeros(1))], rate)


def test_a_plateau_is_that_of_torch():
    scores = [1.0, 0.9, 0.9, 0.95, 0.89999, 0.9, 0.5, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6]
    settings = LoopSettings(schedule="plateau", plateau_epochs=2, learning_rate=0.1)
    optimizer = adam(0.1)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=2)
    for epoch, score in enumerate(scores):
        expected = optimizer.param_groups[0]["lr"]
        assert learning_rate(settings, epoch, scores[:epoch]) == pytest.approx(expected, rel=1e-9)
        scheduler.step(score)
    assert optimizer.param_groups[0]["lr"] < 0.002


def test_steps_are_those_of_humor():
    settings = LoopSettings(
        epochs=200, learning_rate=1e-4, schedule="steps", step_epochs=(50, 80, 140), step_factors=(0.5, 0.2, 0.4)
    )
    found = [learning_rate(settings, epoch, []) for epoch in (0, 49, 50, 79, 80, 139, 140, 199)]
    assert found == pytest.approx([1e-4, 1e-4, 5e-5, 5e-5, 1e-5, 1e-5, 4e-6, 4e-6])


def test_a_cosine_falls_from_the_first_to_the_last_rate():
    settings = LoopSettings(epochs=11, learning_rate=1.0, final_learning_rate=0.1)
    rates = [learning_rate(settings, epoch, []) for epoch in range(11)]
    assert rates[0] == pytest.approx(1.0)
    assert rates[5] == pytest.approx(0.55)
    assert rates[10] == pytest.approx(0.1)
    assert rates == sorted(rates, reverse=True)
    assert learning_rate(LoopSettings(epochs=1), 0, []) == 1e-3
