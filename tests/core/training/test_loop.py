"""The training loop: lower losses, the same numbers after resuming, the files of a run."""

import csv
from dataclasses import replace

import pytest
import torch

from motionfit.datasets.clips import read_clips
from motionfit.errors import CheckpointError, FitError
from motionfit.priors.checkpoints import load_motion_prior, load_pose_prior, read_card
from motionfit.priors.motion import MotionPriorWidths
from motionfit.training.loop import LoopSettings, take_step, train
from motionfit.training.motion_loss import FOLLOWING_WEIGHTS
from motionfit.training.motion_prior import MotionPriorSettings, MotionPriorTask
from motionfit.training.pose_prior import PosePriorSettings, PosePriorTask

MOTION = MotionPriorSettings(
    widths=MotionPriorWidths((32,), (32,), (32, 32)),
    window=6,
    batch=8,
    windows_per_epoch=24,
    teacher_epochs=1,
    scheduled_epochs=2,
    kl_ramp_epochs=2,
    reshape_epochs=2,
)


@pytest.fixture(scope="module")
def recordings(collection, body):
    return read_clips(collection / "train", body)[1:], read_clips(collection / "val", body)


@pytest.fixture
def motion_task(recordings, body):
    def build(settings=MOTION):
        torch.manual_seed(1)
        return MotionPriorTask(*recordings, body, settings, seed=1)

    return build


@pytest.fixture
def pose_task(recordings, body):
    def build():
        torch.manual_seed(1)
        return PosePriorTask(*recordings, body, PosePriorSettings(batch=32, poses_per_epoch=96))

    return build


def rows(folder):
    with (folder / "metrics.csv").open() as stream:
        return [
            {name: float(value) for name, value in row.items() if name != "seconds"} for row in csv.DictReader(stream)
        ]


@pytest.mark.parametrize("kind", ["motion_task", "pose_task"])
def test_two_and_two_epochs_are_four(kind, request, tmp_path):
    build = request.getfixturevalue(kind)
    four = LoopSettings(epochs=4, learning_rate=1e-3, final_learning_rate=1e-3, seed=7)
    two = LoopSettings(epochs=2, learning_rate=1e-3, final_learning_rate=1e-3, seed=7)
    at_once, in_two = build(), build()
    train(at_once, four, tmp_path / "once", {})
    train(in_two, two, tmp_path / "twice", {})
    resumed = build()
    train(resumed, four, tmp_path / "twice", {}, resume=True)
    for name, tensor in at_once.module.state_dict().items():
        assert torch.equal(resumed.module.state_dict()[name], tensor), name
    assert rows(tmp_path / "twice") == rows(tmp_path / "once")


def test_the_motion_prior_learns_and_its_run_can_be_loaded(motion_task, tmp_path):
    task = motion_task(replace(MOTION, teacher_epochs=99, weights=FOLLOWING_WEIGHTS))
    best = train(task, LoopSettings(epochs=8, learning_rate=3e-3, seed=2), tmp_path, {"data": "generated"})
    history = rows(tmp_path)
    assert history[-1]["loss"] < 0.7 * history[0]["loss"]
    assert load_motion_prior(tmp_path / "best.safetensors").widths == MOTION.widths
    card = read_card(tmp_path / "last.safetensors")
    assert card["data"] == "generated"
    assert card["epochs"] == 8
    assert best["score"] == pytest.approx(min(row["score"] for row in history), rel=1e-4)


def test_the_pose_prior_learns_and_its_run_can_be_loaded(pose_task, tmp_path):
    train(pose_task(), LoopSettings(epochs=8, learning_rate=2e-3, seed=2), tmp_path, {})
    history = rows(tmp_path)
    assert history[-1]["loss"] < 0.8 * history[0]["loss"]
    assert load_pose_prior(tmp_path / "best.safetensors").width == 512


def test_resuming_nothing_is_an_error(pose_task, tmp_path):
    with pytest.raises(CheckpointError, match="no run to resume"):
        train(pose_task(), LoopSettings(epochs=1), tmp_path, {}, resume=True)


def test_a_loss_that_is_not_finite_is_an_error():
    module = torch.nn.Linear(1, 1)
    optimizer = torch.optim.Adam(module.parameters())
    with pytest.raises(FitError, match="no longer finite"):
        take_step(optimizer, module, module.weight.sum() * torch.inf)
