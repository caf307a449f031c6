"""The training loop that pose and motion prior share: seeded by epoch, resumable to the same numbers, logged as CSV.

A run folder holds `metrics.csv`, `last.safetensors` and `best.safetensors` (with cards), and `progress.safetensors`
with `progress.json`: what resuming needs.
"""

from __future__ import annotations

import csv
import json
import logging
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from motionfit.errors import CheckpointError, FitError
from motionfit.priors.checkpoints import save_prior

log = logging.getLogger(__name__)

Metrics = dict[str, float]

_DELICATE_SHARE = 0.1
"""Rate of a task's delicate parameters, as a share of the usual rate."""


@runtime_checkable
class Task(Protocol):
    """What is trained, and how one epoch of it goes."""

    @property
    def module(self) -> nn.Module:
        """The prior."""
        ...

    @property
    def delicate(self) -> list[nn.Parameter]:
        """Parameters of the module that learn at a tenth of the rate."""
        ...

    def train_epoch(self, epoch: int, optimizer: torch.optim.Optimizer, generator: torch.Generator) -> Metrics:
        """Take the steps of one epoch; mean losses."""
        ...

    def validate(self, epoch: int) -> Metrics:
        """Measures on validation data; `score` (lower is better) decides what is best."""
        ...


@dataclass(frozen=True)
class LoopSettings:
    """How long and how fast.

    Attributes:
        epochs: In all.
        learning_rate: At the start.
        final_learning_rate: At the end; in between it falls as half a cosine.
        weight_decay: Of Adam.
        seed: Of everything random; an epoch's numbers depend on it and on the epoch's number alone.
    """

    epochs: int = 100
    learning_rate: float = 1e-3
    final_learning_rate: float = 1e-5
    weight_decay: float = 0.0
    seed: int = 0


def train(task: Task, settings: LoopSettings, folder: Path, card: dict[str, Any], resume: bool = False) -> Metrics:
    """Train, and leave the last and the best prior in the run folder.

    Args:
        task: What to train.
        settings: How long and how fast.
        folder: The run folder.
        card: What the cards say about data, body and licence; metrics and seed are added.
        resume: Go on with the run in the folder.

    Returns:
        The metrics of the best epoch.
    """
    folder.mkdir(parents=True, exist_ok=True)
    optimizer = _optimizer(task, settings)
    first, best = (_load_progress(folder, task.module, optimizer)) if resume else (0, {})
    for epoch in range(first, settings.epochs):
        started = time.monotonic()
        torch.manual_seed(settings.seed * 100_003 + epoch)
        generator = torch.Generator().manual_seed(settings.seed * 100_003 + epoch)
        for group in optimizer.param_groups:
            group["lr"] = group["share"] * _learning_rate(settings, epoch)
        task.module.train()
        losses = task.train_epoch(epoch, optimizer, generator)
        task.module.eval()
        with torch.no_grad():
            measured = task.validate(epoch)
        row = {"epoch": float(epoch), **losses, **measured, "seconds": time.monotonic() - started}
        _log_row(folder / "metrics.csv", row, append=epoch > 0)
        full_card = {**card, "metrics": row, "seed": settings.seed, "epochs": epoch + 1}
        save_prior(task.module, folder / "last.safetensors", full_card)
        if not best or row["score"] < best["score"]:
            best = row
            save_prior(task.module, folder / "best.safetensors", full_card)
        _save_progress(folder, task.module, optimizer, epoch + 1, best)
        log.info("epoch %s: %s", epoch, ", ".join(f"{name} {value:.4g}" for name, value in row.items()))
    return best


def take_step(optimizer: torch.optim.Optimizer, module: nn.Module, loss: Tensor, largest_gradient: float = 1.0) -> None:
    """One step down the gradient, whose norm is limited; a loss that is not finite is an error."""
    if not bool(torch.isfinite(loss)):
        raise FitError("The loss is no longer finite.", "Resume with a lower learning rate.")
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(module.parameters(), largest_gradient)
    optimizer.step()


def mean_of(rows: list[Metrics]) -> Metrics:
    """Each metric's mean over rows of equal names."""
    return {name: sum(row[name] for row in rows) / len(rows) for name in rows[0]} if rows else {}


def _optimizer(task: Task, settings: LoopSettings) -> torch.optim.Optimizer:
    delicate = {id(parameter) for parameter in task.delicate}
    usual = [parameter for parameter in task.module.parameters() if id(parameter) not in delicate]
    groups: list[dict[str, Any]] = [{"params": usual, "share": 1.0}]
    if delicate:
        groups.append({"params": task.delicate, "share": _DELICATE_SHARE})
    return torch.optim.Adam(groups, settings.learning_rate, weight_decay=settings.weight_decay, fused=True)


def _learning_rate(settings: LoopSettings, epoch: int) -> float:
    done = torch.tensor(epoch / max(1, settings.epochs - 1)) * torch.pi
    share = float(0.5 * (1.0 + done.cos()))
    return settings.final_learning_rate + share * (settings.learning_rate - settings.final_learning_rate)


def _log_row(path: Path, row: Metrics, append: bool) -> None:
    with path.open("a" if append else "w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(row))
        if not append:
            writer.writeheader()
        writer.writerow({name: f"{value:.6g}" for name, value in row.items()})


def _save_progress(
    folder: Path, module: nn.Module, optimizer: torch.optim.Optimizer, epoch: int, best: Metrics
) -> None:
    tensors = {f"module.{name}": tensor.contiguous() for name, tensor in module.state_dict().items()}
    for number, state in optimizer.state_dict()["state"].items():
        for name, value in state.items():
            tensors[f"optimizer.{number}.{name}"] = value.contiguous()
    partial = folder / "progress.partial"
    save_file(tensors, partial)
    partial.replace(folder / "progress.safetensors")
    (folder / "progress.json").write_text(json.dumps({"epoch": epoch, "best": best}), encoding="utf-8")


def _load_progress(folder: Path, module: nn.Module, optimizer: torch.optim.Optimizer) -> tuple[int, Metrics]:
    path = folder / "progress.safetensors"
    if not path.is_file():
        raise CheckpointError(f"There is no run to resume in {folder}.", "Leave --resume out to start one.")
    tensors = load_file(path)
    weights = {name.removeprefix("module."): tensor for name, tensor in tensors.items() if name[0] == "m"}
    module.load_state_dict(weights)
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith("optimizer."):
            _, number, key = name.split(".")
            state.setdefault(int(number), {})[key] = tensor
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})
    progress = json.loads((folder / "progress.json").read_text(encoding="utf-8"))
    return int(progress["epoch"]), dict(progress["best"])
