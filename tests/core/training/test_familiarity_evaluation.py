"""Unfamiliar motion is told from walking."""

import pytest
import torch
from sklearn.metrics import roc_auc_score

from motionfit.datasets.clips import FLAT
from motionfit.priors.checkpoints import INITIAL_STATE, load_initial_state, load_motion_prior, shipped_path
from motionfit.priors.familiarity import calibrate
from motionfit.training.evaluation_data import read_evaluation_data
from motionfit.training.familiarity_evaluation import Surprised, area_under_curve, separation
from motionfit.training.prior_evaluation import Partner, evaluate_familiarity


def test_the_area_is_that_of_a_reference_with_ties():
    generator = torch.Generator().manual_seed(0)
    high = torch.randint(2, 9, (40,), generator=generator).float()
    low = torch.randint(0, 7, (60,), generator=generator).float()
    truth = [1] * 40 + [0] * 60
    assert area_under_curve(high, low) == pytest.approx(roc_auc_score(truth, torch.cat([high, low]).numpy()))
    assert area_under_curve(high + 10, low) == 1.0


def clip(split, kind, level, floor=FLAT, frames=60):
    noise = torch.randn(frames, generator=torch.Generator().manual_seed(int(level * 7) % 97))
    return Surprised(split, kind, floor, level + noise)


def test_kinds_that_are_absent_are_not_reported():
    clips = [clip("val", "walk", 0.0), clip("val", "dance", 3.0), clip("test", "walk", 1.0)]
    known = calibrate([each.values for each in clips[:2]], "", "")
    found = separation(clips, known)
    assert found["validation_mean"] == pytest.approx(0.0, abs=0.1)
    assert found["validation_deviation"] == pytest.approx(1.0, abs=0.15)
    assert not [name for name in found if name.startswith(("auc", "climb", "floor"))]


def test_unusual_clips_stand_out():
    clips = [clip("val", "walk", 0.0), clip("val", "dance", 3.0), clip("train", "climb", 9.0, "equipment")]
    found = separation(clips, calibrate([each.values for each in clips[:2]], "", ""))
    assert found["auc_climb_frames"] == found["auc_climb_clips"] == 1.0
    assert found["climb_mean"] > 2.0


def test_climbing_and_the_floor_are_told_from_walking_by_the_shipped_priors(shared_mocap, open_body):
    """Measured: frames 0.91 and 0.94, clips 0.98 and 0.99; |score| of walking test frames 0.99."""
    data = read_evaluation_data(shared_mocap, open_body)
    partner = Partner(load_initial_state(), shipped_path(INITIAL_STATE))
    known, found = evaluate_familiarity(load_motion_prior(), partner, data, open_body, None)
    assert known.frames > 10_000
    assert abs(found["validation_mean"]) < 0.1
    assert 0.9 < found["validation_deviation"] < 1.15
    assert found["test_walk_mean_size"] < 1.2
    for kind in ("climb", "floor"):
        assert found[f"auc_{kind}_frames"] > 0.8
        assert found[f"auc_{kind}_clips"] > 0.9
