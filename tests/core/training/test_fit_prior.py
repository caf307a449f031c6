"""Training with Lightning: lower losses, the same numbers after resuming, what is written, and how it ends."""

import csv
import errno
import json
import shutil
from dataclasses import replace

import pytest
import torch

from motionfit.datasets.prepared import open_dataset
from motionfit.errors import CheckpointError, FitError, OutputError, SettingsError
from motionfit.priors.checkpoints import load_motion_prior, load_pose_prior, read_card
from motionfit.priors.motion import MotionPriorWidths
from motionfit.training.data import training_data
from motionfit.training.fit_prior import fit_prior
from motionfit.training.motion_loss import FOLLOWING_WEIGHTS
from motionfit.training.motion_prior import MotionPriorSettings, MotionPriorTask
from motionfit.training.pose_prior import PosePriorSettings, PosePriorTask
from motionfit.training.resume_state import read_resume_state
from motionfit.training.run_folder import RunFolder
from motionfit.training.settings import LoopSettings

MOTION = MotionPriorSettings(
    widths=MotionPriorWidths((32,), (32,), (32, 32)),
    window=6,
    batch=8,
    windows_per_epoch=20,
    teacher_epochs=1,
    scheduled_epochs=2,
    kl_ramp_epochs=2,
    reshape_epochs=2,
)
POSE = PosePriorSettings(batch=32, poses_per_epoch=97, start_epochs=2)
STEPS = LoopSettings(epochs=4, schedule="steps", step_epochs=(1, 3), step_factors=(0.5, 0.5), sample_epochs=0)


@pytest.fixture
def make_task(dataset, body):
    def make(kind, settings=None, device="cpu", body=body):
        data = training_data(open_dataset(dataset), body, only_flat=True)
        torch.manual_seed(1)
        if kind == "motion":
            return MotionPriorTask(data.train, data.validation, body, settings or MOTION, 1, device)
        return PosePriorTask(data.train, data.validation, body, settings or POSE, device)

    return make


def folder_of(path):
    path.mkdir()
    return RunFolder(path)


def rows(folder):
    with (folder / "metrics.csv").open() as stream:
        return [
            {name: float(value) for name, value in row.items() if name != "seconds"} for row in csv.DictReader(stream)
        ]


def without_seconds(history):
    return [{name: value for name, value in row.items() if name != "seconds"} for row in history]


@pytest.mark.parametrize("kind", ["motion", "pose"])
def test_two_and_two_epochs_are_four(kind, make_task, tmp_path):
    at_once, first, second = (make_task(kind) for _ in range(3))
    once, twice = folder_of(tmp_path / "once"), folder_of(tmp_path / "twice")
    expected = fit_prior(at_once, STEPS, once, {}, seed=7)
    fit_prior(first, replace(STEPS, epochs=2), twice, {}, seed=7)
    found = fit_prior(second, STEPS, twice, {}, seed=7, resumed=read_resume_state(twice.path / "resume.safetensors"))
    for name, tensor in at_once.module.state_dict().items():
        assert torch.equal(second.module.state_dict()[name], tensor), name
    assert without_seconds(found) == without_seconds(expected)
    assert rows(twice.path) == rows(once.path)
    assert [row["learning_rate"] for row in found] == [1e-3, 5e-4, 5e-4, 2.5e-4]


def test_the_seed_decides(make_task, tmp_path):
    one, other = make_task("pose"), make_task("pose")
    short = replace(STEPS, epochs=1)
    fit_prior(one, short, folder_of(tmp_path / "1"), {}, seed=1)
    fit_prior(other, short, folder_of(tmp_path / "2"), {}, seed=2)
    assert not torch.equal(one.prior.decoder_net[0].weight, other.prior.decoder_net[0].weight)


def test_the_motion_prior_learns_and_its_run_can_be_loaded(make_task, tmp_path):
    task = make_task("motion", replace(MOTION, teacher_epochs=99, weights=FOLLOWING_WEIGHTS))
    settings = LoopSettings(epochs=8, learning_rate=3e-3, sample_epochs=0)
    history = fit_prior(task, settings, folder_of(tmp_path / "run"), {"data": "generated"}, seed=2)
    assert history[-1]["loss"] < 0.7 * history[0]["loss"]
    assert load_motion_prior(tmp_path / "run" / "best.safetensors").widths == MOTION.widths
    card = read_card(tmp_path / "run" / "last.safetensors")
    assert (card["data"], card["epochs"], card["seed"]) == ("generated", 8, 2)
    best = read_card(tmp_path / "run" / "best.safetensors")["metrics"]
    assert best["score"] == min(row["score"] for row in history)
    assert history[0].keys() > {"kl", "joints", "body_points", "contacts", "closed_joints", "learning_rate"}


def test_the_pose_prior_learns_and_shows_samples(make_task, open_body, tmp_path):
    settings = LoopSettings(epochs=8, learning_rate=2e-3, sample_epochs=8)
    history = fit_prior(make_task("pose", body=open_body), settings, folder_of(tmp_path / "run"), {}, seed=2)
    assert history[-1]["loss"] < 0.8 * history[0]["loss"]
    assert load_pose_prior(tmp_path / "run" / "best.safetensors").width == 512
    assert [path.name for path in (tmp_path / "run" / "samples").iterdir()] == ["epoch_008.png"]
    events = list((tmp_path / "run" / "tensorboard").glob("events.*"))
    assert events
    content = events[0].read_bytes()
    assert b"samples" in content
    assert b"score" in content


def test_the_motion_prior_shows_a_film(make_task, open_body, tmp_path):
    settings = LoopSettings(epochs=1, sample_epochs=1)
    fit_prior(make_task("motion", body=open_body), settings, folder_of(tmp_path / "run"), {})
    assert (tmp_path / "run" / "samples" / "epoch_001.mp4").stat().st_size > 1000


def test_whole_meshes_can_be_compared(make_task, tmp_path):
    for kind, settings in (("motion", replace(MOTION, full_mesh=True)), ("pose", replace(POSE, full_mesh=True))):
        task = make_task(kind, settings)
        surface = task.surface if kind == "motion" else task.body.surface
        assert len(surface.template) > 43
        history = fit_prior(task, replace(STEPS, epochs=1), folder_of(tmp_path / kind), {})
        assert history[0]["loss"] > 0


def test_a_run_that_gets_no_better_is_stopped_and_stays_so(make_task, tmp_path):
    task = make_task("pose")
    task.validate = lambda epoch: {"score": 1.0 + epoch}
    settings = replace(STEPS, epochs=9, patience=2)
    folder = folder_of(tmp_path / "run")
    assert len(fit_prior(task, settings, folder, {})) == 3
    assert read_card(tmp_path / "run" / "best.safetensors")["epochs"] == 1
    again = fit_prior(
        make_task("pose"), settings, folder, {}, resumed=read_resume_state(tmp_path / "run" / "resume.safetensors")
    )
    assert len(again) == 3


@pytest.mark.parametrize("where", ["losses", "validate"])
def test_a_training_that_diverges_ends_and_keeps_what_was_good(where, make_task, tmp_path):
    task = make_task("pose")
    sound = getattr(task, where)

    def diverge(*given):
        epoch = given[0] if where == "validate" else given[1]
        found = sound(*given)
        return {name: value * float("nan") for name, value in found.items()} if epoch == 1 else found

    setattr(task, where, diverge)
    with pytest.raises(FitError, match="no longer finite in epoch 2") as error:
        fit_prior(task, STEPS, folder_of(tmp_path / "run"), {})
    assert "learning_rate" in error.value.hint
    assert len(read_resume_state(tmp_path / "run" / "resume.safetensors").history) == 1
    assert read_card(tmp_path / "run" / "last.safetensors")["epochs"] == 1


@pytest.mark.parametrize("name", ["last.safetensors", "metrics.csv", "resume.safetensors"])
def test_a_full_disk_leaves_the_checkpoints_before(name, make_task, tmp_path, monkeypatch):
    folder = folder_of(tmp_path / "run")
    fit_prior(make_task("pose"), replace(STEPS, epochs=1), folder, {})
    before = read_resume_state(folder.path / "resume.safetensors")
    replaced = type(tmp_path).replace

    def full(path, target):
        if str(target).endswith(name):
            raise OSError(errno.ENOSPC, "No space left on device")
        return replaced(path, target)

    monkeypatch.setattr(type(tmp_path), "replace", full)
    with pytest.raises(OutputError, match=r"disk is full.*--resume"):
        fit_prior(make_task("pose"), STEPS, folder, {}, resumed=before)
    monkeypatch.undo()
    kept = read_resume_state(folder.path / "resume.safetensors")
    assert kept.history == before.history
    assert all(torch.equal(kept.weights[key], before.weights[key]) for key in before.weights)
    load_pose_prior(folder.path / "last.safetensors")
    assert not [path for path in folder.path.iterdir() if path.name.startswith(".")]
    found = fit_prior(make_task("pose"), STEPS, folder, {}, resumed=kept)
    shutil.rmtree(folder.path)
    assert without_seconds(found) == without_seconds(fit_prior(make_task("pose"), STEPS, folder_of(folder.path), {}))


def test_the_state_of_another_prior_is_refused(make_task, tmp_path):
    folder = folder_of(tmp_path / "run")
    fit_prior(make_task("pose"), replace(STEPS, epochs=1), folder, {})
    with pytest.raises(CheckpointError, match="another prior"):
        fit_prior(make_task("motion"), STEPS, folder, {}, resumed=read_resume_state(folder.path / "resume.safetensors"))


@pytest.mark.parametrize("full_mesh", [False, True])
@pytest.mark.parametrize("kind", ["motion", "pose"])
def test_losses_mix_no_devices(kind, full_mesh, make_task):
    """Tensors on torch's device without numbers stand for those on a GPU: together with others they are an error."""
    settings = {"motion": replace(MOTION, teacher_epochs=0, full_mesh=full_mesh), "pose": POSE}[kind]
    task = make_task(kind, replace(settings, full_mesh=full_mesh), device="meta")
    task.module.to("meta")
    generator = torch.Generator().manual_seed(0)
    losses = task.losses(task.batches(0, generator)[0].to("meta"), 0, generator)
    losses["loss"].backward()
    assert {value.device.type for value in losses.values()} == {"meta"}


def test_half_precision_needs_a_gpu(make_task, tmp_path):
    with pytest.raises(SettingsError, match="GPU"):
        fit_prior(make_task("pose"), replace(STEPS, precision="bfloat16"), folder_of(tmp_path / "run"), {})


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device, and torch sees none")
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("kind", ["motion", "pose"])
def test_a_gpu_comes_to_about_the_numbers_of_the_cpu(kind, precision, make_task, tmp_path):
    settings = replace(STEPS, epochs=2, precision=precision, sample_epochs=1)
    on_gpu = fit_prior(make_task(kind, device="cuda"), settings, folder_of(tmp_path / "gpu"), {}, device="cuda")
    cpu = replace(settings, precision="float32")
    on_cpu = fit_prior(make_task(kind), cpu, folder_of(tmp_path / "cpu"), {})
    assert on_gpu[0]["loss"] == pytest.approx(on_cpu[0]["loss"], rel=0.05)
    json.dumps(on_gpu)
