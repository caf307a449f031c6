"""How long one stage III closure takes: as fits do it, without acceleration, and written plainly."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

import torch
from torch import Tensor

from motionfit.bench.plain_closure import PlainStage, with_trainable_priors
from motionfit.body.model import BodyModel
from motionfit.motion import Observations
from motionfit.pipeline.batch import make_batch
from motionfit.pipeline.contacts import Contacts
from motionfit.pipeline.data_terms import DataTerms
from motionfit.pipeline.ground import Ground
from motionfit.pipeline.initialise_rollout import start_rollout
from motionfit.pipeline.initialise_root import root_from_points
from motionfit.pipeline.pose_stage import PoseStage, start_values
from motionfit.pipeline.rollout_stage import RolloutStage
from motionfit.pipeline.settings import FitSettings
from motionfit.pipeline.stages import PHASES
from motionfit.pipeline.windows import split_windows
from motionfit.priors.checkpoints import Priors
from motionfit.priors.rollout_native_choice import recurrence_for

PLAIN, LEAN, NATIVE = "plain", "lean", "native"
"""As research code is written; with few and large operations of torch; that with a compiled roll-out."""


def measure_closures(
    observed: Observations,
    body: BodyModel,
    priors: Priors,
    settings: FitSettings,
    batches: Sequence[int],
    repeats: int,
) -> dict[str, Any]:
    """Time closures with gradients of the last phase for so many clips side by side, the ways taking turns.

    Returns:
        Per batch the median milliseconds of each way, and over all of them the largest relative difference between
        the plain loss and another.
    """
    rows, apart = {}, 0.0
    for batch in batches:
        rows[str(batch)], own = _compare([observed] * batch, body, priors, settings, repeats)
        apart = max(apart, own)
    return {"ms": rows, "loss_difference": apart}


def plain_milliseconds(
    observed: Observations, body: BodyModel, priors: Priors, settings: FitSettings, frames: int | None, repeats: int
) -> float:
    """Median of the plain closure on the first frames of a clip; None = all."""
    stage, values = _start([observed], body, priors)
    plain = plain_stage(stage.first_frames(frames))
    return 1000.0 * _medians({PLAIN: lambda: closure(plain, values, settings)}, repeats)[PLAIN]


def plain_stage(stage: RolloutStage) -> PlainStage:
    """The stage written plainly."""
    own = with_trainable_priors(stage)
    return PlainStage(**{field.name: getattr(own, field.name) for field in fields(own)})


def closure(stage: RolloutStage, values: Mapping[str, Tensor], settings: FitSettings) -> float:
    """One evaluation with gradients, all terms of the last phase on."""
    phase = PHASES[-1]
    weights = {term: settings.weights["stage3"].get(term, 0.0) for term in phase.terms}
    points = {name: value.detach().requires_grad_() for name, value in values.items()}
    terms = stage.terms(points, weights)
    loss = torch.stack([weights[name] * term.sum() for name, term in terms.items()]).sum()
    loss.backward()
    return float(loss.detach())


def _compare(
    observed: Sequence[Observations], body: BodyModel, priors: Priors, settings: FitSettings, repeats: int
) -> tuple[dict[str, float], float]:
    stage, values = _start(observed, body, priors)
    stages = {PLAIN: plain_stage(stage), LEAN: stage}
    recurrence = recurrence_for(priors.motion)
    if recurrence is not None:
        stages[NATIVE] = replace(stage, recurrence=recurrence)
    losses = {name: closure(each, values, settings) for name, each in stages.items()}
    apart = max(abs(loss - losses[PLAIN]) / abs(losses[PLAIN]) for loss in losses.values())

    def of(each: RolloutStage) -> Callable[[], object]:
        return lambda: closure(each, values, settings)

    seconds = _medians({name: of(each) for name, each in stages.items()}, repeats)
    return {name: 1000.0 * value for name, value in seconds.items()}, apart


def _start(observed: Sequence[Observations], body: BodyModel, priors: Priors) -> tuple[RolloutStage, dict[str, Tensor]]:
    batch = make_batch(observed)
    data = DataTerms.of(body)
    windows = split_windows(observed[0].frames, observed[0].frames, 0)
    poses = PoseStage(body, priors.pose, data, batch)
    ground = Ground.held(batch.floor_normal, batch.floor_offset)
    stage = RolloutStage(body, priors, data, batch.windows(windows), windows, ground, Contacts.of(body))
    return stage, start_rollout(poses, start_values(*root_from_points(body, batch)), stage)


def _medians(ways: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Median seconds of each, taking turns, after one round that does not count."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(repeats + 1):
        for name, run in ways.items():
            began = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - began)
    return {name: statistics.median(values[1:]) for name, values in seconds.items()}
