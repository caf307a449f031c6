"""What is shown of a running fit, and how Ctrl-C stops it."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
from collections.abc import Callable, Mapping
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any

from motionfit.pipeline.stages import PHASES, STAGE_TITLES

if TYPE_CHECKING:
    from motionfit.pipeline.result import Progress, StageResult, Underway

_logger = logging.getLogger(__name__)
_PHASE_TITLES = {phase.key: phase.title for phase in PHASES}


class FitMonitor:
    """The progress callback of a fit: draws a bar on stderr, tells of finished stages, passes on Ctrl-C.

    Used as a context manager around the fit. The first Ctrl-C ends the fit within one closure, the second one
    at once.

    Args:
        given: --quiet hides the bar; so does a stderr that is no terminal.
        keep: Called with all finished stages whenever one more is finished.
        keep_underway: Called with the stage that runs whenever a part of it has ended, but for the first stage.
    """

    def __init__(
        self,
        given: argparse.Namespace,
        keep: Callable[[Mapping[str, StageResult]], None],
        keep_underway: Callable[[Underway], None],
    ) -> None:
        self.interrupted = False
        self._keep = keep
        self._keep_underway = keep_underway
        self._underway: Underway | None = None
        self._finished: set[str] | None = None
        self._shows = not given.quiet and sys.stderr.isatty()
        self._bar: Any = None
        self._task: Any = None
        self._old_handler: Any = None

    def __enter__(self) -> FitMonitor:
        self._old_handler = signal.signal(signal.SIGINT, self._interrupt)
        if self._shows:
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

            columns = (
                TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"),
                TimeElapsedColumn(), TimeRemainingColumn(),
            )  # fmt: skip
            self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
            self._task = self._bar.add_task("fit", total=1.0)
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        signal.signal(signal.SIGINT, self._old_handler)
        if self._bar is not None:
            self._bar.stop()

    def _interrupt(self, _signal: int, _frame: FrameType | None) -> None:
        if self.interrupted:
            raise KeyboardInterrupt
        self.interrupted = True
        print("Stopping; what is done is kept (Ctrl-C again stops at once).", file=sys.stderr)

    def __call__(self, progress: Progress) -> bool:
        """Show and keep; returns whether to go on."""
        done = set(progress.finished)
        if self._finished is not None and done - self._finished:
            for key in progress.finished:
                if key not in self._finished:
                    stage = progress.finished[key]
                    _logger.info("Stage %s: %.1f s, %s", STAGE_TITLES[key], stage.seconds, stage.status)
            self._keep(progress.finished)
        self._finished = done
        if done and progress.underway is not None and progress.underway is not self._underway:
            self._keep_underway(progress.underway)
            self._underway = progress.underway
        if self._bar is not None:
            title = f"{STAGE_TITLES[progress.stage]}: {_PHASE_TITLES[progress.phase]}"
            text = f"{title} {progress.iteration}/{progress.iterations}, loss {progress.record.loss:.4g}"
            self._bar.update(self._task, completed=progress.fraction, description=text)
        return not self.interrupted
