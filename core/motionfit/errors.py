"""Errors that a user can act on: what happened, and a hint of what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import ClassVar


class MotionFitError(Exception):
    """A failure that the user can act on.

    Args:
        message: One sentence that says what is wrong, naming the file or value.
        hint: One sentence that says what to do about it; may be empty.
    """

    kind: ClassVar[str] = "error"

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".rstrip()


class InputError(MotionFitError):
    """What was given to fit cannot be read or makes no sense."""

    kind: ClassVar[str] = "input"


class SettingsError(MotionFitError):
    """A preset, weight or option is not valid."""

    kind: ClassVar[str] = "settings"


class BodyError(MotionFitError):
    """A body file is missing, of another kind, or damaged."""

    kind: ClassVar[str] = "body"


class CheckpointError(MotionFitError):
    """A checkpoint of a prior is missing, of another kind, or damaged."""

    kind: ClassVar[str] = "checkpoint"


class OutputError(MotionFitError):
    """A result cannot be written, or a written one cannot be read."""

    kind: ClassVar[str] = "output"


class FitError(MotionFitError):
    """The optimisation cannot go on."""

    kind: ClassVar[str] = "fit"


def require_one_of(value: str, known: Iterable[str], what: str) -> None:
    """Refuse a name that is not among the known ones.

    Raises:
        SettingsError: Names the nearest one, or all of them.
    """
    names = list(known)
    if value not in names:
        near = difflib.get_close_matches(value, names, n=1)
        hint = f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(names)}."
        raise SettingsError(f"Unknown {what}: {value!r}.", hint)
