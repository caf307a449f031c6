"""`python -m motionfit.training` from data to checkpoint."""

import numpy as np
import pytest

from motionfit.priors.checkpoints import load_motion_prior, load_pose_prior, read_card
from motionfit.training.__main__ import main


@pytest.fixture(scope="module")
def body_file(tmp_path_factory):
    import formulas

    path = tmp_path_factory.mktemp("body") / "body.npz"
    np.savez(path, **formulas.make_body())
    return path


def run(kind, collection, body_file, out, *more):
    return main([kind, "--data", str(collection), "--body", str(body_file), "--out", str(out), *more])


def test_a_motion_prior_from_the_command_line(collection, body_file, tmp_path):
    small = ("--epochs", "1", "--hidden", "64", "--windows-per-epoch", "8", "--batch", "4", "--weights", "following")
    assert run("motion-prior", collection, body_file, tmp_path, *small) == 0
    assert load_motion_prior(tmp_path / "best.safetensors").widths.decoder == (64, 64, 32)
    card = read_card(tmp_path / "best.safetensors")
    assert card["data"]["train"]["clips"] == 2
    assert card["licence"] == "CC BY-SA 3.0"
    assert card["training"]["weights"]["positions"] == 10.0
    assert len(card["body"]["sha256"]) == 64
    assert run("motion-prior", collection, body_file, tmp_path, *small[2:], "--epochs", "2", "--resume") == 0
    assert read_card(tmp_path / "last.safetensors")["epochs"] == 2


def test_a_pose_prior_from_the_command_line(collection, body_file, tmp_path):
    assert run("pose-prior", collection, body_file, tmp_path, "--epochs", "1", "--poses-per-epoch", "64") == 0
    assert load_pose_prior(tmp_path / "best.safetensors").width == 512


def test_what_is_wrong_with_the_data_is_said(body_file, tmp_path, caplog):
    assert run("pose-prior", tmp_path, body_file, tmp_path / "out") == 2
    assert "There is no motion" in caplog.text
