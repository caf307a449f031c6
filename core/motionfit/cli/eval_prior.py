"""`motionfit eval-prior`: every term of the priors on training, validation and test motion."""

from __future__ import annotations

import argparse
from pathlib import Path

from motionfit.cli.console import print_table, say
from motionfit.cli.options import Commands, add_common


def add_command(commands: Commands) -> None:
    """Register `eval-prior`."""
    parser = commands.add_parser(
        "eval-prior",
        help="how good priors are",
        description="Measure priors on motion: every term for the train, val and test split (at most 1000 poses, 120 "
        "windows of 60 steps or 10,000 states of each, drawn by --seed), random motion from 200 val states with "
        "a check that it stays human, and how well unfamiliar motion (climbing, floor level) is told from walking. "
        "Computes on the CPU.",
    )
    parser.add_argument(
        "checkpoints", type=Path, nargs="*", metavar="CHECKPOINT", help=".safetensors files (those that are shipped)"
    )
    parser.add_argument(
        "--data", type=Path, required=True, metavar="DATASET",
        help="of `motionfit data prepare`, or a folder with val (and train, test) in AMASS layout, 30 frames a second",
    )  # fmt: skip
    parser.add_argument("-o", "--output", type=Path, metavar="FILE.json", help="write the report there as well")
    parser.add_argument("--body", type=Path, metavar="FILE", help="SMPL-H .npz or .pkl (the open body)")
    parser.add_argument(
        "--calibrate", action="store_true",
        help="calibrate the familiarity score on the val split and write it into the motion prior's card; it belongs "
        "to the mixture among the CHECKPOINTs, else to the shipped one",
    )  # fmt: skip
    add_common(parser)
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> tuple[int, dict[str, object]]:
    """Evaluate and tell."""
    from motionfit.cli.eval_prior_job import evaluate_priors, tables_of

    report = evaluate_priors(given)
    for entry in report["priors"]:
        for title, header, rows in tables_of(entry):
            print_table(given, title, header, rows)
        for warning in entry["warnings"]:
            say(given, f"! {warning}")
    if given.output is not None:
        say(given, f"The report is in {given.output}.")
    return 0, report
