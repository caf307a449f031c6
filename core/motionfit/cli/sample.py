"""`motionfit sample`: what priors make up, rebuild, and put in between, as npz and pictures."""

from __future__ import annotations

import argparse
from pathlib import Path

from motionfit.cli.console import print_table, say
from motionfit.cli.options import Commands, add_common, positive

_KINDS = {
    "pose-prior": "poses: poses.npz (a pose per frame) and poses.png; of a reconstruction given.npz, rebuilt.npz and "
    "an mp4",
    "motion-prior": "motions: one npz each and one mp4",
}
MODES = ("random", "reconstruct", "interpolate")


def add_command(commands: Commands) -> None:
    """Register `sample`."""
    parser = commands.add_parser(
        "sample",
        help="show what a prior knows",
        description="Draw from a prior, rebuild a motion by encoding and decoding it, or go from one pose or motion "
        "to another through the latent space. Files are in the AMASS layout.",
    )
    kinds = parser.add_subparsers(title="priors", metavar="PRIOR", dest="kind", required=True)
    for kind, title in _KINDS.items():
        command = kinds.add_parser(kind, help=title, description=f"Write {title}.")
        _add_options(command, kind)
        add_common(command)
        command.set_defaults(run=run)


def _add_options(parser: argparse.ArgumentParser, kind: str) -> None:
    of_motions = kind == "motion-prior"
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="where to write")
    parser.add_argument("--checkpoint", type=Path, metavar="FILE", help=".safetensors (the shipped prior)")
    parser.add_argument("--mode", choices=MODES, default=MODES[0], help="(%(default)s)")
    parser.add_argument(
        "--from", dest="sources", type=Path, nargs="+", default=[], metavar="MOTION.npz",
        help="reconstruct: the motion; interpolate: two motions"
        + (
            "; random: start at any of their frames, or of the val split of a dataset (the shipped clip's)"
            if of_motions
            else " (their first frames), or one (its first and last frame)"
        ),
    )  # fmt: skip
    parser.add_argument(
        "--count",
        type=positive,
        metavar="N",
        help="how many, random or in between" + (" (4)" if of_motions else " (15)"),
    )
    if of_motions:
        parser.add_argument(
            "--seconds", type=float, default=5.0, metavar="S", help="of a motion, at most (%(default)g)"
        )
    parser.add_argument("--body", type=Path, metavar="FILE", help="SMPL-H .npz or .pkl (the open body)")


def run(given: argparse.Namespace) -> tuple[int, dict[str, object]]:
    """Sample and tell."""
    from motionfit.cli.sample_job import sample_motions, sample_poses

    report = sample_poses(given) if given.kind == "pose-prior" else sample_motions(given)
    if report["errors"]:
        rows = [[name, f"{value:.4f}"] for name, value in report["errors"].items()]
        print_table(given, "reconstruction", ("error", "value"), rows)
    for warning in report["warnings"]:
        say(given, f"! {warning}")
    say(given, f"{', '.join(Path(name).name for name in report['files'])} are in {given.output}.")
    return 0, report
