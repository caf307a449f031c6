"""Are wrong frames found? Mistakes are put into the observations of known motions, and the scores must point at them.

Every clip gets mistakes in about 15 % of its frames (`simulation.spoil`), is fitted, and scored from its diagnostics.
The measure is the average precision over the frames of all clips: 1 where every wrong frame is scored below every right
one, the share of wrong frames where the score knows nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from motionfit.bench.clips import BenchClip, bench_clips
from motionfit.bench.machine import machine_facts
from motionfit.bench.tasks import is_seen
from motionfit.body.load import load_body
from motionfit.body.model import BodyModel
from motionfit.metrics.average_precision import average_precision
from motionfit.metrics.score import score_frames
from motionfit.pipeline.fit import fit_clips
from motionfit.pipeline.result import FitResult
from motionfit.pipeline.settings import FitSettings, load_preset
from motionfit.priors.checkpoints import Priors, load_priors
from motionfit.simulation import SimulationSpec, faults_of, simulate
from motionfit.simulation.spoil import FAULT_KINDS, Fault, wrong_frames

WRONG = 0.15
_QUICK_CLIPS = 6
_BATCH = 8

Note = Callable[[str], None]
Change = Callable[[FitSettings], FitSettings]


@dataclass(frozen=True)
class TriageTask:
    """One kind of observation.

    Attributes:
        name: As in reports.
        simulate: As `--simulate` takes it, without mistakes.
        preset: That fits it.
    """

    name: str
    simulate: str
    preset: str


TRIAGE_TASKS: tuple[TriageTask, ...] = (
    TriageTask("joints", "noise=0.04", "joints3d"),
    TriageTask("keypoints", "noise=0.005,below=0.9", "keypoints3d"),
    TriageTask("video", "project=1280x720:f1060,noise_px=5,drop=0.1", "video"),
)


@dataclass(frozen=True)
class Scored:
    """The frames of one clip.

    Attributes:
        suspicion: 100 − score.
        is_wrong: Where mistakes were put.
        kinds: The mistake of each frame, "" where there is none.
    """

    suspicion: Float[Tensor, " frames"]
    is_wrong: Bool[Tensor, " frames"]
    kinds: tuple[str, ...]


def run_triage(
    data: Path | None = None,
    quick: bool = False,
    tasks: Sequence[TriageTask] = TRIAGE_TASKS,
    change: Change = lambda settings: settings,
    note: Note = lambda _text: None,
    seed: int = 0,
) -> dict[str, Any]:
    """Spoil, fit and score every clip for every task.

    Args:
        data: Folder of AMASS npz files; None = the demo clip's motion.
        quick: Six clips only.
        tasks: What to run.
        change: Applied to each task's preset, to try other settings.
        note: Told the progress in words.
        seed: Of noise and mistakes.

    Returns:
        Average precision over all frames, per task and kind of mistake, beside the share of wrong frames.
    """
    clips = bench_clips(data, _QUICK_CLIPS if quick else None)
    body, priors = load_body(), load_priors()
    report: dict[str, Any] = {
        "data": str(data) if data else "demo clip",
        "clips": len(clips),
        "wrong": WRONG,
        "machine": machine_facts(),
        "tasks": {},
    }
    everything: list[Scored] = []
    for task in tasks:
        began = time.perf_counter()
        spec = SimulationSpec.parse(f"{task.simulate},wrong={WRONG}")
        settings = change(load_preset(task.preset))
        scored = []
        for clip, result, place in fits(clips, spec, settings, body, priors, seed):
            scored.append(_scored(result, faults_of(spec, clip.motion.frames, seed + place)))
            note(f"{task.name}: {len(scored)} of {len(clips)} clips")
        report["tasks"][task.name] = _summary(scored) | {"seconds": time.perf_counter() - began}
        everything += scored
    return report | _summary(everything)


def fits(
    clips: Sequence[BenchClip],
    spec: SimulationSpec,
    settings: FitSettings,
    body: BodyModel,
    priors: Priors,
    seed: int,
) -> Iterable[tuple[BenchClip, FitResult, int]]:
    """Fit clips as they are observed, those of equal length together; each comes with its place in the list.

    A clip of which less than half the frames show anything is left out.
    """
    observed = [simulate(clip.motion, body, spec, seed + place) for place, clip in enumerate(clips)]
    for frames in sorted({each.frames for each in observed}):
        equal = [place for place, each in enumerate(observed) if each.frames == frames and is_seen(each)]
        for start in range(0, len(equal), _BATCH):
            part = equal[start : start + _BATCH]
            results = fit_clips([observed[place] for place in part], body, priors, settings)
            for place, result in zip(part, results, strict=True):
                yield clips[place], result, place


def _scored(result: FitResult, faults: tuple[Fault, ...]) -> Scored:
    frames = result.observations.frames
    kinds = [""] * frames
    for fault in faults:
        kinds[fault.start : fault.stop] = [fault.kind] * (fault.stop - fault.start)
    return Scored(100.0 - score_frames(result.diagnostics).score, wrong_frames(frames, faults), tuple(kinds))


def _summary(scored: Sequence[Scored]) -> dict[str, Any]:
    suspicion = torch.cat([each.suspicion for each in scored])
    is_wrong = torch.cat([each.is_wrong for each in scored])
    kinds = [kind for each in scored for kind in each.kinds]
    by_kind = {}
    for kind in FAULT_KINDS:
        chosen = torch.tensor([found in ("", kind) for found in kinds])
        if kind in kinds:
            by_kind[kind] = average_precision(suspicion[chosen], is_wrong[chosen])
    return {
        "frames": len(kinds),
        "base_rate": float(is_wrong.float().mean()),
        "average_precision": average_precision(suspicion, is_wrong),
        "average_precision_by_kind": by_kind,
        "mean_score_of_right_frames": 100.0 - float(suspicion[~is_wrong].mean()),
        "mean_score_of_wrong_frames": 100.0 - float(suspicion[is_wrong].mean()),
    }


def table(report: dict[str, Any]) -> list[list[str]]:
    """Rows for people: what, average precision of each task and of all."""
    columns = {**report["tasks"], "all": report}
    rows = [["frames", *columns]]
    rows.append(["all mistakes", *(f"{each['average_precision']:.3f}" for each in columns.values())])
    for kind, title in FAULT_KINDS.items():
        values = [each["average_precision_by_kind"].get(kind) for each in columns.values()]
        rows.append([f"{kind} ({title})", *("–" if value is None else f"{value:.3f}" for value in values)])
    rows.append(["share of wrong frames", *(f"{each['base_rate']:.3f}" for each in columns.values())])
    return rows
