"""`motionfit demo`: fit the clip that ships with MotionFit, print how good it is, show it."""

from __future__ import annotations

import argparse
from pathlib import Path

from motionfit.cli.console import print_table, say
from motionfit.cli.fit import add_fit_options
from motionfit.cli.options import Commands, add_common

_OUTPUT = Path("out") / "demo"


def add_command(commands: Commands) -> None:
    """Register `demo`."""
    parser = commands.add_parser(
        "demo",
        help="fit the shipped clip and show it",
        description="Fit the shipped clip, print the metrics, and open the window (or write pictures "
        "where there is no display). What an earlier demo has finished in DIR is kept.",
    )
    parser.add_argument("-o", "--output", type=Path, default=_OUTPUT, metavar="DIR", help="(%(default)s)")
    parser.add_argument("--headless", action="store_true", help="write pictures instead of opening the window")
    add_fit_options(parser)
    add_common(parser)
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> tuple[int, dict[str, object]]:
    """Fit, tell, show."""
    from motionfit.cli.demo_job import open_window, write_demo_project, write_pictures
    from motionfit.cli.eval_job import stage_metrics
    from motionfit.cli.fit_job import FitRequest, run_fit
    from motionfit.cli.tables import metric_rows
    from motionfit.doctor import display_name
    from motionfit.files.demo import demo_path
    from motionfit.files.project import SUFFIX
    from motionfit.files.result import has_result
    from motionfit.pipeline.stages import STAGE_TITLES

    say(given, "Fitting the demo clip …")
    outcome = run_fit(given, FitRequest(demo_path(), given.output, resume=has_result(given.output), may_differ=True))
    columns = stage_metrics(outcome.result, outcome.clip, outcome.body)
    header = ("metric", *(STAGE_TITLES[key] for key in columns))
    print_table(given, "demo clip", header, metric_rows(columns))
    say(given, outcome.sentence)
    if outcome.code != 0:
        return outcome.code, outcome.report
    report: dict[str, object] = dict(outcome.report)
    if given.headless or not display_name():
        pictures = write_pictures(outcome, given.output)
        say(given, f"Pictures of it are in {pictures}.")
        return 0, {**report, "pictures": str(pictures)}
    project = given.output.with_suffix(SUFFIX)
    write_demo_project(outcome, demo_path(), project)
    say(given, f"The window shows it as the project {project}.")
    open_window(project)
    return 0, {**report, "project": str(project)}
