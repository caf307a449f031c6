"""`motionfit bench`: the figures of accuracy, speed and triage, measured here and now."""

from __future__ import annotations

import argparse
from pathlib import Path

from motionfit.cli.console import print_table, say
from motionfit.cli.options import Commands, add_common, positive


def add_command(commands: Commands) -> None:
    """Register `bench accuracy`, `bench speed` and `bench triage`."""
    parser = commands.add_parser(
        "bench", help="measure accuracy, speed or triage", description="Measure, and tell how."
    )
    kinds = parser.add_subparsers(title="what to measure", metavar="WHAT", required=True)
    accuracy = kinds.add_parser("accuracy", help="errors of each stage on degraded motions whose truth is known")
    accuracy.add_argument("--data", type=Path, metavar="DIR", help="folder of AMASS motions (the demo clip's truth)")
    accuracy.add_argument("--every", type=positive, default=1, metavar="N", help="take every Nth motion, by name (1)")
    accuracy.add_argument("--most", type=positive, metavar="N", help="no more than N of these (all)")
    accuracy.add_argument("--task", action="append", metavar="NAME", help="only this task; may be given more than once")
    accuracy.add_argument(
        "--method",
        choices=("motionfit", "reference", "both"),
        default="motionfit",
        help="how to fit: MotionFit's way, HuMoR's as published (minutes a clip), or both side by side (motionfit)",
    )
    accuracy.add_argument("--keep", type=Path, metavar="DIR", help="keep the fits there; those found are not repeated")
    speed = kinds.add_parser(
        "speed",
        help="seconds of closures and of whole fits, cost of a frame, memory, starts",
        description="Measure in one process, medians of five, on one thread: a stage III closure against one written "
        "plainly; a whole fit against the published schedule in reference mode, each with its error against the "
        "truth (that schedule takes many minutes, and is run once; with --quick its time is estimated: twenty "
        "closures a step, times the median of a few of each phase); the cost of a frame in clips of 60 to 960 frames; "
        "the memory of a fit; the time to start.",
    )
    triage = kinds.add_parser("triage", help="are wrong keypoints found? Average precision of the frames' scores")
    triage.add_argument("--data", type=Path, metavar="DIR", help="folder of AMASS motions (the demo clip's truth)")
    for kind, function in ((accuracy, run_accuracy), (speed, run_speed), (triage, run_triage)):
        kind.add_argument("--quick", action="store_true", help="fewer clips or repetitions")
        add_common(kind)
        kind.set_defaults(run=function)


def run_accuracy(given: argparse.Namespace) -> tuple[int, dict[str, object]]:
    """Measure accuracy."""
    import torch

    from motionfit.bench import accuracy
    from motionfit.bench.tasks import TASKS
    from motionfit.errors import require_one_of
    from motionfit.pipeline.settings import METHODS

    torch.set_num_threads(given.threads)
    by_name = {task.name: task for task in TASKS}
    for name in given.task or ():
        require_one_of(name, by_name, "task")
    report = accuracy.run_accuracy(
        data=given.data,
        quick=given.quick,
        every=given.every,
        most=given.most,
        tasks=[by_name[name] for name in given.task or by_name],
        methods=METHODS if given.method == "both" else (given.method,),
        keep=given.keep,
        note=lambda text: _note(given, text),
        seed=given.seed,
    )
    header, *rows = accuracy.table(report)
    print_table(given, "accuracy", header, rows)
    return 0, report


def run_speed(given: argparse.Namespace) -> tuple[int, dict[str, object]]:
    """Measure speed."""
    import torch

    from motionfit.bench import speed

    torch.set_num_threads(given.threads)
    report = speed.run_speed(quick=given.quick, note=lambda text: _note(given, text))
    header, *rows = speed.table(report)
    print_table(given, "speed", header, rows)
    return 0, report


def run_triage(given: argparse.Namespace) -> tuple[int, dict[str, object]]:
    """Measure how well wrong frames are found."""
    import torch

    from motionfit.bench import triage

    torch.set_num_threads(given.threads)
    report = triage.run_triage(
        data=given.data, quick=given.quick, note=lambda text: _note(given, text), seed=given.seed
    )
    header, *rows = triage.table(report)
    print_table(given, "average precision", header, rows)
    return 0, report


def _note(given: argparse.Namespace, text: str) -> None:
    if not given.json:
        say(given, text)
