"""What goes where: results on stdout (one JSON object with --json), everything else on stderr."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_WIDTH = 120
"""Of tables that go to a file or a pipe."""

_FORMAT = "%(asctime)s %(levelname)s %(message)s"


@dataclass(frozen=True)
class Failure:
    """Why a command failed.

    Attributes:
        kind: For scripts.
        message: What happened.
        hint: What to do; may be empty.
    """

    kind: str
    message: str
    hint: str

    def to_json(self) -> dict[str, str]:
        """As it stands under "error"."""
        return {"kind": self.kind, "message": self.message, "hint": self.hint}


class LogLines(logging.Handler):
    """Keeps what was logged, for log.txt."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.setFormatter(logging.Formatter(_FORMAT))
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one line."""
        self.lines.append(self.format(record))

    @property
    def text(self) -> str:
        """All lines."""
        return "".join(line + "\n" for line in self.lines)


def set_up_logging(given: argparse.Namespace) -> None:
    """Send the log of the program to stderr: warnings, with -v everything, with --quiet errors only."""
    logger = logging.getLogger("motionfit")
    logger.setLevel(logging.DEBUG)
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
    stream = logging.StreamHandler(sys.stderr)
    stream.setLevel(logging.DEBUG if given.verbose else logging.ERROR if given.quiet else logging.WARNING)
    stream.setFormatter(logging.Formatter("%(message)s" if not given.verbose else _FORMAT))
    logger.addHandler(stream)


def keep_log() -> LogLines:
    """Start to keep the log of the program."""
    lines = LogLines()
    logging.getLogger("motionfit").addHandler(lines)
    return lines


def print_json(report: Mapping[str, Any]) -> None:
    """The one object on stdout."""
    print(json.dumps(report, indent=1, ensure_ascii=False, allow_nan=False))


def print_failure(failure: Failure) -> None:
    """The reason on stderr."""
    print(f"motionfit: {failure.message}", file=sys.stderr)
    if failure.hint:
        print(f"  {failure.hint}", file=sys.stderr)


def say(given: argparse.Namespace, text: str) -> None:
    """A line for people: on stdout, or on stderr where stdout belongs to JSON; nothing with --quiet."""
    if not given.quiet:
        print(text, file=sys.stderr if given.json else sys.stdout, flush=True)


def print_table(
    given: argparse.Namespace,
    title: str,
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    of_numbers: bool = True,
) -> None:
    """A table on stdout, with numbers to the right of their names; nothing with --json or --quiet."""
    if given.json or given.quiet:
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for place, name in enumerate(header):
        table.add_column(name, justify="right" if of_numbers and place > 0 else "left", overflow="fold")
    for row in rows:
        table.add_row(*row)
    console = Console() if sys.stdout.isatty() else Console(width=_WIDTH)
    console.print(table)
