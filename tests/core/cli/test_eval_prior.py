"""`motionfit eval-prior`: every term, for every split, and a reason where there is nothing to tell."""

import json
import shutil
from dataclasses import replace

import pytest
import torch

from motionfit.files.amass import write_amass
from motionfit.priors.checkpoints import (
    INITIAL_STATE,
    MOTION_PRIOR,
    POSE_PRIOR,
    load_priors,
    save_prior,
    shipped_path,
)
from motionfit.priors.familiarity_card import load_familiarity
from motionfit.priors.motion import MotionPrior, MotionPriorWidths

QUICK = ("--threads", "1")


@pytest.fixture(scope="module")
def recordings(walking, tmp_path_factory):
    """Folders train, val and test in AMASS layout."""
    folder = tmp_path_factory.mktemp("recordings")
    for split, turned in (("train", 0.0), ("val", 0.3), ("test", 0.6)):
        write_amass(
            folder / split / f"{split}.npz", replace(walking, betas=torch.zeros(16).index_fill(0, _FIRST, turned))
        )
    return folder


_FIRST = torch.tensor([0])


@pytest.fixture
def motion_prior(tmp_path):
    """A copy of the shipped motion prior, with a card of its own and not calibrated."""
    source = shipped_path(MOTION_PRIOR)
    path = tmp_path / "motion.safetensors"
    shutil.copy(source, path)
    card = json.loads(source.with_suffix(".json").read_text())
    card.pop("familiarity", None)
    path.with_suffix(".json").write_text(json.dumps(card))
    return path


def test_every_split_has_every_term(run_json, recordings, tmp_path):
    paths = (shipped_path(POSE_PRIOR), shipped_path(INITIAL_STATE))
    code, report, _ = run_json("eval-prior", *paths, "--data", recordings, "-o", tmp_path / "r.json", *QUICK)
    assert code == 0
    assert report == json.loads((tmp_path / "r.json").read_text())
    assert report["data"]["clips"] == {"train": 1, "val": 1, "test": 1}
    poses, states = report["priors"]
    assert [poses["kind"], states["kind"]] == [POSE_PRIOR, INITIAL_STATE]
    for terms in poses["splits"].values():
        assert set(terms) == {"poses", "v2v", "v2v_points", "joints", "geodesic", "kl", "val_loss"}
    assert all("log_likelihood" in terms for terms in states["splits"].values())
    assert poses["self_check"]["passed"]
    assert poses["warnings"] == []


def test_the_table_names_terms_and_splits(run, recordings):
    code, out, _ = run("eval-prior", shipped_path(POSE_PRIOR), "--data", recordings, *QUICK)
    assert code == 0
    for word in ("pose-prior pose_prior.safetensors", "v2v", "geodesic", "train", "val", "test"):
        assert word in out


def test_calibrating_writes_the_card_that_fits_read(run_json, recordings, motion_prior):
    code, report, _ = run_json("eval-prior", motion_prior, "--data", recordings, "--calibrate", *QUICK)
    assert code == 0
    (entry,) = report["priors"]
    assert entry["warnings"] == []
    assert entry["familiarity"].pop("on_card") is True
    assert load_familiarity(motion_prior).to_json() == entry["familiarity"]
    assert load_priors(motion=motion_prior).familiarity.data == report["data"]["sha256"]
    assert entry["separation"]["validation_mean"] == pytest.approx(0.0, abs=0.3)
    terms = entry["splits"]["val"]
    assert terms["closed_joints"] < 0.1
    assert {"translation", "body_points", "contacts_accuracy", "open_drift", "nll"} < set(terms)
    assert entry["samples"]["runs"] == 200
    assert entry["recorded"]["bones_hold"] == 1.0


def test_an_untrained_prior_is_marked_and_not_calibrated(run, run_json, recordings, tmp_path):
    torch.manual_seed(0)
    path = tmp_path / "fresh.safetensors"
    save_prior(MotionPrior(MotionPriorWidths((32,), (32,), (32, 32))), path, {})
    code, report, _ = run_json("eval-prior", path, "--data", recordings, *QUICK)
    assert code == 0
    (entry,) = report["priors"]
    assert not entry["self_check"]["passed"]
    assert "behaves like an untrained model" in entry["warnings"][0]
    assert "familiarity" not in entry
    code, out, _ = run("eval-prior", path, "--data", recordings, *QUICK)
    assert code == 0
    assert "fresh.safetensors — UNTRAINED" in out
    code, report, _ = run_json("eval-prior", path, "--data", recordings, "--calibrate", *QUICK)
    assert code == 1
    assert "not calibrated" in report["error"]["message"]
    assert load_familiarity(path) is None


def test_what_cannot_be_judged_is_said(run_json, recordings, walking, tmp_path):
    pose = shipped_path(POSE_PRIOR)
    write_amass(tmp_path / "short" / "val" / "a.npz", walking.slice(0, 3))
    shutil.copytree(recordings / "train", tmp_path / "only" / "train")
    (tmp_path / "only" / "val").mkdir()
    (tmp_path / "other.safetensors").write_bytes(b"")
    (tmp_path / "other.json").write_text('{"kind": "detector", "architecture": {}}')
    cases = [
        ((pose, "--data", tmp_path / "none"), "none"),
        ((pose, "--data", tmp_path / "short"), "no validation clip of 4 frames"),
        ((pose, "--data", tmp_path / "only"), "no motion (*.npz) below"),
        ((pose, "--data", recordings, "--calibrate"), "--calibrate needs a motion prior"),
        ((tmp_path / "no.safetensors", "--data", recordings), "no checkpoint"),
        ((tmp_path / "other.safetensors", "--data", recordings), "'detector'"),
    ]
    for words, message in cases:
        code, report, err = run_json("eval-prior", *words, *QUICK)
        assert code == 1
        assert message in report["error"]["message"]
        assert report["error"]["hint"]
        assert message in err
