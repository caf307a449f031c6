"""A run's best prior is released with licence and curves."""

import pytest
import torch

from motionfit.errors import CheckpointError
from motionfit.priors.checkpoints import MOTION_PRIOR, load_motion_prior, read_card, save_prior
from motionfit.priors.motion import MotionPrior, MotionPriorWidths
from motionfit.training.release import main, release


@pytest.fixture
def run(tmp_path):
    torch.manual_seed(0)
    folder = tmp_path / "run"
    prior = MotionPrior(MotionPriorWidths((32,), (32,), (32, 32)))
    save_prior(prior, folder / "best.safetensors", {"data": {}, "metrics": {"score": 0.1}})
    (folder / "metrics.csv").write_text("epoch,score\n0,0.1\n")
    return folder


def test_the_card_gets_licence_and_curves(run, tmp_path):
    place = release(run, tmp_path / "shipped")
    card = read_card(place)
    assert (card["kind"], card["licence"]) == (MOTION_PRIOR, "CC BY-SA 3.0")
    assert (place.parent / card["curves"]).read_text() == "epoch,score\n0,0.1\n"
    assert card["metrics"] == {"score": 0.1}
    assert load_motion_prior(place).widths == MotionPriorWidths((32,), (32,), (32, 32))


def test_a_folder_without_a_prior_is_told(tmp_path, capsys):
    with pytest.raises(CheckpointError, match="no checkpoint"):
        release(tmp_path, tmp_path / "shipped")
    assert main([str(tmp_path), "--folder", str(tmp_path / "shipped")]) == 1
    assert "no checkpoint" in capsys.readouterr().err
