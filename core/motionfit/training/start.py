"""Begin a training with the weights of an earlier one: to go on with other settings, or with other data."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from torch import nn

from motionfit.errors import SettingsError
from motionfit.priors.checkpoints import MOTION_PRIOR, POSE_PRIOR, load_motion_prior, load_pose_prior, read_card

_LOADERS = {POSE_PRIOR: load_pose_prior, MOTION_PRIOR: load_motion_prior}


def start_with(prior: nn.Module, kind: str, path: Path) -> None:
    """Give a prior the weights of an earlier one.

    Args:
        prior: Is changed.
        kind: Of both.
        path: The earlier one, `.safetensors` with its card.

    Raises:
        CheckpointError: It cannot be read, or is of another kind.
        SettingsError: It has other widths.
    """
    earlier = _LOADERS[kind](path).state_dict()
    for name, tensor in prior.state_dict().items():
        shape = tuple(earlier[name].shape) if name in earlier else "absent"
        if shape != tuple(tensor.shape):
            raise SettingsError(
                f"{path} has other nets than these settings make: {name} is {shape} there and {tuple(tensor.shape)} "
                "here.",
                "Set prior.widths to those of its card.",
            )
    prior.load_state_dict(earlier)


def describe_start(path: Path) -> dict[str, Any]:
    """What a card says about the prior that a training began with: name, hash, and how that one was trained.

    Raises:
        CheckpointError: It cannot be read.
    """
    card = read_card(path)
    known: dict[str, Any] = {
        name: card[name] for name in ("training", "epochs", "seed", "started_from") if name in card
    }
    return {"file": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest(), **known}
