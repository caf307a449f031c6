"""Speed, as ratios measured in one process: the stage III closure against one written plainly, and whole fits."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from motionfit.bench.clips import bench_clips
from motionfit.bench.machine import machine_facts
from motionfit.bench.plain_closure import PlainStage, with_trainable_priors
from motionfit.body.load import load_body
from motionfit.body.model import BodyModel
from motionfit.motion import Observations
from motionfit.pipeline.batch import make_batch
from motionfit.pipeline.contacts import Contacts
from motionfit.pipeline.data_terms import DataTerms
from motionfit.pipeline.device import torch_threads
from motionfit.pipeline.fit import fit
from motionfit.pipeline.ground import Ground
from motionfit.pipeline.initialise_rollout import start_rollout
from motionfit.pipeline.initialise_root import root_from_points
from motionfit.pipeline.pose_stage import PoseStage, start_values
from motionfit.pipeline.rollout_stage import RolloutStage
from motionfit.pipeline.settings import FitSettings, load_preset
from motionfit.pipeline.stages import PHASES
from motionfit.pipeline.windows import split_windows
from motionfit.priors.checkpoints import Priors, load_priors
from motionfit.simulation import simulate

_REPEATS = 5
_SIMULATE = "noise=0.04"


def run_speed(quick: bool = False, note: Callable[[str], None] = lambda _text: None) -> dict[str, Any]:
    """Time the closure both ways and a whole fit of a 60-frame clip on one thread.

    Returns:
        `closure_speedup` (plain over lean, medians), the raw medians in milliseconds, the largest relative
        difference of the two losses, the seconds of each stage of a fit, and machine facts.
    """
    with torch_threads(1):
        body, priors = load_body(), load_priors()
        observed = simulate(bench_clips(None)[0].motion, body, _SIMULATE, 0)
        settings = load_preset("joints3d")
        stage, values = _start(observed, body, priors)
        note("timing the stage III closure")
        repeats = 2 if quick else _REPEATS
        lean, plain, apart = _time_closures(stage, values, settings, repeats)
        note("timing a whole fit")
        result = fit(observed, body, priors, settings)
    return {
        "closure_speedup": plain / lean,
        "closure_lean_ms": 1000.0 * lean,
        "closure_plain_ms": 1000.0 * plain,
        "closure_loss_difference": apart,
        "fit_seconds": {key: kept.seconds for key, kept in result.stages.items()},
        "fit_closures": {key: len(kept.history) for key, kept in result.stages.items()},
        "frames": observed.frames,
        "machine": machine_facts(),
    }


def _start(observed: Observations, body: BodyModel, priors: Priors) -> tuple[RolloutStage, dict[str, Tensor]]:
    batch = make_batch([observed])
    data = DataTerms.of(body)
    windows = split_windows(observed.frames, observed.frames, 0)
    poses = PoseStage(body, priors.pose, data, batch)
    ground = Ground.held(batch.floor_normal, batch.floor_offset)
    stage = RolloutStage(body, priors, data, batch.windows(windows), windows, ground, Contacts.of(body))
    return stage, start_rollout(poses, start_values(*root_from_points(body, batch)), stage)


def _time_closures(
    stage: RolloutStage, values: Mapping[str, Tensor], settings: FitSettings, repeats: int
) -> tuple[float, float, float]:
    """Median seconds of the lean and the plain closure, alternating, and how much their losses differ."""
    trainable = with_trainable_priors(stage)
    parts = (trainable.body, trainable.priors, trainable.data, trainable.batch, trainable.windows)
    plain_stage = PlainStage(*parts, trainable.ground, trainable.contacts)
    lean_times, plain_times = [], []
    losses = (0.0, 0.0)
    for repeat in range(repeats + 1):
        began = time.perf_counter()
        lean_loss = _closure(stage, values, settings)
        middle = time.perf_counter()
        plain_loss = _closure(plain_stage, values, settings)
        ended = time.perf_counter()
        losses = (lean_loss, plain_loss)
        if repeat > 0:
            lean_times.append(middle - began)
            plain_times.append(ended - middle)
    apart = abs(losses[0] - losses[1]) / abs(losses[1])
    return statistics.median(lean_times), statistics.median(plain_times), apart


def _closure(stage: RolloutStage, values: Mapping[str, Tensor], settings: FitSettings) -> float:
    """One evaluation with gradients, all terms of the last phase on."""
    phase = PHASES[-1]
    weights = {term: settings.weights["stage3"].get(term, 0.0) for term in phase.terms}
    points = {name: value.detach().requires_grad_() for name, value in values.items()}
    terms = stage.terms(points, weights)
    loss = torch.stack([weights[name] * term.sum() for name, term in terms.items()]).sum()
    loss.backward()
    return float(loss.detach())
