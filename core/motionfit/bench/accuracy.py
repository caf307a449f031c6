"""Accuracy on motion whose truth is known: degrade it, fit it, compare each stage with the truth.

The tasks (`bench.tasks`) are fitted on clips of 60 frames (shorter recordings are used whole). Errors are means over
clips; per clip stage III is also held against stage II, and MotionFit's method against the published one.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from motionfit.bench.clips import bench_clips
from motionfit.bench.comparison import compare
from motionfit.bench.kept_fits import Keeper, fits
from motionfit.bench.machine import machine_facts
from motionfit.bench.tasks import TASKS, Observed, Task, observe
from motionfit.body.load import load_body
from motionfit.body.model import BodyModel
from motionfit.metrics.drift import drift
from motionfit.metrics.evaluation import evaluate
from motionfit.metrics.floor_error import floor_error
from motionfit.motion import Floor, Motion
from motionfit.pipeline.result import FitResult
from motionfit.pipeline.settings import METHODS, FitSettings, load_preset
from motionfit.priors.checkpoints import load_priors

STAGES = ("stage1", "stage2", "stage3_init", "stage3")
_QUICK_CLIPS = 6

Note = Callable[[str], None]
Row = dict[str, dict[str, float]]
"""Metrics of one clip by stage."""


def run_accuracy(
    data: Path | None = None,
    quick: bool = False,
    every: int = 1,
    most: int | None = None,
    tasks: Sequence[Task] = TASKS,
    methods: Sequence[str] = METHODS[:1],
    keep: Path | None = None,
    change: Callable[[FitSettings], FitSettings] = lambda settings: settings,
    note: Note = lambda _text: None,
    seed: int = 0,
) -> dict[str, Any]:
    """Fit every clip for every task.

    Args:
        data: Folder of AMASS npz files with the truth; None = the demo clip's truth.
        quick: Six clips only.
        every: Take each so-manieth clip, by name.
        most: No more than so many of these; None = all.
        tasks: What to run.
        methods: By which methods; the published one takes minutes a clip.
        keep: Folder for the fits; those found there are not repeated.
        change: Applied to each task's preset, to try other settings.
        note: Told the progress in words.
        seed: Of the simulated noise.

    Returns:
        `tasks`: per task means of every metric per stage, and per clip the metric that stages II and III are compared
        by; of the first method. `methods`: the same for each method. `comparison`: where there are two.

    Raises:
        OutputError: A kept fit is of something else.
    """
    clips = bench_clips(data, _QUICK_CLIPS if quick else None)[::every][:most]
    body, priors, keeper = load_body(), load_priors(), Keeper(keep)
    found: dict[str, dict[str, Any]] = {method: {} for method in methods}
    for task in tasks:
        observed = observe(task, clips, body, seed)
        unseen = sorted({clip.name for clip in clips} - {each.clip.name for each in observed})
        for method in methods:
            began = time.perf_counter()
            settings = change(load_preset(task.presets[method]))
            rows: dict[str, Row] = {}
            for each, result in fits(task, observed, body, priors, settings, keeper):
                rows[each.clip.name] = _measure(each, result, body)
                note(f"{task.name}, {method}: {len(rows)} of {len(observed)} clips")
            found[method][task.name] = _summary(task, settings, dict(sorted(rows.items()))) | {
                "skipped_unseen": unseen,
                "seconds": time.perf_counter() - began,
            }
    report: dict[str, Any] = {
        "data": str(data) if data else "demo clip",
        "clips": len(clips),
        "machine": machine_facts(),
        "tasks": found[methods[0]],
        "methods": found,
    }
    if len(methods) > 1:
        report["comparison"] = {task.name: compare(*(found[m][task.name]["stages"] for m in methods)) for task in tasks}
    return report


def _measure(each: Observed, result: FitResult, body: BodyModel) -> Row:
    truth, true_floor = each.input.truth, each.input.truth_floor
    assert truth is not None
    assert true_floor is not None

    def measure(motion: Motion, floor: Floor) -> dict[str, float]:
        found = evaluate(motion, truth, body, each.observations, floor, true_floor)
        if each.observations.in_camera_frame:
            tilt, height = floor_error(floor, true_floor, truth, body)
            found |= {"floor_tilt_degrees": tilt, "floor_height_cm": height}
        return found

    row = {key: measure(stage.motion, stage.floor) for key, stage in result.stages.items()}
    row["truth"] = measure(truth, true_floor)
    if "stage3_init" in result.stages:
        first, before = result.stages["stage3_init"], result.stages["stage2"]
        row["stage3_init"]["drift_mm"] = 10.0 * float(
            drift(body, first.motion, before.motion, first.floor).joints_cm.mean()
        )
    return row


def _summary(task: Task, settings: FitSettings, rows: Mapping[str, Row]) -> dict[str, Any]:
    stages = {key: _mean([row[key] for row in rows.values()]) for key in (*STAGES, "truth")}
    per_clip = {
        name: {key: row[key][task.metric] for key in ("stage2", "stage3_init", "stage3") if task.metric in row[key]}
        for name, row in rows.items()
    }
    ratios = {name: each["stage3"] / each["stage2"] for name, each in per_clip.items() if each}
    worst = max(ratios, key=lambda name: ratios[name])
    return {
        "simulate": task.simulate,
        "preset": settings.preset,
        "compared_by": task.metric,
        "stages": stages,
        "clips": per_clip,
        "worst_ratio_stage3_to_stage2": ratios[worst],
        "worst_clip": worst,
        "clips_over_1.05": sorted(name for name, ratio in ratios.items() if ratio > 1.05),
    }


def _mean(rows: list[dict[str, float]]) -> dict[str, float]:
    """Mean of each metric over the clips in which it is defined."""
    names = {name for row in rows for name in row}
    means = {}
    for name in sorted(names):
        values = [row[name] for row in rows if name in row and math.isfinite(row[name])]
        if values:
            means[name] = sum(values) / len(values)
    return means


def table(report: Mapping[str, Any]) -> list[list[str]]:
    """Rows for people: task, metric, one column per stage, and the last stage of a second method with who is better."""
    others = list(report.get("methods", {}))[1:]
    rows = [["task", "metric", *STAGES, "truth", *others, *(["better"] if others else [])]]
    for name, task in report["tasks"].items():
        for metric in sorted(task["stages"]["stage3"] | task["stages"]["stage3_init"]):
            values = [task["stages"][stage].get(metric, math.nan) for stage in (*STAGES, "truth")]
            row = [name, metric, *(f"{value:.3f}" for value in values)]
            for other in others:
                stages = report["methods"][other][name]["stages"]
                stage = "stage3" if metric in stages["stage3"] else "stage3_init"
                row += [f"{stages[stage].get(metric, math.nan):.3f}", report["comparison"][name].get(metric, "")]
            rows.append(row)
    return rows
