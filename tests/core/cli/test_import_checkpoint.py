"""Published checkpoints through the command line: golden outputs afterwards, a fit with them, every refusal."""

import json
import os

import numpy as np
import published_checkpoints
import pytest
import torch
from safetensors.torch import load_file

from motionfit.errors import CheckpointError
from motionfit.files.result import read_result
from motionfit.geometry.rotations import rotation_from_axis_angle
from motionfit.priors.checkpoints import (
    load_initial_state,
    load_motion_prior,
    load_pose_prior,
    load_priors,
    read_card,
    shipped_path,
)
from motionfit.priors.pose_first import PosePriorFirst

CLOSE = {"rtol": 1e-5, "atol": 1e-5}


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """Files as others publish them, by name."""
    folder = tmp_path_factory.mktemp("published")
    torch.save(published_checkpoints.vposer_first(), folder / "v1.pt")
    with published_checkpoints.dotmap({"model_params": {"latentD": 32}}) as settings:
        torch.save(published_checkpoints.lightning(settings, is_old=True), folder / "v2_old.ckpt")
        torch.save(published_checkpoints.lightning(settings), folder / "v2.ckpt")
    torch.save(published_checkpoints.humor(), folder / "best_model.pth")
    published_checkpoints.write_mixture(folder / "prior_gmm.npz")
    return folder


@pytest.fixture
def imported(published, tmp_path, run_json):
    """Import one of them; gives the new file and the report."""

    def call(name):
        path = tmp_path / f"{name.split('.')[0]}.safetensors"
        code, report, _ = run_json("import-checkpoint", published / name, "-o", path, "--accept-untrained")
        assert code == 0, report
        return path, report

    return call


def test_vposer_first_meets_the_golden_outputs(imported, goldens):
    path, report = imported("v1.pt")
    prior, golden = load_pose_prior(path), goldens("vposer1")
    assert isinstance(prior, PosePriorFirst)
    assert (report["kind"], report["format"], len(report["matched"])) == ("pose-prior", "VPoser v1", 24)
    pose = torch.from_numpy(golden["pose_body"]).float().unflatten(-1, (21, 3))
    mean, scale = prior.encode(rotation_from_axis_angle(pose))
    decoded = prior.decode(torch.from_numpy(golden["z"]).float()).flatten(-2)
    torch.testing.assert_close(mean, torch.from_numpy(golden["enc_mean"]).float(), **CLOSE)
    torch.testing.assert_close(scale, torch.from_numpy(golden["enc_scale"]).float(), **CLOSE)
    torch.testing.assert_close(decoded, torch.from_numpy(golden["dec_matrot"][:, 0]).float(), **CLOSE)


@pytest.mark.parametrize("name", ["v2.ckpt", "v2_old.ckpt"])
def test_vposer_second_meets_the_golden_outputs(imported, goldens, name):
    path, report = imported(name)
    prior, golden = load_pose_prior(path), goldens("vposer2")
    assert report["not_loaded"] == ["dotmap.DotMap"]
    assert set(published_checkpoints.SMPLX_BUFFERS) <= report["ignored"].keys()
    pose = torch.from_numpy(golden["pose_body"]).float().unflatten(-1, (21, 3))
    mean, scale = prior.encode(rotation_from_axis_angle(pose))
    decoded = prior.decode(torch.from_numpy(golden["z"]).float()).flatten(-2)
    torch.testing.assert_close(mean, torch.from_numpy(golden["enc_mean"]).float(), **CLOSE)
    torch.testing.assert_close(scale, torch.from_numpy(golden["enc_scale"]).float(), **CLOSE)
    torch.testing.assert_close(decoded, torch.from_numpy(golden["dec_matrot"]).float(), **CLOSE)


def test_humor_meets_the_golden_outputs(imported, goldens):
    path, report = imported("best_model.pth")
    prior, golden = load_motion_prior(path), goldens("humor_step")
    assert report["ignored"].keys() == {"optim", "epoch", "min_val_loss", "min_train_loss"}
    past, current, latent = (torch.from_numpy(golden[name]).float() for name in ("past_in", "t_in", "z"))
    found = [*prior.prior(past), *prior.posterior(past, current)]
    for name, tensor in zip(("prior_mean", "prior_var", "post_mean", "post_var"), found, strict=True):
        torch.testing.assert_close(tensor, torch.from_numpy(golden[name]).float(), **CLOSE, msg=name)
    state, contacts = prior.decode(past, latent)
    expected = torch.from_numpy(golden["decode"]).float()
    torch.testing.assert_close(torch.cat([state, contacts], -1), expected, **CLOSE)


def test_the_mixture_meets_the_golden_energy(imported, goldens):
    path, report = imported("prior_gmm.npz")
    assert report["self_check"]["passed"]
    assert "accepted_untrained" not in read_card(path)
    golden = goldens("fitting_losses")
    names = ("init_joints", "init_joints_vel", "init_trans_vel", "init_root_orient_vel")
    found = -load_initial_state(path).log_likelihood(*(torch.from_numpy(golden[name]).float() for name in names)).sum()
    torch.testing.assert_close(float(found), float(golden["loss_init_motion_prior"]), rtol=1e-5, atol=0)


def test_weights_are_kept_exactly_and_the_card_tells_where_they_come_from(imported, published):
    path, report = imported("best_model.pth")
    original = torch.load(published / "best_model.pth", weights_only=True)["model"]
    kept = load_file(path)
    assert kept.keys() == original.keys()
    assert all(torch.equal(kept[name], tensor) for name, tensor in original.items())
    card = read_card(path)
    assert card["kind"] == "motion-prior"
    assert card["architecture"]["decoder"] == [1024, 1024, 512]
    assert card["import"]["sha256"] == report["sha256"]
    assert card["accepted_untrained"]
    assert card["versions"]["motionfit"]


def test_untrained_weights_are_refused_without_the_option(published, tmp_path, run_json):
    for name in ("v1.pt", "v2.ckpt", "best_model.pth"):
        code, report, err = run_json("import-checkpoint", published / name, "-o", tmp_path / "a.safetensors")
        assert code == 1
        assert "the checkpoint was read but behaves like an untrained model" in report["error"]["message"]
        assert report["error"]["kind"] == "checkpoint"
        assert report["error"]["message"] in err
    assert list(tmp_path.iterdir()) == []


def test_people_see_a_table_and_sentences(published, tmp_path, run):
    words = ("import-checkpoint", published / "v2.ckpt", "-o", tmp_path / "a.safetensors", "--accept-untrained")
    code, out, err = run(*words)
    assert (code, err) == (0, "")
    for said in ("VPoser v2", "matched", "26", "body model", "dotmap.DotMap", "untrained", "a.safetensors"):
        assert said in out
    assert run(*words, "--quiet") == (0, "", "")


def test_a_wrong_kind_is_one_error(published, tmp_path, run_json):
    output = tmp_path / "a.safetensors"
    code, report, _ = run_json("import-checkpoint", published / "best_model.pth", "-o", output, "--kind", "pose-prior")
    assert (code, report["error"]["kind"]) == (1, "checkpoint")
    assert "is HuMoR (motion-prior)" in report["error"]["message"]
    assert not output.exists()
    with pytest.raises(CheckpointError, match="of the kind 'motion-prior', and a pose-prior is needed"):
        load_pose_prior(shipped_path("motion-prior"))


def test_an_output_that_cannot_be_written_is_told(published, tmp_path, run_json):
    (tmp_path / "file").write_text("")
    (tmp_path / "folder.safetensors").mkdir()
    source = published / "prior_gmm.npz"
    for output, said in (
        (tmp_path / "a.pt", "does not end in .safetensors"),
        (tmp_path / "folder.safetensors", "is a folder"),
        (tmp_path / "file" / "a.safetensors", "a file stands where a folder is needed"),
    ):
        code, report, _ = run_json("import-checkpoint", source, "-o", output)
        assert (code, report["error"]["kind"]) == (1, "output")
        assert said in report["error"]["message"]
    assert {path.name for path in tmp_path.iterdir()} == {"file", "folder.safetensors"}


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_leaves_the_earlier_file(published, tmp_path, run_json, monkeypatch):
    output = tmp_path / "a.safetensors"
    output.write_bytes(b"earlier")

    def full(path, content):
        with open("/dev/full", "wb", buffering=0) as device:
            device.write(content[:100])

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    code, report, _ = run_json("import-checkpoint", published / "prior_gmm.npz", "-o", output)
    monkeypatch.undo()
    assert (code, report["error"]["kind"]) == (1, "output")
    assert "The disk is full" in report["error"]["message"]
    assert output.read_bytes() == b"earlier"
    assert [path.name for path in tmp_path.iterdir()] == ["a.safetensors"]


@pytest.mark.skipif(not os.path.isdir("/sys"), reason="needs /sys, which nobody may write to")
def test_a_folder_that_is_not_writable_is_told(published, run_json):
    code, report, _ = run_json("import-checkpoint", published / "prior_gmm.npz", "-o", "/sys/a.safetensors")
    assert (code, report["error"]["kind"]) == (1, "output")
    assert "not writable" in report["error"]["message"]


def test_a_fit_runs_with_imported_priors_and_names_them(imported, motion_file, presets, run_json, tmp_path):
    pose, motion, start = (imported(name)[0] for name in ("v1.pt", "best_model.pth", "prior_gmm.npz"))
    options = ("--pose-prior", pose, "--motion-prior", motion, "--initial-state", start)
    fit = ("fit", motion_file, "--simulate", "noise=0.02", "--preset", presets / "joints3d.toml", "--threads", "1")
    code, report, _ = run_json(*fit, *options, "-o", tmp_path / "out")
    assert (code, report["complete"]) == (0, True), report
    assert report["priors_hash"] == load_priors(pose, motion, start).hash != load_priors().hash
    assert np.isfinite(report["metrics"]["mpjpe_mm"])
    assert bool(torch.isfinite(read_result(tmp_path / "out").final.motion.body_pose).all())
    code, report, _ = run_json(*fit, "-o", tmp_path / "out", "--resume")
    assert code == 1
    assert "another prior" in report["error"]["message"]


def test_a_fit_refuses_an_untrained_or_wrong_prior(imported, published, motion_file, run_json, tmp_path):
    path, _ = imported("v1.pt")
    card = json.loads(path.with_suffix(".json").read_text())
    del card["accepted_untrained"]
    path.with_suffix(".json").write_text(json.dumps(card))
    fit = ("fit", motion_file, "-o", tmp_path / "out", "--threads", "1")
    for options, said in (
        (("--pose-prior", path), "behaves like an untrained model"),
        (("--motion-prior", path), "of the kind 'pose-prior', and a motion-prior is needed"),
        (("--initial-state", tmp_path / "none.safetensors"), "There is no checkpoint at"),
        (("--pose-prior", published / "v1.pt"), "is not in the format of MotionFit's priors"),
        (("--pose-prior", published), "is not in the format of MotionFit's priors"),
    ):
        code, report, _ = run_json(*fit, *options)
        assert (code, report["error"]["kind"]) == (1, "checkpoint")
        assert said in report["error"]["message"]
    assert not (tmp_path / "out").exists()
