"""What is shown of a dataset that is being prepared, and how Ctrl-C and SIGTERM stop it."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from types import FrameType, TracebackType
from typing import Any

_LINE_SECONDS = 30.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class PrepareMonitor:
    """The progress callback of preparing: a bar with the time left on a terminal, else a line now and then.

    Used as a context manager. The first signal ends the work soon and keeps what is done, the second one at once.

    Args:
        given: --quiet shows nothing.
    """

    def __init__(self, given: argparse.Namespace) -> None:
        self.stopped = False
        self._tells = not given.quiet
        self._bar: Any = None
        self._tasks: dict[str, Any] = {}
        self._old_handlers: dict[signal.Signals, Any] = {}
        self._began: tuple[str, int, float] = ("", 0, 0.0)
        self._last_line = time.monotonic()

    def __enter__(self) -> PrepareMonitor:
        self._old_handlers = {number: signal.signal(number, self._stop) for number in _SIGNALS}
        if self._tells and sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
            self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._old_handlers.items():
            signal.signal(number, handler)
        if self._bar is not None:
            self._bar.stop()

    def _stop(self, _signal: int, _frame: FrameType | None) -> None:
        if self.stopped:
            raise KeyboardInterrupt
        self.stopped = True

    def __call__(self, title: str, done: int, total: int) -> bool:
        """Show; returns whether to go on."""
        if self._bar is not None:
            if title not in self._tasks:
                self._tasks[title] = self._bar.add_task(title, total=total)
            self._bar.update(self._tasks[title], completed=done, total=total)
        elif self._tells:
            self._tell(title, done, total)
        return not self.stopped

    def _tell(self, title: str, done: int, total: int) -> None:
        now = time.monotonic()
        if title != self._began[0]:
            self._began = (title, done, now)
        if now - self._last_line < _LINE_SECONDS:
            return
        self._last_line = now
        made, seconds = done - self._began[1], now - self._began[2]
        left = f", {seconds / made * (total - done):.0f} s left" if made else ""
        print(f"{title}: {done} of {total}{left}", file=sys.stderr, flush=True)
