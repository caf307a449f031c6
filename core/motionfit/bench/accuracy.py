"""Accuracy on motion whose truth is known: degrade it, fit it, compare each stage with the truth.

The protocol is HuMoR's (ICCV 2021, section 5.1) on clips of 60 frames (shorter recordings are used whole): joints with
4 cm noise, and surface keypoints of which those below 0.9 m are hidden. Errors are means over clips; per clip stage III
is also held against stage II.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from motionfit.bench.clips import BenchClip, bench_clips
from motionfit.bench.machine import machine_facts
from motionfit.body.load import load_body
from motionfit.body.model import BodyModel
from motionfit.geometry.planes import world_floor
from motionfit.metrics.evaluation import evaluate
from motionfit.motion import Observations
from motionfit.pipeline.result import FitResult
from motionfit.pipeline.settings import FitSettings, load_preset
from motionfit.priors.checkpoints import Priors, load_priors
from motionfit.reference.choose import fit_clips
from motionfit.simulation import simulate

STAGES = ("stage1", "stage2", "stage3_init", "stage3")
_QUICK_CLIPS = 6
_BATCH = 16
_LEAST_POINTS = 3

Note = Callable[[str], None]


@dataclass(frozen=True)
class Task:
    """One kind of degraded observation.

    Attributes:
        name: As in reports.
        simulate: As `--simulate` takes it.
        preset: That fits it.
        metric: The one that stage III is held against stage II by, per clip.
    """

    name: str
    simulate: str
    preset: str
    metric: str


Row = dict[str, dict[str, float]]
"""Metrics of one clip by stage."""


@dataclass(frozen=True)
class Observed:
    """A clip and what is observed of it."""

    clip: BenchClip
    observations: Observations


TASKS: tuple[Task, ...] = (
    Task("noisy_joints", "noise=0.04", "joints3d", "global_mpjpe_mm"),
    Task("partial_keypoints", "below=0.9", "keypoints3d", "occluded_mm"),
)


def run_accuracy(
    data: Path | None = None,
    quick: bool = False,
    every: int = 1,
    tasks: tuple[Task, ...] = TASKS,
    change: Callable[[FitSettings], FitSettings] = lambda settings: settings,
    note: Note = lambda _text: None,
    seed: int = 0,
) -> dict[str, Any]:
    """Fit every clip for every task.

    Args:
        data: Folder of AMASS npz files with the truth; None = the demo clip's truth.
        quick: Six clips only.
        every: Take each so-manieth clip, by name.
        tasks: What to run.
        change: Applied to each task's preset, to try other settings.
        note: Told the progress in words.
        seed: Of the simulated noise.

    Returns:
        Per task: means of every metric per stage, and per clip the metric that stages II and III are compared by.
    """
    clips = bench_clips(data, _QUICK_CLIPS if quick else None)[::every]
    body, priors = load_body(), load_priors()
    report: dict[str, Any] = {
        "data": str(data) if data else "demo clip",
        "clips": len(clips),
        "machine": machine_facts(),
        "tasks": {},
    }
    for task in tasks:
        began = time.perf_counter()
        observed = _observe(task, clips, body, seed)
        rows = _run_task(task, observed, body, priors, change(load_preset(task.preset)), note)
        used = [each.clip for each in observed]
        report["tasks"][task.name] = _summary(task, used, rows) | {
            "skipped_unseen": sorted({clip.name for clip in clips} - {clip.name for clip in used}),
            "seconds": time.perf_counter() - began,
        }
    return report


def _observe(task: Task, clips: list[BenchClip], body: BodyModel, seed: int) -> list[Observed]:
    """Degraded observations of each clip, without the clips of which less than half the frames show anything."""
    observed = [
        Observed(clip, simulate(clip.motion, body, task.simulate, seed + place)) for place, clip in enumerate(clips)
    ]
    return [each for each in observed if _is_seen(each.observations)]


def _is_seen(observations: Observations) -> bool:
    mask = observations.joints3d_mask if observations.joints3d_mask is not None else observations.keypoints3d_mask
    return mask is None or bool((mask.sum(-1) >= _LEAST_POINTS).float().mean() >= 0.5)


def _run_task(
    task: Task, observed: list[Observed], body: BodyModel, priors: Priors, settings: FitSettings, note: Note
) -> list[Row]:
    rows: dict[str, Row] = {}
    for part in _batches(observed):
        results = fit_clips([each.observations for each in part], body, priors, settings)
        for each, result in zip(part, results, strict=True):
            rows[each.clip.name] = _measure(each.clip, each.observations, result, body)
        note(f"{task.name}: {len(rows)} of {len(observed)} clips")
    return [rows[each.clip.name] for each in observed]


def _batches(observed: list[Observed]) -> list[list[Observed]]:
    """Clips of equal length together, at most sixteen at a time."""
    lengths = sorted({each.observations.frames for each in observed})
    equal = [[each for each in observed if each.observations.frames == frames] for frames in lengths]
    return [group[start : start + _BATCH] for group in equal for start in range(0, len(group), _BATCH)]


def _measure(clip: BenchClip, observed: Observations, result: FitResult, body: BodyModel) -> Row:
    floor = world_floor()
    row = {key: evaluate(stage.motion, clip.motion, body, observed, floor) for key, stage in result.stages.items()}
    row["truth"] = evaluate(clip.motion, clip.motion, body, observed, floor)
    return row


def _summary(task: Task, clips: list[BenchClip], rows: list[Row]) -> dict[str, Any]:
    stages = {key: _mean([row[key] for row in rows]) for key in (*STAGES, "truth")}
    per_clip = {
        clip.name: {key: row[key][task.metric] for key in ("stage2", "stage3_init", "stage3")}
        for clip, row in zip(clips, rows, strict=True)
    }
    ratios = {name: each["stage3"] / each["stage2"] for name, each in per_clip.items()}
    worst = max(ratios, key=lambda name: ratios[name])
    return {
        "simulate": task.simulate,
        "preset": task.preset,
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
    """Rows for people: task, metric, one column per stage."""
    rows = [["task", "metric", *STAGES, "truth"]]
    for name, task in report["tasks"].items():
        for metric in sorted(task["stages"]["stage3"]):
            values = [task["stages"][stage].get(metric, math.nan) for stage in (*STAGES, "truth")]
            rows.append([name, metric, *(f"{value:.3f}" for value in values)])
    return rows
