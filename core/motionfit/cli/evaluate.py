"""`motionfit eval`: accuracy and plausibility of a result against a known motion."""

from __future__ import annotations

import argparse
from pathlib import Path

from motionfit.cli.console import print_table, say
from motionfit.cli.options import Commands, add_common


def add_command(commands: Commands) -> None:
    """Register `eval`."""
    parser = commands.add_parser(
        "eval",
        help="accuracy and plausibility of a result",
        description="Compare every stage of a result with the true motion (AMASS layout, world z up).",
    )
    parser.add_argument("result", type=Path, metavar="RESULT", help="result folder of `motionfit fit`")
    parser.add_argument("--truth", type=Path, required=True, metavar="MOTION.npz", help="the true motion")
    parser.add_argument("--observed", type=Path, metavar="OBS.npz", help="observations (those of the result)")
    parser.add_argument("--body", type=Path, metavar="FILE", help="SMPL-H .npz or .pkl (the open body)")
    add_common(parser)
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> tuple[int, dict[str, object]]:
    """Evaluate and tell."""
    from motionfit.cli.eval_job import evaluate_result
    from motionfit.cli.tables import metric_rows
    from motionfit.pipeline.stages import STAGE_TITLES

    report = evaluate_result(given)
    stages = report["stages"]
    header = ("metric", *(STAGE_TITLES[key] for key in stages))
    print_table(given, str(given.result), header, metric_rows(stages))
    if "score_mean" in report:
        say(given, f"Mean score of the frames {report['score_mean']:.0f} of 100.")
    for span in report.get("worst_spans", ()):
        say(given, f"Frames {span['start']}-{span['stop'] - 1}: {span['score']:.0f}, {'; '.join(span['reasons'])}")
    return 0, report
