"""`motionfit doctor`: what is installed, found and missing, and what to do."""

from __future__ import annotations

import argparse

from motionfit.cli.console import Failure, print_failure, print_table
from motionfit.cli.options import Commands, add_common


def add_command(commands: Commands) -> None:
    """Register `doctor`."""
    parser = commands.add_parser(
        "doctor",
        help="what is installed, found and missing",
        description="Look at the machine and the installation: torch, GPU, OpenGL, display, body files, "
        "priors, codecs.",
    )
    add_common(parser)
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> tuple[int, dict[str, object]]:
    """Examine and tell; the exit code is 1 where a fit cannot run."""
    from motionfit.doctor import examine

    findings = examine()
    rows = [[each.name, each.status, each.detail, each.advice] for each in findings]
    print_table(given, "motionfit doctor", ("what", "status", "found", "what to do"), rows, of_numbers=False)
    report: dict[str, object] = {"findings": [each.to_json() for each in findings]}
    broken = [each for each in findings if each.status == "broken"]
    if not broken:
        return 0, report
    names = ", ".join(each.name for each in broken)
    failure = Failure("doctor", f"A fit cannot run here: {names}.", broken[0].advice)
    print_failure(failure)
    return 1, {**report, "error": failure.to_json()}
