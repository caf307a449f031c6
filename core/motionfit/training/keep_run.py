"""What is written after each epoch: checkpoints, metrics, samples, and, last, what resuming needs."""

from __future__ import annotations

from typing import Any

import numpy as np
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import TensorBoardLogger

from motionfit.training.history import best_epoch, waited_enough
from motionfit.training.lightning_module import PriorModule
from motionfit.training.progress import TrainingProgress
from motionfit.training.resume_state import write_resume_state
from motionfit.training.run_folder import BEST, LAST, RESUME, RunFolder
from motionfit.training.task import Metrics


class KeepRun(Callback):
    """Fills the run folder, tells of progress, and stops a run that no longer gets better.

    Args:
        folder: Where to write.
        card: What the cards say about data, body and licence; metrics and seed are added.
        progress: Told of each step and epoch.
    """

    def __init__(self, folder: RunFolder, card: dict[str, Any], progress: TrainingProgress) -> None:
        self.folder = folder
        self.card = card
        self.progress = progress

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Tell."""
        del trainer
        module = _prior_module(pl_module)
        self.progress.epoch_begins(module.epoch, len(module.train_dataloader()))

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,  # noqa: ANN401 - as Lightning calls it
        batch: Any,  # noqa: ANN401
        batch_idx: int,
    ) -> None:
        """Tell."""
        del trainer, outputs, batch
        self.progress.step_done(batch_idx + 1, _prior_module(pl_module).mean_terms)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write."""
        module = _prior_module(pl_module)
        history = module.sum_up()
        row = history[-1]
        is_best = best_epoch(history) == module.epoch
        card = {**self.card, "metrics": row, "seed": module.seed, "epochs": len(history)}
        self.folder.write_prior(module.prior, LAST, card)
        if is_best:
            self.folder.write_prior(module.prior, BEST, card)
        self.folder.write_metrics(history)
        self._show(trainer, module, row, is_last=len(history) == module.settings.epochs)
        write_resume_state(self.folder.path / RESUME, module.prior, trainer.optimizers[0], tuple(history))
        self.progress.epoch_done(row, history[best_epoch(history)])
        trainer.should_stop = waited_enough(history, module.settings.patience)

    def _show(self, trainer: Trainer, module: PriorModule, row: Metrics, is_last: bool) -> None:
        assert isinstance(trainer.logger, TensorBoardLogger)
        trainer.logger.log_metrics(row, step=module.epoch)
        every = module.settings.sample_epochs
        if every and ((module.epoch + 1) % every == 0 or is_last):
            place = self.folder.samples / f"epoch_{module.epoch + 1:03d}"
            sample = module.task.write_samples(self.folder.path / LAST, place, module.seed)
            if sample.suffix == ".png":
                from PIL import Image  # comes with TensorBoard

                with Image.open(sample) as sheet:
                    pixels = np.asarray(sheet.convert("RGB"))
                trainer.logger.experiment.add_image("samples", pixels, module.epoch, dataformats="HWC")


def _prior_module(module: LightningModule) -> PriorModule:
    assert isinstance(module, PriorModule)
    return module
