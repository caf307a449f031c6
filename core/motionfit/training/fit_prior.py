"""Trains a prior with Lightning into a run folder; the only place that makes a Trainer."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from lightning.pytorch import Trainer
from lightning.pytorch.loggers import TensorBoardLogger

from motionfit.errors import OutputError, SettingsError
from motionfit.files.atomic import output_errors
from motionfit.training.history import waited_enough
from motionfit.training.keep_run import KeepRun
from motionfit.training.lightning_module import PriorModule, compute_in_half
from motionfit.training.progress import TrainingProgress
from motionfit.training.resume_state import ResumeState
from motionfit.training.run_folder import RunFolder
from motionfit.training.settings import LoopSettings
from motionfit.training.task import Metrics, PriorTask


def fit_prior(
    task: PriorTask,
    settings: LoopSettings,
    folder: RunFolder,
    card: dict[str, Any],
    seed: int = 0,
    device: torch.device | str = "cpu",
    resumed: ResumeState | None = None,
    quiet: bool = True,
) -> list[Metrics]:
    """Train, and leave the last and the best prior in the run folder.

    Args:
        task: What to train; its data are on `device`.
        settings: How long and how fast.
        folder: Where to write.
        card: What the cards say about data, body and licence.
        seed: Of everything random.
        device: Where to compute.
        resumed: Go on from there.
        quiet: Show no progress.

    Returns:
        The metrics of all epochs, with those from before a resumption.

    Raises:
        FitError: The loss is not finite any more.
        OutputError: The disk is full or the folder not writable; the checkpoints of the last epoch are still there.
        CheckpointError: The state to go on from belongs to another prior.
    """
    device = torch.device(device)
    _prepare_precision(task, settings, device)
    module = PriorModule(task, settings, seed, resumed)
    left = settings.epochs - len(module.history)
    if left <= 0 or waited_enough(module.history, settings.patience):
        return module.history
    logger = TensorBoardLogger(folder.path, name="", version="tensorboard", purge_step=len(module.history))
    with (
        _without_chatter(),
        output_errors(folder.path),
        TrainingProgress(settings.epochs, quiet) as progress,
    ):
        trainer = Trainer(
            accelerator="cpu" if device.type == "cpu" else "gpu",
            devices=1 if device.type == "cpu" else [device.index or 0],
            max_epochs=left,
            logger=logger,
            callbacks=[KeepRun(folder, card, progress)],
            gradient_clip_val=settings.largest_gradient,
            plugins=[LightningEnvironment()],
            default_root_dir=folder.path,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            use_distributed_sampler=False,
            num_sanity_val_steps=0,
            log_every_n_steps=1,
        )
        try:
            trainer.fit(module)
        except OutputError as error:
            raise OutputError(error.message, "Make room or the folder writable, then go on with --resume.") from error
    return module.history


def _prepare_precision(task: PriorTask, settings: LoopSettings, device: torch.device) -> None:
    if settings.precision == "float32":
        return
    if device.type != "cuda":
        raise SettingsError(
            f"The precision {settings.precision} only pays on a GPU, and this run is on the {device.type}.",
            "Set loop.precision=float32, or --device cuda.",
        )
    compute_in_half(task.networks, device.type)


@contextmanager
def _without_chatter() -> Iterator[None]:
    """Keep Lightning's advertisements and notes on devices from the user, and one deprecation that it cannot help."""
    notes = [logging.getLogger(name) for name in ("lightning.pytorch", "lightning.fabric")]
    levels = [note.level for note in notes]
    for note in notes:
        note.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", r"`isinstance\(treespec, LeafSpec\)` is deprecated", FutureWarning)
            yield
    finally:
        for note, level in zip(notes, levels, strict=True):
            note.setLevel(level)
