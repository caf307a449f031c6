"""What a minimisation returns."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from jaxtyping import Float, Int
from torch import Tensor


class Status(Enum):
    """How a minimisation ended, as a sentence."""

    CONVERGED = "Converged: further iterations improve the loss by less than the tolerance."
    ITERATION_LIMIT = "Stopped at the iteration limit; more iterations may improve the fit."
    NO_DESCENT = "Stopped: no step along the gradient lowers the loss any more."
    NOT_FINITE = "Stopped: the objective was not finite at the start; check the observations for wild values."
    DIVERGED = "Stopped: too many steps led to where the objective is not finite; the best values so far are kept."
    CANCELLED = "Cancelled; the best values so far are kept."


MOST_FAULTS = 40
"""A group that was tried at so many points where its loss is not finite is left at its best one."""


@dataclass(frozen=True)
class Solution:
    """The best values found; rows are groups that were minimised independently of each other.

    Attributes:
        values: The best point of each group; never worse than the start.
        loss: There.
        statuses: How each group ended.
        iterations: That each group took.
        evaluations: Of the objective, for all groups together.
    """

    values: Float[Tensor, "groups unknowns"]
    loss: Float[Tensor, " groups"]
    statuses: tuple[Status, ...]
    iterations: Int[Tensor, " groups"]
    evaluations: int
