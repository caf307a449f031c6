"""How long a whole fit takes: MotionFit's, and the published schedule, each beside its error against the truth."""

from __future__ import annotations

import statistics
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from motionfit.bench.clips import BenchClip
from motionfit.bench.speed_closures import plain_milliseconds
from motionfit.body.model import BodyModel
from motionfit.geometry.planes import world_floor
from motionfit.metrics.evaluation import evaluate
from motionfit.motion import Observations
from motionfit.pipeline.fit import fit
from motionfit.pipeline.result import ClosureRecord, FitResult, Progress
from motionfit.pipeline.settings import FitSettings
from motionfit.pipeline.windows import split_windows
from motionfit.priors.checkpoints import Priors
from motionfit.reference.fit import fit_as_published
from motionfit.reference.fit_batch import BatchFit, BatchStage, fit_batches
from motionfit.reference.initialise import Values
from motionfit.reference.observation_terms import ReferenceBody
from motionfit.reference.schedule import PHASES, Schedule
from motionfit.reference.windows import windowed

_ERRORS = ("mpjpe_mm", "global_mpjpe_mm", "mesh_mm", "accel_error_m_s2")
_SAMPLED_INNER_ITERATIONS = 3
_LEAST_SAMPLES = 2


def measure_fits(
    clip: BenchClip, observed: Observations, body: BodyModel, priors: Priors, settings: FitSettings, repeats: int
) -> dict[str, Any]:
    """MotionFit's fit, so many times: median and all seconds, seconds and closures of each stage, errors."""
    seconds, result = [], None
    for _ in range(repeats):
        began = time.perf_counter()
        result = fit(observed, body, priors, settings)
        seconds.append(time.perf_counter() - began)
    assert result is not None
    return {
        "seconds": statistics.median(seconds),
        "each_seconds": seconds,
        "stage_seconds": {key: stage.seconds for key, stage in result.stages.items()},
        "closures": {key: len(stage.history) for key, stage in result.stages.items()},
        "accelerated": result.accelerated,
        "errors": _errors(clip, observed, result, body),
    }


def run_published(
    clip: BenchClip, observed: Observations, body: BodyModel, priors: Priors, settings: FitSettings
) -> dict[str, Any]:
    """The published schedule in reference mode, run once from beginning to end."""
    clock = _Clock()
    began = time.perf_counter()
    result = fit_as_published(observed, body, priors, settings, clock.progress)
    return {
        "seconds": time.perf_counter() - began,
        "is_estimate": False,
        "closures": dict(Counter(record.phase for stage in result.stages.values() for record in stage.history)),
        "closure_ms": clock.milliseconds(),
        "errors": _errors(clip, observed, result, body),
    }


def estimate_published(
    observed: Observations, body: BodyModel, priors: Priors, settings: FitSettings
) -> dict[str, Any]:
    """What the published schedule would take: its closures times the median of a few of each phase.

    A step is taken to be as many closures as it has inner iterations, which is the least where none converges early.
    """
    schedule = Schedule.of(settings)
    closures = {phase.key: schedule.iterations.get(phase.key, 0) * schedule.inner_iterations for phase in PHASES}
    sampled = replace(schedule, iterations=dict.fromkeys(closures, 1), inner_iterations=_SAMPLED_INNER_ITERATIONS)
    windows = split_windows(observed.frames, settings.window, settings.overlap)
    clock = _Clock()
    fit_batches(
        windowed(observed, body, windows, schedule.windows_together).batches,
        ReferenceBody.of(body),
        priors,
        sampled,
        clock.tell,
    )
    milliseconds = clock.milliseconds()
    return {
        "seconds": _total_seconds(closures, milliseconds),
        "is_estimate": True,
        "closures": closures,
        "closure_ms": milliseconds,
        "errors": {},
    }


def plain_seconds(
    published: Mapping[str, Any],
    observed: Observations,
    body: BodyModel,
    priors: Priors,
    settings: FitSettings,
    repeats: int,
) -> float:
    """An estimate of the published schedule written plainly, with the closures that reference mode took.

    Reference mode leaves out what the published code spends on gradients of the priors' weights and on meshes, so its
    own time is less. Stages I and II count as in reference mode.
    """
    tuned = Schedule.of(settings).tuned_frames
    whole = plain_milliseconds(observed, body, priors, settings, None, repeats)
    first = plain_milliseconds(observed, body, priors, settings, tuned, repeats)
    plain = {"tune_x0": first, "hold_x0": whole, "refine": whole}
    return _total_seconds(published["closures"], {**published["closure_ms"], **plain})


def _total_seconds(closures: Mapping[str, int], milliseconds: Mapping[str, float]) -> float:
    return sum(count * milliseconds[phase] for phase, count in closures.items() if count) / 1000.0


def _errors(clip: BenchClip, observed: Observations, result: FitResult, body: BodyModel) -> dict[str, float]:
    metrics = evaluate(result.final.motion, clip.motion, body, observed, world_floor())
    return {name: metrics[name] for name in _ERRORS}


@dataclass
class _Clock:
    """When each closure of each phase was over."""

    ends: dict[str, list[float]] = field(default_factory=dict)

    def progress(self, progress: Progress) -> bool:
        """As a fit calls it."""
        self._note(progress.phase)
        return True

    def tell(
        self, _done: Sequence[Mapping[str, BatchStage]], _run: BatchFit, record: ClosureRecord, _now: Values
    ) -> bool:
        """As the batches of reference mode call it."""
        self._note(record.phase)
        return True

    def milliseconds(self) -> dict[str, float]:
        """Median from one closure to the next, per phase."""
        return {
            phase: 1000.0 * statistics.median(later - sooner for sooner, later in pairwise(ends))
            for phase, ends in self.ends.items()
            if len(ends) >= _LEAST_SAMPLES
        }

    def _note(self, phase: str) -> None:
        self.ends.setdefault(phase, []).append(time.perf_counter())
