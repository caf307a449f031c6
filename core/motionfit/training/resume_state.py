"""What resuming a run needs, in one safetensors file: weights, the state of Adam, and all epochs' metrics.

Lightning's own checkpoints are pickles, and are neither written nor read. The file is replaced as a whole, so a run
that is killed goes on from its last finished epoch.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from motionfit.errors import CheckpointError
from motionfit.files.atomic import atomic_file
from motionfit.training.task import Metrics

_DAMAGED = "Copy the run folder again, or start anew in another folder."


@dataclass(frozen=True)
class ResumeState:
    """A run after some epochs.

    Attributes:
        weights: State of the prior.
        moments: State of Adam, by number of the parameter and name.
        history: Metrics of each finished epoch.
    """

    weights: dict[str, Tensor]
    moments: dict[int, dict[str, Tensor]]
    history: tuple[Metrics, ...]

    def restore(self, module: nn.Module) -> None:
        """Give a prior these weights.

        Raises:
            CheckpointError: They are those of another prior.
        """
        try:
            module.load_state_dict(self.weights)
        except RuntimeError as error:
            raise CheckpointError(f"The state of the run belongs to another prior: {error}.", _DAMAGED) from error

    def restore_optimizer(self, optimizer: torch.optim.Optimizer) -> None:
        """Give Adam these moments; its groups stay as they are."""
        optimizer.load_state_dict({**optimizer.state_dict(), "state": self.moments})


def write_resume_state(
    path: Path, module: nn.Module, optimizer: torch.optim.Optimizer, history: tuple[Metrics, ...]
) -> None:
    """Replace the file.

    Raises:
        OutputError: It cannot be written; what was there is still there.
    """
    tensors = {f"weights.{name}": tensor for name, tensor in module.state_dict().items()}
    for number, moments in optimizer.state_dict()["state"].items():
        tensors |= {f"moments.{number}.{name}": tensor for name, tensor in moments.items()}
    content = save(
        {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()},
        {"history": json.dumps(history)},
    )
    with atomic_file(path) as temporary:
        temporary.write_bytes(content)


def read_resume_state(path: Path) -> ResumeState:
    """Read the file.

    Raises:
        CheckpointError: It is missing or damaged.
    """
    if not path.is_file():
        raise CheckpointError(f"There is no run to resume in {path.parent}.", "Leave --resume out to start one.")
    weights: dict[str, Tensor] = {}
    moments: dict[int, dict[str, Tensor]] = {}
    try:
        with safe_open(path, "pt") as content:
            history: Any = json.loads(content.metadata()["history"])
            for key in content.keys():  # noqa: SIM118 - not a dictionary
                kind, _, name = key.partition(".")
                if kind == "weights":
                    weights[name] = content.get_tensor(key)
                else:
                    number, _, moment = name.partition(".")
                    moments.setdefault(int(number), {})[moment] = content.get_tensor(key)
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path} is damaged: {error}.", _DAMAGED) from error
    return ResumeState(weights, moments, tuple(history))
