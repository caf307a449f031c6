"""What is usual and what is tolerated in fits of clips without mistakes: `python -m motionfit.bench.tolerances`.

Writes the numbers that `metrics.score` reads: of every diagnostic the median over all frames of all clips and what 99.5
of 100 frames stay below, in fits of the observations of `bench triage` without mistakes. Use training clips.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from motionfit.bench.clips import bench_clips
from motionfit.bench.triage import TRIAGE_TASKS, Change, Note, TriageTask, fits
from motionfit.body.load import load_body
from motionfit.files.atomic import atomic_file
from motionfit.metrics.score import RULES, quantity
from motionfit.pipeline.settings import load_preset
from motionfit.priors.checkpoints import load_priors
from motionfit.simulation import SimulationSpec

TOLERATED = 0.995
_LEAST_DISTANCE = 0.3


def measure_tolerances(
    data: Path | None,
    clips: int,
    tasks: Sequence[TriageTask] = TRIAGE_TASKS,
    change: Change = lambda settings: settings,
    note: Note = lambda _text: None,
    seed: int = 0,
) -> dict[str, Any]:
    """Fit clips and see how their diagnostics are spread.

    Args:
        data: Folder of AMASS npz files; None = the demo clip's motion.
        clips: Take so many, evenly spread over the folder.
        tasks: The kinds of observation.
        change: Applied to each task's preset.
        note: Told the progress in words.
        seed: Of the noise.

    Returns:
        `tolerances` by diagnostic, and how they were measured.
    """
    body, priors = load_body(), load_priors()
    chosen = bench_clips(data, clips)
    values: dict[str, list[Tensor]] = {rule.diagnostic: [] for rule in RULES if rule.fixed is None}
    for task in tasks:
        settings, spec = change(load_preset(task.preset)), SimulationSpec.parse(task.simulate)
        for clip, result, _ in fits(chosen, spec, settings, body, priors, seed):
            for rule in RULES:
                if rule.diagnostic in values and rule.diagnostic in result.diagnostics:
                    values[rule.diagnostic].append(quantity(rule, result.diagnostics))
            note(f"{task.name}: {clip.name}")
    measured = {name: _limits(torch.cat(found)) for name, found in values.items() if found}
    return {
        "clips": [clip.name for clip in chosen],
        "tasks": {task.name: task.simulate for task in tasks},
        "tolerated_share": TOLERATED,
        "tolerances": measured,
    }


def _limits(values: Tensor) -> dict[str, float]:
    known = values[values.isfinite()].double()
    usual, tolerated = torch.quantile(known, known.new_tensor([0.5, TOLERATED])).tolist()
    return {"usual": round(usual, 4), "tolerated": round(max(tolerated, usual + _LEAST_DISTANCE), 4)}


def main() -> None:
    """Read the options, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder of AMASS motions")
    parser.add_argument("--clips", type=int, default=6, metavar="N", help="take so many of them (6)")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE.json", help="tolerances.json")
    given = parser.parse_args()
    torch.set_num_threads(1)
    report = measure_tolerances(given.data, given.clips, note=print)
    with atomic_file(given.output) as file:
        file.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
