"""Checkpoints as others publish them: names and shapes of the official codes, weights by formula."""

import json
import sys
import types
from collections import OrderedDict
from contextlib import contextmanager
from pathlib import Path

import formulas
import numpy as np
import torch

STATE_DICTS = json.loads((Path(__file__).parent / "goldens" / "state_dicts.json").read_text())
SMPLX_BUFFERS = {
    "bm_train.trans": (1, 3), "bm_train.v_template": (1, 10475, 3), "bm_train.shapedirs": (10475, 3, 10),
    "bm_train.exprdirs": (10475, 3, 10), "bm_train.J_regressor": (55, 10475), "bm_train.posedirs": (486, 10),
    "bm_train.kintree_table": (2, 55), "bm_train.weights": (10475, 55), "bm_train.f": (20908, 3),
}  # fmt: skip


def tensors(weights, dtype=torch.float32):
    made = {name: torch.from_numpy(np.asarray(value)) for name, value in weights.items()}
    return {name: tensor.to(dtype) if tensor.is_floating_point() else tensor for name, tensor in made.items()}


def vposer_first(dtype=torch.float32):
    """The weights that the golden file of VPoser v1 was made with."""
    weights = formulas.fill_state_dict([(name, tuple(shape)) for name, shape, _ in STATE_DICTS["VPoser_v1"]], 4000)
    for part in ("weight", "bias"):
        weights[f"bodyprior_dec_out.{part}"] *= 0.5
    six = weights["bodyprior_dec_out.bias"].reshape(21, 6)
    six[:, 0] += 1.0
    six[:, 3] += 1.0
    return tensors(weights, dtype)


def vposer_second(dtype=torch.float32):
    return tensors(formulas.vposer2_weights(), dtype)


def humor():
    """`best_model.pth`, with the state of its optimiser."""
    return {
        "model": tensors(formulas.humor_weights()),
        "optim": {"state": {0: {"step": 3, "exp_avg": torch.zeros(4)}}, "param_groups": [{"lr": 1e-4}]},
        "epoch": 199,
        "min_val_loss": 0.5,
        "min_train_loss": 0.4,
    }


def lightning(hyper_parameters, is_old=False):
    """VPoser v2 as Lightning keeps it, before and after its schema changed."""
    state = OrderedDict((f"vp_model.{name}", tensor) for name, tensor in vposer_second().items())
    state.update({name: torch.zeros(shape) for name, shape in SMPLX_BUFFERS.items()})
    state._metadata = OrderedDict({"": {"version": 1}})  # as state_dict() of a module has it
    common = {"epoch": 13, "global_step": 100, "state_dict": state, "hyper_parameters": hyper_parameters}
    if is_old:
        return {
            "pytorch-lightning_version": "1.1.8", "checkpoint_callback_best_model_score": torch.tensor(0.03),
            "optimizer_states": [{"state": {}}], "lr_schedulers": [], **common, "hparams_name": "vp_ps",
        }  # fmt: skip
    loops = {"fit_loop": {"state_dict": {}, "epoch_progress": {"total": {"ready": 14}}}}
    callbacks = {"ModelCheckpoint{'monitor': 'val_loss'}": {"best_model_score": torch.tensor(0.03)}}
    return {
        "pytorch-lightning_version": "2.4.0", "loops": loops, "callbacks": callbacks, "optimizer_states": [],
        "lr_schedulers": [], "hparams_name": "vp_ps", **common,
    }  # fmt: skip


@contextmanager
def dotmap(content):
    """An object of a library (here named as DotMap) that is there while the file is written and not later."""
    module = types.ModuleType("dotmap")
    module.DotMap = type("DotMap", (dict,), {"__module__": "dotmap"})
    sys.modules["dotmap"] = module
    try:
        yield module.DotMap(content)
    finally:
        del sys.modules["dotmap"]


def write_mixture(path):
    np.savez(path, **dict(zip(("weights", "means", "covariances"), formulas.gmm(), strict=True)))
    return path
