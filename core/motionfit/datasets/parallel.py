"""Tasks done by processes side by side, stopped cleanly, with results that do not depend on how many there are."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, ProcessPoolExecutor, wait
from multiprocessing.connection import wait as wait_for
from multiprocessing.synchronize import Event
from typing import Any, TypeVar

from motionfit.errors import InputError

_POLL_SECONDS = 0.2
_QUEUED = 4
"""Tasks in the queue for each process: enough to keep it busy, few enough to stop soon."""

_stop_is_asked: Callable[[], bool] = bool

Task = TypeVar("Task")
Result = TypeVar("Result")


def must_stop() -> bool:
    """Whether the task that asks is to end early; only asked by long ones."""
    return _stop_is_asked()


def run_tasks(
    function: Callable[[Task], Result],
    tasks: Sequence[Task],
    workers: int,
    goes_on: Callable[[], bool],
) -> Iterator[tuple[int, Result]]:
    """Do tasks, in this process if one worker is enough.

    Args:
        function: Of a module, with one argument; what it raises is raised here.
        tasks: Their values must be picklable.
        workers: Processes.
        goes_on: Asked often; once it says no, no further task is begun and the iteration ends.

    Yields:
        The number of a task and its result, as they come.
    """
    workers = min(workers, len(tasks))
    if workers <= 1:
        yield from _run_here(function, tasks, goes_on)
    else:
        yield from _run_beside(function, tasks, workers, goes_on)


def _run_here(
    function: Callable[[Task], Result], tasks: Sequence[Task], goes_on: Callable[[], bool]
) -> Iterator[tuple[int, Result]]:
    global _stop_is_asked
    _stop_is_asked = lambda: not goes_on()  # noqa: E731
    for number, task in enumerate(tasks):
        if not goes_on():
            return
        yield number, function(task)


def _run_beside(
    function: Callable[[Task], Result], tasks: Sequence[Task], workers: int, goes_on: Callable[[], bool]
) -> Iterator[tuple[int, Result]]:
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    waiting = iter(enumerate(tasks))
    running: dict[Future[Result], int] = {}
    with ProcessPoolExecutor(workers, context, _prepare_process, (stop,)) as pool:
        try:
            while goes_on():
                for number, task in _take(waiting, workers * _QUEUED - len(running)):
                    running[pool.submit(function, task)] = number
                if not running:
                    return
                done, _ = wait(running, _POLL_SECONDS, FIRST_COMPLETED)
                for future in done:
                    yield running.pop(future), future.result()
        except BrokenExecutor as error:
            raise InputError(
                "A worker process died, perhaps for lack of memory.",
                "Run the same command again with fewer --workers: it goes on where it stopped.",
            ) from error
        finally:
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)


def _take(items: Iterator[Any], count: int) -> list[Any]:
    return [item for _, item in zip(range(count), items, strict=False)]


def _prepare_process(stop: Event) -> None:
    """A worker leaves signals to the process that started it, and ends when that one is gone."""
    import torch

    global _stop_is_asked
    _stop_is_asked = stop.is_set
    torch.set_num_threads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None
    threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    wait_for([sentinel])
    os._exit(1)
