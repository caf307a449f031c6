"""What can be trained: each prior with its settings, and how a task is made of a dataset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from motionfit.body.model import BodyModel
from motionfit.priors.checkpoints import INITIAL_STATE, MOTION_PRIOR, POSE_PRIOR
from motionfit.training.configuration import merged, read_configuration, with_tables
from motionfit.training.data import TrainingData
from motionfit.training.initial_state import InitialStateSettings
from motionfit.training.motion_prior import MotionPriorSettings, MotionPriorTask
from motionfit.training.pose_prior import PosePriorSettings, PosePriorTask
from motionfit.training.settings import LoopSettings
from motionfit.training.task import PriorTask


@dataclass(frozen=True)
class PosePriorTraining:
    """All settings of the training of a pose prior.

    Attributes:
        loop: How long and how fast.
        prior: Weights and sizes.
    """

    loop: LoopSettings = field(
        default_factory=lambda: LoopSettings(weight_decay=1e-5, largest_gradient=10.0, patience=10)
    )
    prior: PosePriorSettings = field(default_factory=PosePriorSettings)


@dataclass(frozen=True)
class MotionPriorTraining:
    """All settings of the training of a motion prior.

    Attributes:
        loop: How long and how fast.
        prior: Sizes, schedule and weights.
    """

    loop: LoopSettings = field(default_factory=LoopSettings)
    prior: MotionPriorSettings = field(default_factory=MotionPriorSettings)


@dataclass(frozen=True)
class InitialStateTraining:
    """All settings of the mixture.

    Attributes:
        prior: Its sizes.
    """

    prior: InitialStateSettings = field(default_factory=InitialStateSettings)


TrainingSettings = PosePriorTraining | MotionPriorTraining | InitialStateTraining

DEFAULTS: dict[str, TrainingSettings] = {
    POSE_PRIOR: PosePriorTraining(),
    MOTION_PRIOR: MotionPriorTraining(),
    INITIAL_STATE: InitialStateTraining(),
}
"""By kind."""


def settings_of(kind: str, configuration: str | None, assignments: Sequence[Mapping[str, Any]]) -> TrainingSettings:
    """The settings of a kind with those of a configuration, and then single ones, put in.

    Raises:
        SettingsError: A key is not known, or a value is not possible.
    """
    tables: dict[str, Any] = {} if configuration is None else read_configuration(configuration)
    for assignment in assignments:
        tables = merged(tables, assignment)
    return with_tables(DEFAULTS[kind], tables, "the settings" if configuration is None else configuration)


def make_task(
    settings: PosePriorTraining | MotionPriorTraining,
    data: TrainingData,
    body: BodyModel,
    seed: int,
    device: torch.device,
) -> PriorTask:
    """An untrained prior with its data; the seed decides its weights and the shapes of its bodies."""
    torch.manual_seed(seed)
    if isinstance(settings, PosePriorTraining):
        return PosePriorTask(data.train, data.validation, body, settings.prior, device)
    return MotionPriorTask(data.train, data.validation, body, settings.prior, seed, device)
