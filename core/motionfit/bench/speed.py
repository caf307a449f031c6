"""Speed, as ratios measured in one process: closures, whole fits, long clips, memory and starts.

The rows and what they must reach are those of `TARGETS`; times are medians, of ways that take turns, on one thread.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from motionfit.bench.clips import BenchClip, bench_clips
from motionfit.bench.machine import machine_facts
from motionfit.bench.speed_closures import LEAN, NATIVE, PLAIN, measure_closures
from motionfit.bench.speed_fits import estimate_published, measure_fits, plain_seconds, run_published
from motionfit.bench.speed_lengths import measure_gpu, measure_lengths
from motionfit.bench.speed_process import measure_memory, measure_starts
from motionfit.body.load import load_body
from motionfit.body.model import BodyModel
from motionfit.motion import Observations
from motionfit.pipeline.device import torch_threads
from motionfit.pipeline.settings import FitSettings, load_preset
from motionfit.priors.checkpoints import Priors, load_priors
from motionfit.simulation import simulate

_SIMULATE = "noise=0.04"
_PRESET, _PUBLISHED = "joints3d", "reference-3d"

Note = Callable[[str], None]
Report = dict[str, Any]


@dataclass(frozen=True)
class Target:
    """What a measure must reach.

    Attributes:
        measure: Key of the report.
        bound: The least, or with `is_most` the most that it may be.
        stretch: What would be better still.
        is_most: The smaller the better.
    """

    measure: str
    bound: float
    stretch: float | None = None
    is_most: bool = False

    def is_reached(self, value: float) -> bool:
        """Whether a value is good enough."""
        return value <= self.bound if self.is_most else value >= self.bound


TARGETS: tuple[Target, ...] = (
    Target("closure_speedup", 8.0, 12.0),
    Target("fit_speedup", 10.0, 25.0),
    Target("cost_per_frame_growth", 1.0, is_most=True),
    Target("peak_memory_above_base_mb", 400.0, is_most=True),
    Target("gpu_fit_seconds", 20.0, 5.0, is_most=True),
    Target("import_seconds", 1.5, is_most=True),
)


@dataclass(frozen=True)
class Subject:
    """What is measured, and how often.

    Attributes:
        clip: With the truth.
        observed: What is fitted.
        body: Of every fit.
        priors: Likewise.
        settings: MotionFit's.
        is_quick: Two repetitions instead of five, fewer rows, and the published schedule estimated.
    """

    clip: BenchClip
    observed: Observations
    body: BodyModel
    priors: Priors
    settings: FitSettings
    is_quick: bool

    @property
    def repeats(self) -> int:
        """Of what is quick to measure."""
        return 2 if self.is_quick else 5


def run_speed(quick: bool = False, note: Note = lambda _text: None) -> Report:
    """Measure everything on one thread.

    Returns:
        Every measure of `TARGETS` that could be taken, the medians that it comes from, errors beside the times, and
        machine facts.
    """
    with torch_threads(1):
        body, priors = load_body(), load_priors()
        clip = bench_clips(None)[0]
        observed = simulate(clip.motion, body, _SIMULATE, 0)
        subject = Subject(clip, observed, body, priors, load_preset(_PRESET), quick)
        report: Report = {"frames": observed.frames, "machine": machine_facts()}
        for title, rows in _SECTIONS:
            note(title)
            report |= rows(subject)
    return report


def closure_rows(subject: Subject) -> Report:
    """One closure written plainly, lean and native, for one clip and for several side by side."""
    one = measure_closures(subject.observed, subject.body, subject.priors, subject.settings, (1,), subject.repeats)
    several = measure_closures(
        subject.observed, subject.body, subject.priors, subject.settings, (4,) if subject.is_quick else (4, 16), 2
    )
    alone = one["ms"]["1"]
    return {
        "closure_speedup": alone[PLAIN] / alone.get(NATIVE, alone[LEAN]),
        **{f"closure_{name}_ms": value for name, value in alone.items()},
        "closure_loss_difference": max(one["loss_difference"], several["loss_difference"]),
        "closures_side_by_side_ms": several["ms"],
    }


def fit_rows(subject: Subject) -> Report:
    """Whole fits: MotionFit's with and without acceleration, and the published schedule."""
    clip, observed, body, priors = subject.clip, subject.observed, subject.body, subject.priors
    own = measure_fits(clip, observed, body, priors, subject.settings, subject.repeats)
    lean = replace(subject.settings, acceleration="none")
    fits = {"motionfit": own}
    if own["accelerated"] and not subject.is_quick:
        fits["motionfit_lean"] = measure_fits(clip, observed, body, priors, lean, 1)
    settings = load_preset(_PUBLISHED)
    if subject.is_quick:
        published = estimate_published(observed, body, priors, settings)
    else:
        published = run_published(clip, observed, body, priors, settings)
    fits["reference"] = published
    plain = plain_seconds(published, observed, body, priors, settings, 1 if subject.is_quick else 3)
    return {
        "fit_speedup": published["seconds"] / own["seconds"],
        "fit_speedup_is_estimate": published["is_estimate"],
        "fit_speedup_against_plain_estimate": plain / own["seconds"],
        "fit_plain_seconds_estimate": plain,
        "fit_seconds": own["stage_seconds"],
        "fit_closures": own["closures"],
        "fits": fits,
    }


def length_rows(subject: Subject) -> Report:
    """The cost of a frame in clips of several lengths."""
    lengths = (60, 240) if subject.is_quick else (60, 240, 960)
    rows = measure_lengths(subject.clip.motion, _SIMULATE, subject.body, subject.priors, subject.settings, lengths)
    return {"cost_per_frame_growth": rows[-1]["ms_per_frame"] / rows[0]["ms_per_frame"], "lengths": rows}


def process_rows(subject: Subject) -> Report:
    """Memory and starts, each in processes of their own."""
    memory = measure_memory()
    return {"peak_memory_above_base_mb": memory["above_base_mb"], "memory": memory} | measure_starts(subject.repeats)


def gpu_rows(subject: Subject) -> Report:
    """A fit of sixteen clips on a GPU, where there is one."""
    found = measure_gpu(subject.observed, subject.body, subject.priors, subject.settings)
    seconds = {"gpu_fit_seconds": found["seconds"]} if "seconds" in found else {}
    return {**seconds, "gpu": found}


_SECTIONS: tuple[tuple[str, Callable[[Subject], Report]], ...] = (
    ("timing the stage III closure", closure_rows),
    ("timing whole fits (the published schedule takes minutes)", fit_rows),
    ("timing clips of several lengths", length_rows),
    ("measuring memory and starts", process_rows),
    ("timing a GPU", gpu_rows),
)


def table(report: Mapping[str, Any]) -> list[list[str]]:
    """Rows for people: every number of the report, with what it must reach."""
    targets = {target.measure: target for target in TARGETS}
    rows = [["measure", "value", "must reach", "stretch", "reached"]]
    for name, value in report.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            continue
        target = targets.get(name)
        if target is None:
            rows.append([name, f"{value:.4g}", "", "", ""])
            continue
        sign = "≤" if target.is_most else "≥"
        stretch = "" if target.stretch is None else f"{sign} {target.stretch:g}"
        reached = "yes" if target.is_reached(value) else "no"
        rows.append([name, f"{value:.4g}", f"{sign} {target.bound:g}", stretch, reached])
    return rows
