"""`motionfit train` from dataset to checkpoint, as it is typed; and how it is stopped."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from importlib import util

import pytest
import torch
from safetensors.torch import load_file

from motionfit.cli import main
from motionfit.priors.checkpoints import load_initial_state, load_motion_prior, load_pose_prior, read_card
from motionfit.training.resume_state import read_resume_state

POSE = ("--set", "prior.poses_per_epoch=64", "--set", "prior.batch=32", "--set", "loop.sample_epochs=0")
MOTION = (
    "--hidden", "64", "--set", "prior.window=6", "--set", "prior.batch=4", "--set", "prior.windows_per_epoch=8",
    "--set", "loop.sample_epochs=0",
)  # fmt: skip
MIXTURE = ("--set", "prior.components=2", "--set", "prior.states=200", "--set", "prior.iterations=5")


@pytest.fixture
def train(run_json, dataset, body_file, tmp_path):
    """Run a training into tmp_path/run; gives exit code, report and stderr."""

    def call(kind, *words, data=dataset, out=tmp_path / "run"):
        common = ("--data", data, "-o", out, "--body", body_file, "--threads", "1", "--device", "cpu")
        return run_json("train", kind, *common, *words)

    return call


def rows(folder):
    with (folder / "metrics.csv").open() as stream:
        return [
            {name: float(value) for name, value in row.items() if name != "seconds"} for row in csv.DictReader(stream)
        ]


def test_a_pose_prior(train, tmp_path, dataset):
    code, report, err = train("pose-prior", "--epochs", "2", *POSE)
    assert code == 0
    assert report["epochs"] == 2
    assert err.count("epoch ") == 2
    assert "2 of 2: loss" in err
    assert "Lightning" not in err
    assert load_pose_prior(tmp_path / "run" / "best.safetensors").width == 512
    card = read_card(tmp_path / "run" / "best.safetensors")
    manifest = json.loads((dataset / "manifest.json").read_text())
    assert card["data"]["sha256"] == manifest["hash"]
    assert card["data"]["train"]["clips"] == 3
    assert "mocap.cs.cmu.edu" in card["acknowledgements"]["CMU"]
    assert report["metrics"]["score"] == card["metrics"]["score"]
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert (record["kind"], record["dataset"]) == ("pose-prior", manifest["hash"])


def test_a_motion_prior_and_its_settings_again(train, tmp_path):
    code, _, _ = train("motion-prior", "--config", "following", "--epochs", "1", *MOTION)
    assert code == 0
    assert load_motion_prior(tmp_path / "run" / "best.safetensors").widths.decoder == (64, 64, 32)
    card = read_card(tmp_path / "run" / "best.safetensors")
    assert card["training"]["prior"]["weights"]["positions"] == 10.0
    settings = tmp_path / "run" / "settings.toml"
    assert train("motion-prior", "--config", settings, out=tmp_path / "again")[0] == 0
    first, second = (load_file(tmp_path / name / "last.safetensors") for name in ("run", "again"))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_a_mixture(train, tmp_path):
    code, report, _ = train("initial-state", *MIXTURE)
    assert code == 0
    assert set(report["metrics"]) == {"train", "validation", "test"}
    assert load_initial_state(tmp_path / "run" / "best.safetensors").means.shape == (2, 138)
    assert list(rows(tmp_path / "run")[0]) == ["train", "validation", "test"]


def test_two_and_two_epochs_are_four(train, tmp_path):
    steps = ("--set", "loop.schedule=steps", "--set", "loop.step_epochs=[1,3]", "--set", "loop.step_factors=[0.5,0.5]")
    assert train("motion-prior", "--epochs", "4", *steps, *MOTION, out=tmp_path / "once")[0] == 0
    assert train("motion-prior", "--epochs", "2", *steps, *MOTION)[0] == 0
    code, report, _ = train("motion-prior", "--epochs", "4", *steps, *MOTION, "--resume")
    assert (code, report["epochs"]) == (0, 4)
    once, twice = (load_file(tmp_path / name / "resume.safetensors") for name in ("once", "run"))
    assert once.keys() == twice.keys()
    assert all(torch.equal(once[name], twice[name]) for name in once)
    assert rows(tmp_path / "run") == rows(tmp_path / "once")


def test_a_run_is_not_overwritten_and_not_mixed_with_another(train, tmp_path, write_dataset):
    assert train("pose-prior", "--epochs", "1", *POSE)[0] == 0
    before = (tmp_path / "run" / "resume.safetensors").read_bytes()
    code, report, _ = train("pose-prior", "--epochs", "1", *POSE)
    assert code == 1
    assert "a run in" in report["error"]["message"]
    assert "--resume" in report["error"]["hint"]
    other = write_dataset(tmp_path / "other", {"train": [(20, 3, "flat")], "val": [(20, 4, "flat")]})
    code, report, _ = train(
        "pose-prior", "--epochs", "2", *POSE, "--set", "prior.kl_weight=0.1", "--seed", "3", "--resume", data=other
    )
    assert (code, report["error"]["kind"]) == (1, "settings")
    for changed in ("loop.epochs was 1 and is 2", "prior.kl_weight was 0.005 and is 0.1", "seed was 0", "dataset was"):
        assert changed in report["error"]["message"]
    assert "body was" not in report["error"]["message"]
    assert (tmp_path / "run" / "resume.safetensors").read_bytes() == before


def test_another_number_of_threads_is_told(train):
    steps = ("--set", "loop.schedule=steps", "--set", "loop.step_epochs=[1]", "--set", "loop.step_factors=[0.5]")
    assert train("pose-prior", "--epochs", "1", *POSE, *steps)[0] == 0
    code, _, err = train("pose-prior", "--epochs", "2", *POSE, *steps, "--resume", "--threads", "2")
    assert code == 0
    assert "threads was 1 and is 2" in err


def test_nothing_to_resume_is_said(train):
    code, report, _ = train("pose-prior", "--resume")
    assert (code, report["error"]["kind"]) == (1, "checkpoint")
    assert "no run to resume" in report["error"]["message"]


@pytest.mark.parametrize(
    ("kind", "splits", "message"),
    [
        ("pose-prior", {"train": [(20, 0, "flat")]}, "no clips in its val split"),
        ("motion-prior", {"train": [(20, 0, "objects")], "val": [(20, 1, "flat")]}, "on a flat floor in its train"),
        ("motion-prior", {"train": [(1, 0, "flat")], "val": [(20, 1, "flat")]}, "longest of 1 has 1"),
        ("motion-prior", {"train": [(20, 0, "flat")], "val": [(1, 1, "flat")]}, "No clip of the val split has 4"),
        ("initial-state", {"train": [(1, 0, "flat")], "val": [(20, 1, "flat")]}, "No clip of the train split has 3"),
    ],
)
def test_too_little_data_is_said(train, write_dataset, tmp_path, kind, splits, message):
    code, report, _ = train(kind, data=write_dataset(tmp_path / "small", splits))
    assert (code, report["error"]["kind"]) == (1, "input")
    assert message in report["error"]["message"]
    assert not (tmp_path / "run").exists()


def test_data_of_another_kind_are_refused(train, write_dataset, tmp_path):
    splits = {"train": [(20, 0, "flat")], "val": [(20, 1, "flat")]}
    code, report, _ = train("pose-prior", data=write_dataset(tmp_path / "other", splits, layout=99))
    assert (code, report["error"]["kind"]) == (1, "input")
    assert "layout 99" in report["error"]["message"]
    code, report, _ = train("pose-prior", data=write_dataset(tmp_path / "fast", splits, fps=60.0))
    assert "60 frames per second" in report["error"]["message"]
    code, report, _ = train("pose-prior", data=tmp_path / "nothing")
    assert (code, report["error"]["kind"]) == (1, "input")


@pytest.mark.parametrize("words", [("--epochs", "-1"), ("--set", "prior.batch=0"), ("--set", "prior.batsh=3")])
def test_impossible_settings_are_refused(train, words, tmp_path):
    code, report, _ = train("pose-prior", *words)
    assert (code, report["error"]["kind"]) == (1, "settings")
    assert not (tmp_path / "run").exists()


def test_what_is_not_installed_is_said(train, monkeypatch):
    found = util.find_spec
    monkeypatch.setattr(
        "motionfit.training.packages.find_spec", lambda name: None if name == "lightning" else found(name)
    )
    code, report, _ = train("pose-prior")
    assert code == 1
    assert "pip install 'motionfit[train]'" in report["error"]["hint"]


def test_lightning_is_loaded_for_training_only():
    code = "import sys, motionfit.cli; motionfit.cli.main(['doctor', '--json']); sys.exit('lightning' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, stdout=subprocess.DEVNULL).returncode == 0


LONGER = ("--set", "prior.poses_per_epoch=2000", *POSE[2:], "--epochs", "4")


@pytest.fixture(scope="module")
def in_one_go(dataset, body_file, tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole") / "run"
    place = ("--data", dataset, "-o", folder, "--body", body_file, "--threads", "1", "--device", "cpu", "--quiet")
    assert main([str(word) for word in ("train", "pose-prior", *place, *LONGER)]) == 0
    return folder


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_run_that_is_stopped_goes_on_to_the_same_numbers(number, train, in_one_go, dataset, body_file, tmp_path):
    place = ("--data", dataset, "-o", tmp_path / "run", "--body", body_file, "--threads", "1", "--device", "cpu")
    command = [str(word) for word in (sys.executable, "-m", "motionfit", "train", "pose-prior", *place, *LONGER)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
    for line in process.stderr:
        if line.startswith("epoch 2 of 4"):
            break
    time.sleep(0.1)
    process.send_signal(number)
    begun = time.monotonic()
    _, err = process.communicate(timeout=60)
    assert time.monotonic() - begun < 20
    assert 2 <= len(read_resume_state(tmp_path / "run" / "resume.safetensors").history) < 4
    if number == signal.SIGKILL:
        assert process.returncode == -signal.SIGKILL
    else:
        assert process.returncode == 130
        assert "--resume" in err
        assert "Traceback" not in err
    load_pose_prior(tmp_path / "run" / "last.safetensors")
    assert train("pose-prior", *LONGER, "--resume")[0] == 0
    stopped, once = (load_file(folder / "resume.safetensors") for folder in (tmp_path / "run", in_one_go))
    assert all(torch.equal(stopped[name], once[name]) for name in once)
    assert rows(tmp_path / "run") == rows(in_one_go)
