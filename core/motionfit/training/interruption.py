"""Ctrl-C and SIGTERM end a training at once: what it has finished is on disk already."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupted(BaseException):
    """The user, or the system, asks to stop; not a KeyboardInterrupt, on which Lightning ends the process."""


@contextmanager
def stop_on_signals() -> Iterator[None]:
    """Raise `Interrupted` inside on SIGINT or SIGTERM; signals only reach the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, _stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise Interrupted
