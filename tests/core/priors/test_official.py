"""Published checkpoints become priors with the outputs of the official codes; what is wrong is named."""

import zipfile

import formulas
import numpy as np
import published_checkpoints
import pytest
import torch

from motionfit.errors import CheckpointError
from motionfit.priors.checkpoints import load_pose_prior, shipped_path
from motionfit.priors.initial_state import InitialStateMixture
from motionfit.priors.motion import MotionPrior
from motionfit.priors.official import import_official
from motionfit.priors.pose import PosePrior
from motionfit.priors.pose_first import PosePriorFirst

UNTRAINED = "behaves like an untrained model"


@pytest.fixture(scope="session")
def second():
    return published_checkpoints.vposer_second()


def saved(path, content):
    torch.save(content, path)
    return path


def taken(path, kind=None):
    return import_official(path, kind, accept_untrained=True)


def wrong(path, sentence, kind=None, accept=True):
    with pytest.raises(CheckpointError, match=sentence) as caught:
        import_official(path, kind, accept)
    assert caught.value.hint
    return caught.value


@pytest.mark.parametrize("is_zip", [True, False])
def test_vposer_first_is_taken_whole(tmp_path, is_zip):
    weights = published_checkpoints.vposer_first()
    torch.save(weights, tmp_path / "TR00_E096.pt", _use_new_zipfile_serialization=is_zip)
    imported = taken(tmp_path / "TR00_E096.pt")
    assert isinstance(imported.prior, PosePriorFirst)
    assert (imported.format.title, imported.format.kind) == ("VPoser v1", "pose-prior")
    assert set(imported.matched) == set(weights)
    assert imported.ignored == {}
    assert imported.unexpected == ()
    assert not imported.prior.training
    assert not any(parameter.requires_grad for parameter in imported.prior.parameters())


@pytest.mark.parametrize("is_old", [True, False])
def test_both_schemas_of_lightning_are_taken_and_the_body_is_left_out(tmp_path, is_old, second):
    with published_checkpoints.dotmap({"a": 1}) as settings:
        saved(tmp_path / "V02_05.ckpt", published_checkpoints.lightning(settings, is_old))
    imported = taken(tmp_path / "V02_05.ckpt")
    assert isinstance(imported.prior, PosePrior)
    assert set(imported.matched) == set(second)
    assert imported.file.inert == ("dotmap.DotMap",)
    buffers = {name for name, why in imported.ignored.items() if "body model" in why}
    assert buffers == set(published_checkpoints.SMPLX_BUFFERS)
    others = {"hyper_parameters", "epoch", "pytorch-lightning_version", "optimizer_states"}
    assert others <= imported.ignored.keys() - buffers
    assert imported.unexpected == ()
    assert sum(imported.ignored_by_reason().values()) == len(imported.ignored)


def test_humor_is_taken_and_its_optimiser_left_out(tmp_path):
    imported = taken(saved(tmp_path / "best_model.pth", published_checkpoints.humor()))
    assert isinstance(imported.prior, MotionPrior)
    assert imported.format.kind == "motion-prior"
    assert len(imported.matched) == len(published_checkpoints.STATE_DICTS["HumorModel"])
    assert set(imported.ignored) == {"optim", "epoch", "min_val_loss", "min_train_loss"}


def test_the_mixture_is_taken_without_any_acceptance_since_it_knows_bodies(tmp_path):
    path = published_checkpoints.write_mixture(tmp_path / "prior_gmm.npz")
    imported = import_official(path)
    assert isinstance(imported.prior, InitialStateMixture)
    assert imported.matched == ("weights", "means", "covariances")
    assert imported.prior.means.dtype == torch.float32
    assert imported.check.passed


def test_a_snapshot_folder_gives_its_one_snapshot(tmp_path, second):
    (tmp_path / "snapshots").mkdir()
    wrong(tmp_path, "There is no snapshot in")
    saved(tmp_path / "snapshots" / "E1.pt", second)
    assert taken(tmp_path).file.path.name == "E1.pt"
    saved(tmp_path / "snapshots" / "E2.ckpt", second)
    wrong(tmp_path, r"holds 2 snapshots: E1\.pt, E2\.ckpt|holds 2 snapshots: E2\.ckpt, E1\.pt")


def test_prefixes_of_wrappers_are_dropped_but_no_tensor_comes_twice(tmp_path, second):
    wrapped = {f"module.vp_model.{name}": tensor for name, tensor in second.items()}
    assert set(taken(saved(tmp_path / "a.pt", wrapped)).matched) == set(second)
    wrong(saved(tmp_path / "b.pt", {**second, **wrapped}), "holds encoder_net.1.weight twice")


def test_other_precisions_become_single(tmp_path, second):
    for dtype in (torch.float16, torch.float64, torch.bfloat16):
        weights = {name: tensor.to(dtype) if tensor.is_floating_point() else tensor for name, tensor in second.items()}
        imported = taken(saved(tmp_path / "a.pt", weights))
        expected = weights["encoder_net.2.weight"].float()
        assert torch.equal(imported.prior.state_dict()["encoder_net.2.weight"], expected)


def test_counters_of_batches_may_be_missing_and_strangers_are_told(tmp_path, second):
    old = {name: tensor for name, tensor in second.items() if "num_batches" not in name}
    imported = taken(saved(tmp_path / "a.pt", {**old, "hand_net.weight": torch.zeros(2)}))
    assert imported.unexpected == ("hand_net.weight",)
    assert len(imported.matched) == len(second) - 2
    assert imported.to_json()["unexpected"] == ["hand_net.weight"]


def test_missing_tensors_are_named(tmp_path, second):
    left = {name: tensor for name, tensor in second.items() if not name.startswith("decoder_net.3")}
    found = wrong(saved(tmp_path / "a.pt", left), "VPoser v2 but lacks 2 of its tensors")
    assert "decoder_net.3.weight, decoder_net.3.bias" in found.message


def test_another_kind_is_told(tmp_path, second):
    path = saved(tmp_path / "best_model.pth", published_checkpoints.humor())
    assert "HuMoR (motion-prior), and pose-prior was asked for" in wrong(path, "HuMoR", "pose-prior").message
    path = saved(tmp_path / "a.pt", second)
    assert "VPoser v2 (pose-prior)" in wrong(path, "was asked for", "motion-prior").message
    assert taken(path, "pose-prior").format.kind == "pose-prior"
    path = published_checkpoints.write_mixture(tmp_path / "gmm.npz")
    assert "mixture (initial-state), and pose-prior" in wrong(path, "was asked for", "pose-prior").message


def with_shape(weights, **shapes):
    return weights | {name.replace("__", "."): torch.zeros(shape) for name, shape in shapes.items()}


def test_other_shapes_are_both_named_with_the_likely_cause(tmp_path, second):
    first, motion = published_checkpoints.vposer_first(), published_checkpoints.humor()["model"]
    cases = [
        (with_shape(second, encoder_net__2__weight=(512, 69)), r"\(512, 69\), not \(512, 63\)", "SMPL, which has two"),
        (with_shape(second, encoder_net__2__weight=(512, 162)), r"\(512, 162\)", "SMPL-X with its fingers"),
        (with_shape(first, bodyprior_enc_fc1__weight=(512, 153)), r"\(512, 153\)", "SMPL-H with its fingers"),
        (with_shape(first, bodyprior_dec_out__weight=(189, 512)), r"\(189, 512\), not \(126, 512\)", "matrices"),
        (with_shape(second, decoder_net__0__weight=(512, 16)), r"\(512, 16\), not \(512, 32\)", "latent has 16"),
        (with_shape(second, decoder_net__3__weight=(512, 9)), r"\(512, 9\)", "another configuration"),
        (with_shape(motion, encoder__net__12__weight=(64, 1024)), r"\(64, 1024\), not \(96, 1024\)", "latent has 32"),
        (with_shape(motion, encoder__net__0__weight=(1024, 300)), r"\(1024, 300\)", "state has 150 numbers"),
        (with_shape(motion, prior_net__net__0__weight=(1024, 201)), r"\(1024, 201\)", "state has 201 numbers"),
        (with_shape(motion, decoder__net__9__weight=(207, 560)), r"\(207, 560\), not \(216, 560\)", "no contacts"),
    ]
    for weights, shapes, cause in cases:
        found = wrong(saved(tmp_path / "a.pt", weights), shapes)
        assert cause in found.hint


def test_widths_that_make_no_model_are_told(tmp_path):
    weights = with_shape(published_checkpoints.humor()["model"], encoder__net__0__weight=(1000, 678))
    wrong(saved(tmp_path / "a.pt", weights), "widths that make no model: a hidden layer of 1000 units")


def test_numbers_that_are_not_finite_are_told(tmp_path, second):
    broken = {**second, "decoder_net.3.bias": torch.full((512,), torch.nan)}
    wrong(saved(tmp_path / "a.pt", broken), "not finite, in decoder_net.3.bias")
    large = {**second, "decoder_net.3.bias": torch.full((512,), 1e300, dtype=torch.float64)}
    wrong(saved(tmp_path / "b.pt", large), "not finite, in decoder_net.3.bias")


def test_a_wrong_mixture_is_told(tmp_path):
    whole = dict(zip(("weights", "means", "covariances"), formulas.gmm(), strict=True))
    flat = whole["covariances"].copy()
    flat[0] = -flat[0]
    cases = [
        ({"weights": whole["weights"], "means": whole["means"]}, "lacks covariances"),
        ({**whole, "means": whole["means"][:, :69]}, r"means is \(12, 69\), not \(12, 138\)"),
        ({**whole, "covariances": np.ones((12, 138))}, r"covariances is \(12, 138\), not \(12, 138, 138\)"),
        ({**whole, "weights": whole["weights"] * 2}, "do not sum to one"),
        ({**whole, "covariances": flat}, "not positive definite"),
        ({**whole, "means": whole["means"] * np.nan}, "not finite"),
    ]
    for arrays, sentence in cases:
        np.savez(tmp_path / "a.npz", **arrays)
        wrong(tmp_path / "a.npz", sentence)


def test_untrained_weights_are_refused_unless_accepted(tmp_path, second):
    contents = (second, published_checkpoints.vposer_first(), published_checkpoints.humor())
    for content in contents:
        path = saved(tmp_path / "a.pt", content)
        assert "--accept-untrained" in wrong(path, UNTRAINED, accept=False).hint
        assert not taken(path).check.passed


def test_trained_weights_in_the_published_form_need_no_acceptance(tmp_path):
    trained = load_pose_prior().state_dict()
    with published_checkpoints.dotmap({}) as settings:
        content = {
            "state_dict": {f"vp_model.{name}": tensor for name, tensor in trained.items()},
            "hyper_parameters": settings,
        }
        saved(tmp_path / "a.ckpt", content)
    imported = import_official(tmp_path / "a.ckpt")
    assert imported.check.passed
    assert torch.equal(imported.prior.state_dict()["decoder_net.5.bias"], trained["decoder_net.5.bias"])


def test_a_payload_among_the_weights_is_refused(tmp_path, second):
    with published_checkpoints.dotmap({}) as settings:
        path = saved(tmp_path / "a.ckpt", {"state_dict": {**second, "encoder_net.2.bias": settings}})
    wrong(path, "asks to load dotmap.DotMap in place of the tensor encoder_net.2.bias")
    np.savez(tmp_path / "gmm.npz", weights=np.array([{}], dtype=object), means=np.zeros(2))
    wrong(tmp_path / "gmm.npz", "asks to load pickled objects: reading it could run code")


def not_checkpoints(folder):
    torch.save([torch.zeros(2)], folder / "list.pt")
    torch.save({"epoch": 3}, folder / "empty_dict.pt")
    torch.save({"state_dict": {"conv.weight": torch.zeros(3)}}, folder / "other.ckpt")
    (folder / "zero.pt").write_bytes(b"")
    (folder / "noise.pt").write_bytes(bytes(range(256)) * 9)
    (folder / "text.ckpt").write_text("lr: 0.001\n")
    (folder / "page.pth").write_text("<!DOCTYPE html><html>sign in</html>")
    (folder / "body.pkl").write_bytes(b"\x80\x02}q\x00X\x0b\x00\x00\x00J_regressor")
    (folder / "bare.pkl").write_bytes(b"\x80\x04}\x94.")
    np.savez(folder / "motion.npz", poses=np.zeros((3, 156)), trans=np.zeros((3, 3)))
    np.savez(folder / "smplh.npz", v_template=np.zeros((4, 3)), J_regressor=np.zeros((2, 4)))
    cut = (folder / "motion.npz").read_bytes()[:300]
    (folder / "cut.npz").write_bytes(cut)
    with zipfile.ZipFile(folder / "vposer_v1_0.zip", "w") as archive:
        archive.writestr("vposer_v1_0/snapshots/TR00_E096.pt", b"x")
    return {
        "missing.pt": "There is no checkpoint at",
        "list.pt": "holds a list and no state dict",
        "empty_dict.pt": "holds no tensors; its entries are: epoch",
        "other.ckpt": "neither VPoser, HuMoR nor an initial-state mixture: it holds conv.weight",
        "zero.pt": "is empty",
        "noise.pt": "neither a torch file nor an npz",
        "text.ckpt": "it is text",
        "page.pth": "it is a web page",
        "body.pkl": "it is a body model of the SMPL family",
        "bare.pkl": "a bare pickle, which could run code",
        "motion.npz": "The file holds a motion",
        "smplh.npz": "a body model of the SMPL family",
        "cut.npz": "damaged or truncated",
        "vposer_v1_0.zip": "a zip archive of other files",
        str(shipped_path("pose-prior")): "a safetensors file already",
    }


def test_what_is_no_checkpoint_is_told(tmp_path):
    for name, sentence in not_checkpoints(tmp_path).items():
        wrong(tmp_path / name, sentence)
