"""The command line. Modules here load fast: what is heavy is imported inside the commands."""

from __future__ import annotations

import argparse
import logging
import traceback
from collections.abc import Sequence
from typing import Any

from motionfit import __version__
from motionfit.cli import (
    bench,
    convert,
    data,
    demo,
    doctor,
    eval_prior,
    evaluate,
    export,
    fit,
    import_checkpoint,
    sample,
    sweep,
    train,
)
from motionfit.cli.console import Failure, print_failure, print_json, set_up_logging
from motionfit.errors import MotionFitError

_COMMANDS = (
    fit,
    evaluate,
    export,
    demo,
    convert,
    data,
    train,
    eval_prior,
    sample,
    import_checkpoint,
    doctor,
    bench,
    sweep,
)
_INTERRUPTED = 130

_logger = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: As typed, without the program's name; by default those of the process.

    Returns:
        The exit code: 0 done, 1 the job failed, 2 wrong usage, 130 interrupted.
    """
    try:
        given = build_parser().parse_args(arguments)
    except SystemExit as end:  # argparse has printed help, the version or what is wrong
        return int(end.code or 0)
    set_up_logging(given)
    try:
        code, report = given.run(given)
    except MotionFitError as error:
        return _failed(given, Failure(error.kind, error.message, error.hint), 1)
    except KeyboardInterrupt:
        return _failed(given, Failure("interrupted", "Stopped; nothing more was written.", ""), _INTERRUPTED)
    except Exception as error:
        _logger.debug("%s", traceback.format_exc())
        hint = "This is a fault of MotionFit; -v shows where. Please report it."
        return _failed(given, Failure("unexpected", f"{type(error).__name__}: {error}", hint), 1)
    if given.json:
        print_json(report)
    return int(code)


def _failed(given: argparse.Namespace, failure: Failure, code: int) -> int:
    print_failure(failure)
    if given.json:
        report: dict[str, Any] = {"error": failure.to_json()}
        print_json(report)
    return code


def build_parser() -> argparse.ArgumentParser:
    """The parser of all commands; each sets `run` to its function."""
    parser = argparse.ArgumentParser(
        prog="motionfit",
        description="Recover a person's 3D motion from video keypoints, 3D joints or surface keypoints.",
        epilog="The window is `motionfit-gui`. Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted.",
    )
    parser.add_argument("--version", action="version", version=f"motionfit {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in _COMMANDS:
        command.add_command(commands)
    return parser


__all__ = ["build_parser", "main"]
