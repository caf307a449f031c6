"""Writing that leaves either the whole new file or folder, or what was there before."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from motionfit.errors import OutputError


@contextmanager
def output_errors(path: Path) -> Iterator[None]:
    """Turn the operating system's refusal to write into an `OutputError` that says what to do."""
    try:
        yield
    except OSError as error:
        raise _as_output_error(path, error) from error


def _as_output_error(path: Path, error: OSError) -> OutputError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return OutputError(
            f"The disk is full: {path} was not written.", "Free some space or choose another place with -o."
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return OutputError(f"{path} is not writable.", "Choose another place with -o or change its permissions.")
    if error.errno in (errno.ENOTDIR, errno.EEXIST):
        return OutputError(
            f"{path} cannot be made: a file stands where a folder is needed.", "Choose another place with -o."
        )
    return OutputError(f"{path} was not written: {error.strerror or error}.", "Choose another place with -o.")


def temporary_beside(path: Path) -> Path:
    """The hidden name under which something is written before it takes its place."""
    return path.parent / f".{path.name}.writing-{os.getpid()}"


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Give a temporary path to write to; it replaces `path` when the block ends well, else it is removed.

    Raises:
        OutputError: The place is not writable or the disk is full.
    """
    temporary = temporary_beside(path)
    with output_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield temporary
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def recover_folder(path: Path) -> None:
    """Clear up after a writer of the folder `path` that was killed: put back what it had moved aside."""
    path = path.absolute()
    for leftover in path.parent.glob(f".{path.name}.*-*"):
        name, _, process = leftover.name.removeprefix(f".{path.name}.").partition("-")
        if name not in ("writing", "old") or not process.isdigit() or _is_running(int(process)):
            continue
        if name == "old" and not path.exists():
            leftover.rename(path)
        elif leftover.is_dir():
            shutil.rmtree(leftover, ignore_errors=True)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Give a temporary folder to fill; it replaces the folder `path` when the block ends well.

    When it does not, the temporary folder is removed and what was at `path` stays.

    Raises:
        OutputError: The place is not writable or the disk is full.
    """
    path = path.absolute()
    temporary, old = temporary_beside(path), path.parent / f".{path.name}.old-{os.getpid()}"
    with output_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.rmtree(temporary, ignore_errors=True)
            temporary.mkdir()
            yield temporary
            if path.exists():
                path.rename(old)
            temporary.rename(path)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
            if old.exists() and not path.exists():
                old.rename(path)
            shutil.rmtree(old, ignore_errors=True)
