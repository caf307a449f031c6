"""One training from a prepared dataset to a run folder."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from motionfit.body.load import load_body
from motionfit.body.model import BodyModel
from motionfit.datasets.prepared import PreparedDataset, open_dataset
from motionfit.pipeline.device import resolve_device, torch_threads
from motionfit.priors.checkpoints import POSE_PRIOR
from motionfit.training.cards import card_of
from motionfit.training.data import TrainingData, training_data
from motionfit.training.history import best_epoch
from motionfit.training.initial_state import fit_initial_state
from motionfit.training.kinds import (
    InitialStateTraining,
    MotionPriorTraining,
    PosePriorTraining,
    TrainingSettings,
    make_task,
)
from motionfit.training.resume_state import read_resume_state
from motionfit.training.run_folder import BEST, RESUME, check_run, open_run
from motionfit.training.start import describe_start, start_with
from motionfit.training.task import Metrics


@dataclass(frozen=True)
class TrainingRequest:
    """What to train, and where.

    Attributes:
        kind: Of the prior.
        settings: Those of this kind.
        data: Folder of a prepared dataset.
        output: Run folder.
        body: Body file; by default the usual one.
        seed: Of everything random.
        device: "auto", "cpu" or "cuda[:n]".
        threads: Of torch.
        start_from: An earlier prior to begin with; by default random weights.
        resume: Go on with the run in `output`.
        quiet: Show no progress.
    """

    kind: str
    settings: TrainingSettings
    data: Path
    output: Path
    body: Path | None = None
    seed: int = 0
    device: str = "auto"
    threads: int = 1
    start_from: Path | None = None
    resume: bool = False
    quiet: bool = True


@dataclass(frozen=True)
class TrainingOutcome:
    """What came of it.

    Attributes:
        best: Metrics of the best epoch, or of the mixture.
        epochs: Finished ones; 1 for a mixture.
        checkpoint: The best prior.
    """

    best: Metrics
    epochs: int
    checkpoint: Path


def run_training(request: TrainingRequest) -> TrainingOutcome:
    """Train a prior.

    Raises:
        InputError: The dataset cannot be read, or has too little.
        SettingsError: The device is missing, or a run to resume had other settings.
        OutputError: There is a run in the folder already, or it cannot be written.
        CheckpointError: There is nothing to resume, or it is damaged.
        FitError: The training diverged.
        BodyError: The body cannot be read.
    """
    with torch_threads(request.threads):
        body = load_body(request.body)
        dataset = open_dataset(request.data)
        record = _record(request, dataset, body)
        check_run(request.output, record, request.resume)
        data = training_data(dataset, body, only_flat=request.kind != POSE_PRIOR)
        card = {**card_of(dataset, body), "training": asdict(request.settings)}
        if "started_from" in record:
            card["started_from"] = record["started_from"]
        if isinstance(request.settings, InitialStateTraining):
            return _fit_mixture(request, request.settings, data, body, record, card)
        return _fit_prior(request, request.settings, data, body, record, card)


def _record(request: TrainingRequest, dataset: PreparedDataset, body: BodyModel) -> dict[str, Any]:
    record = {
        "kind": request.kind,
        "seed": request.seed,
        "dataset": dataset.hash,
        "body": body.content_hash,
        "settings": asdict(request.settings),
        "machine": {"device": resolve_device(request.device).type, "threads": request.threads},
    }
    return record if request.start_from is None else {**record, "started_from": describe_start(request.start_from)}


def _fit_prior(
    request: TrainingRequest,
    settings: PosePriorTraining | MotionPriorTraining,
    data: TrainingData,
    body: BodyModel,
    record: dict[str, Any],
    card: dict[str, Any],
) -> TrainingOutcome:
    from motionfit.training.fit_prior import fit_prior

    device = resolve_device(request.device)
    task = make_task(settings, data, body, request.seed, device)
    if request.start_from is not None:
        start_with(task.module, request.kind, request.start_from)
    state = request.output / RESUME
    resumed = read_resume_state(state) if request.resume and state.exists() else None
    folder = open_run(request.output, record)
    history = fit_prior(task, settings.loop, folder, card, request.seed, device, resumed, request.quiet)
    return TrainingOutcome(history[best_epoch(history)], len(history), folder.path / BEST)


def _fit_mixture(
    request: TrainingRequest,
    settings: InitialStateTraining,
    data: TrainingData,
    body: BodyModel,
    record: dict[str, Any],
    card: dict[str, Any],
) -> TrainingOutcome:
    mixture, metrics = fit_initial_state(data, body, settings.prior, request.seed)
    folder = open_run(request.output, record)
    folder.write_prior(mixture, BEST, {**card, "metrics": metrics, "seed": request.seed})
    folder.write_metrics([metrics])
    return TrainingOutcome(metrics, 1, folder.path / BEST)
