"""What is shown of a running training, on stderr: a bar with all terms on a terminal, else a line per epoch."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from datetime import timedelta
from types import TracebackType
from typing import Any

from motionfit.training.task import Metrics

_REFRESH_SECONDS = 0.25


class TrainingProgress:
    """Told of steps and epochs; used as a context manager around them.

    Args:
        epochs: Of the whole run.
        quiet: Show nothing.
    """

    def __init__(self, epochs: int, quiet: bool = False) -> None:
        self.epochs = epochs
        self.quiet = quiet
        self.epoch = 0
        self._shows_bar = not quiet and sys.stderr.isatty()
        self._live: Any = None
        self._bar: Any = None
        self._task: Any = None
        self._shown = 0.0
        self._seconds: list[float] = []

    def __enter__(self) -> TrainingProgress:
        if self._shows_bar:
            from rich.console import Console
            from rich.live import Live
            from rich.progress import BarColumn, Progress, TextColumn

            self._bar = Progress(TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[left]}"))
            self._task = self._bar.add_task("preparing", total=None, left="")
            self._live = Live(self._bar, console=Console(stderr=True), transient=True)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def epoch_begins(self, epoch: int, steps: int) -> None:
        """An epoch (from 0) of so many steps begins."""
        self.epoch = epoch
        if self._bar is not None:
            title = f"epoch {epoch + 1} of {self.epochs}"
            self._bar.update(self._task, description=title, total=steps, completed=0, left=self._time_left())

    def step_done(self, step: int, terms: Callable[[], Metrics]) -> None:
        """So many steps of the epoch are done; `terms` gives the means so far."""
        now = time.monotonic()
        if self._live is None or now - self._shown < _REFRESH_SECONDS:
            return
        from rich.console import Group
        from rich.text import Text

        self._shown = now
        self._bar.update(self._task, completed=step)
        self._live.update(Group(self._bar, Text(_sentence(terms()))))

    def epoch_done(self, row: Metrics, best: Metrics) -> None:
        """An epoch is finished."""
        self._seconds.append(row["seconds"])
        if self.quiet:
            return
        terms = {name: value for name, value in row.items() if name not in ("epoch", "seconds", "learning_rate")}
        mark = "best so far" if best["epoch"] == row["epoch"] else f"best {best['score']:.4g} ({best['epoch'] + 1:.0f})"
        line = (
            f"epoch {self.epoch + 1} of {self.epochs}: {_sentence(terms)}; {mark}; "
            f"{row['seconds']:.1f} s{self._time_left()}"
        )
        if self._live is not None:
            self._live.console.print(line, highlight=False)
        else:
            print(line, file=sys.stderr, flush=True)

    def _time_left(self) -> str:
        left = self.epochs - 1 - self.epoch
        if not self._seconds or left <= 0:
            return ""
        recent = self._seconds[-5:]
        return f", {timedelta(seconds=round(left * sum(recent) / len(recent)))} left"


def _sentence(terms: Metrics) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in terms.items())
