"""The training of a prior as Lightning runs it: seeds, rates, steps and validation of each epoch."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from lightning.pytorch import LightningModule
from torch import Tensor, nn

from motionfit.errors import FitError
from motionfit.training.learning_rate import learning_rate
from motionfit.training.resume_state import ResumeState
from motionfit.training.settings import LoopSettings
from motionfit.training.task import Metrics, PriorTask

_DELICATE_SHARE = 0.1
"""Rate of a task's delicate parameters, as a share of the usual rate."""

_DIVERGED = (
    "Start again in another folder with a lower loop.learning_rate or loop.largest_gradient; last.safetensors and "
    "best.safetensors hold what was good."
)


class PriorModule(LightningModule):
    """A prior in training.

    Every epoch's numbers follow from the seed, the epoch and the weights before it alone, so that a run that goes on
    later comes to the same ones. (Lightning counts the epochs since the start or resumption; `epoch` counts all.)

    Args:
        task: The prior with its data.
        settings: How long and how fast.
        seed: Of everything random.
        resumed: Where to go on; its weights are given to the prior.
    """

    def __init__(
        self, task: PriorTask, settings: LoopSettings, seed: int = 0, resumed: ResumeState | None = None
    ) -> None:
        super().__init__()
        self.task = task
        self.settings = settings
        self.seed = seed
        self.prior = task.module
        self.history: list[Metrics] = [] if resumed is None else list(resumed.history)
        self.terms: list[Tensor] = []
        self.names: list[str] = []
        self.generator = torch.Generator()
        self._resumed = resumed
        self._first_epoch = len(self.history)
        self._measured: Metrics = {}
        self._started = 0.0
        if resumed is not None:
            resumed.restore(self.prior)

    @property
    def epoch(self) -> int:
        """The running epoch, from 0."""
        return self._first_epoch + self.current_epoch

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Adam; delicate parameters learn at a tenth of the rate."""
        delicate = {id(parameter) for parameter in self.task.delicate}
        usual = [parameter for parameter in self.prior.parameters() if id(parameter) not in delicate]
        groups: list[dict[str, Any]] = [{"params": usual, "share": 1.0}]
        if delicate:
            groups.append({"params": self.task.delicate, "share": _DELICATE_SHARE})
        settings = self.settings
        optimizer = torch.optim.Adam(groups, settings.learning_rate, weight_decay=settings.weight_decay, fused=True)
        if self._resumed is not None:
            self._resumed.restore_optimizer(optimizer)
        return optimizer

    def train_dataloader(self) -> EpochBatches:
        """What the task draws for each epoch."""
        return EpochBatches(self)

    def val_dataloader(self) -> Sequence[Tensor]:
        """One batch that says nothing: the task measures all its validation data at once."""
        return [torch.zeros(1)]

    def transfer_batch_to_device(self, batch: Any, device: torch.device, dataloader_idx: int) -> Any:  # noqa: ANN401
        """Nothing: batches are numbers of recordings, which are where they are needed."""
        del device, dataloader_idx
        return batch

    def on_train_epoch_start(self) -> None:
        """Seed what is random, set the rate."""
        self._started = time.monotonic()
        self.terms.clear()
        seed = self.seed * 100_003 + self.epoch
        torch.manual_seed(seed)
        self.generator.manual_seed(seed)
        rate = self.learning_rate
        for group in self.trainer.optimizers[0].param_groups:
            group["lr"] = group["share"] * rate

    @property
    def learning_rate(self) -> float:
        """Of this epoch."""
        return learning_rate(self.settings, self.epoch, [row["score"] for row in self.history[: self.epoch]])

    def training_step(self, batch: Tensor, batch_idx: int) -> Tensor:
        """The loss of a batch.

        Raises:
            FitError: It is not finite.
        """
        del batch_idx
        losses = self.task.losses(batch, self.epoch, self.generator)
        self.names = list(losses)
        self.terms.append(torch.stack([value.detach() for value in losses.values()]))
        if not bool(torch.isfinite(self.terms[-1][0])):
            bad = [name for name, value in losses.items() if not bool(torch.isfinite(value))]
            raise FitError(f"The loss is no longer finite in epoch {self.epoch + 1} ({', '.join(bad)}).", _DIVERGED)
        return losses["loss"]

    def validation_step(self, batch: Tensor, batch_idx: int) -> None:
        """Measure.

        Raises:
            FitError: The score is not finite.
        """
        del batch, batch_idx
        self._measured = self.task.validate(self.epoch)
        score = torch.tensor(self._measured["score"])
        if not bool(torch.isfinite(score)):
            raise FitError(f"The score is no longer finite in epoch {self.epoch + 1}.", _DIVERGED)

    def sum_up(self) -> list[Metrics]:
        """The metrics of all epochs, to which those of the one that ends are added."""
        self.history.append({
            "epoch": float(self.epoch),
            **self.mean_terms(),
            **self._measured,
            "learning_rate": self.learning_rate,
            "seconds": time.monotonic() - self._started,
        })  # fmt: skip
        return self.history

    def mean_terms(self) -> Metrics:
        """Mean of each term over the epoch so far."""
        if not self.terms:
            return {}
        means = torch.stack(self.terms).double().mean(0).tolist()
        return dict(zip(self.names, means, strict=True))


class EpochBatches:
    """An iterable that draws the batches of the running epoch when it is asked for the first one."""

    def __init__(self, module: PriorModule) -> None:
        self._module = module

    def __len__(self) -> int:
        """Batches of an epoch."""
        return self._module.task.steps

    def __iter__(self) -> Iterator[Tensor]:
        """The batches."""
        module = self._module
        yield from module.task.batches(module.epoch, module.generator)


def compute_in_half(networks: Sequence[nn.Module], device_type: str) -> None:
    """Let networks compute in bfloat16 and answer in single precision."""
    for network in networks:
        half = torch.autocast(device_type, torch.bfloat16)(network.forward)
        network.forward = half
        network.register_forward_hook(_in_single_precision)


def _in_single_precision(_network: nn.Module, _given: Any, found: Any) -> Any:  # noqa: ANN401 - as torch calls it
    if isinstance(found, Tensor):
        return found.float()
    return tuple(part.float() for part in found)
