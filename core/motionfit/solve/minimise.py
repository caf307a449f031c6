"""L-BFGS for a batch of independent problems: each group has its own memory, line search and convergence test.

One line search for the whole batch would couple clips that have nothing to do with each other; here the groups share
only the evaluation of the objective, which is batched (Nocedal & Wright, Numerical Optimization, algorithm 7.5).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from motionfit.solve.line_search import LineStart, search_line
from motionfit.solve.solution import MOST_FAULTS, Solution, Status

Objective = Callable[[Float[Tensor, "groups unknowns"]], tuple[Tensor, Tensor]]
"""Loss (groups,) and its gradient (groups, unknowns) at a point."""

Watch = Callable[[int, Tensor], bool]
"""Told the iteration and the losses after every evaluation; returns False to cancel."""

MEMORY = 100
"""Steps that directions are made of; twice the way of twenty for the same evaluations, on fits of sixty frames."""

_LOOK_BACK = 10
_LEAST_CURVATURE = 1e-10


class _CancelledError(Exception):
    """The watcher asked to stop."""


@dataclass
class _Memory:
    """The last steps and changes of the gradient; a pair of no curvature has weight zero."""

    steps: list[Tensor]
    changes: list[Tensor]
    weights: list[Tensor]

    def add(self, step: Tensor, change: Tensor) -> None:
        curvature = (step * change).sum(1)
        is_good = curvature > _LEAST_CURVATURE * change.square().sum(1).clamp(min=1e-30)
        safe = torch.where(is_good, curvature, torch.ones_like(curvature))
        self.steps.append(step)
        self.changes.append(change)
        self.weights.append(torch.where(is_good, 1.0 / safe, torch.zeros_like(safe)))
        for kept in (self.steps, self.changes, self.weights):
            del kept[:-MEMORY]

    def forget(self, groups: Tensor) -> None:
        self.weights = [torch.where(groups, torch.zeros_like(weight), weight) for weight in self.weights]

    def direction(self, gradient: Tensor) -> Tensor:
        """The two-loop recursion; groups without memory get the negative gradient."""
        q = -gradient
        shares = []
        for step, change, weight in zip(
            reversed(self.steps), reversed(self.changes), reversed(self.weights), strict=True
        ):
            share = weight * (step * q).sum(1)
            q = q - share[:, None] * change
            shares.append(share)
        q = q * self._scale(gradient)[:, None]
        for step, change, weight, share in zip(self.steps, self.changes, self.weights, reversed(shares), strict=True):
            q = q + (share - weight * (change * q).sum(1))[:, None] * step
        return q

    def _scale(self, gradient: Tensor) -> Tensor:
        scale = torch.ones_like(gradient[:, 0])
        for change, weight in zip(self.changes, self.weights, strict=True):
            squared = change.square().sum(1).clamp(min=1e-30)
            safe = torch.where(weight > 0, weight, torch.ones_like(weight))
            scale = torch.where(weight > 0, 1.0 / (safe * squared), scale)
        return scale

    def is_empty(self) -> Tensor | None:
        if not self.weights:
            return None
        return torch.stack(self.weights).amax(0) == 0


def minimise(
    objective: Objective,
    start: Float[Tensor, "groups unknowns"],
    iterations: int,
    tolerance: float,
    watch: Watch | None = None,
) -> Solution:
    """Minimise each group's loss from a start.

    Args:
        objective: Batched loss and gradient; must treat rows independently.
        start: One row per group; not changed.
        iterations: At most so many line searches per group.
        tolerance: A group has converged when ten iterations lower its loss by less than this share of it.
        watch: Called after every evaluation.

    Returns:
        The best point seen, whatever happens: a step is only taken where the loss is finite and lower.
    """
    descent = _Descent(objective, start, tolerance, watch)
    try:
        descent.begin()
        while descent.iteration < iterations and bool(descent.is_active.any()):
            descent.advance()
    except _CancelledError:
        descent.end(Status.CANCELLED)
    descent.end(Status.ITERATION_LIMIT)
    return Solution(descent.point, descent.loss, tuple(descent.statuses), descent.taken, descent.evaluations)


class _Descent:
    """The state of a running minimisation."""

    def __init__(self, objective: Objective, start: Tensor, tolerance: float, watch: Watch | None) -> None:
        self.objective, self.tolerance, self.watch = objective, tolerance, watch
        self.point = start.detach().clone()
        groups = start.shape[0]
        self.loss = start.new_full((groups,), torch.inf)
        self.gradient = torch.zeros_like(self.point)
        self.memory = _Memory([], [], [])
        self.trace: list[Tensor] = []
        self.is_active = torch.ones(groups, dtype=torch.bool, device=start.device)
        self.statuses: list[Status] = [Status.ITERATION_LIMIT] * groups
        self.taken = torch.zeros(groups, dtype=torch.int64, device=start.device)
        self.faults = torch.zeros_like(self.taken)
        self.iteration = 0
        self.evaluations = 0

    def evaluate(self, point: Tensor) -> tuple[Tensor, Tensor]:
        loss, gradient = self.objective(point)
        self.evaluations += 1
        self.faults = self.faults + ~(torch.isfinite(loss) & torch.isfinite(gradient).all(1))
        if self.watch is not None and not self.watch(self.iteration, loss):
            raise _CancelledError
        return loss, gradient

    def begin(self) -> None:
        self.loss, self.gradient = self.evaluate(self.point)
        is_finite = torch.isfinite(self.loss) & torch.isfinite(self.gradient).all(1)
        self._finish(~is_finite, Status.NOT_FINITE)
        self._finish(is_finite & (self.gradient.abs().amax(1) == 0), Status.CONVERGED)

    def advance(self) -> None:
        """One iteration: direction, line search, memory, tests."""
        start = self._line_start()
        found = search_line(self.evaluate, start)
        moved = found.improved & self.is_active
        step, change = found.point - self.point, found.gradient - self.gradient
        keep = moved[:, None]
        self.memory.add(torch.where(keep, step, 0.0), torch.where(keep, change, 0.0))
        self.point = torch.where(keep, found.point, self.point)
        self.gradient = torch.where(keep, found.gradient, self.gradient)
        self.loss = torch.where(moved, found.loss, self.loss)
        self.taken = self.taken + self.is_active
        self._settle(self.is_active & ~found.improved)
        self._test_convergence()
        self._finish(self.faults >= MOST_FAULTS, Status.DIVERGED)
        self.iteration += 1

    def _line_start(self) -> LineStart:
        direction = self.memory.direction(self.gradient)
        slope = (direction * self.gradient).sum(1)
        is_bad = ~torch.isfinite(slope) | (slope >= 0)
        self.memory.forget(is_bad)
        direction = torch.where(is_bad[:, None], -self.gradient, direction)
        slope = torch.where(is_bad, -self.gradient.square().sum(1), slope)
        empty = self.memory.is_empty()
        first = (1.0 / self.gradient.abs().sum(1).clamp(min=1e-30)).clamp(max=1.0)
        length = first if empty is None else torch.where(empty, first, torch.ones_like(first))
        return LineStart(self.point, self.loss, self.gradient, direction, slope, length, self.is_active)

    def _settle(self, failed: Bool[Tensor, " groups"]) -> None:
        """A group whose line search failed tries steepest descent once; if it has just done so, it is done."""
        empty = self.memory.is_empty()
        had_memory = failed if empty is None else failed & ~empty
        self.memory.forget(failed)
        self._finish(failed & ~had_memory, Status.NO_DESCENT)

    def _test_convergence(self) -> None:
        self.trace.append(self.loss)
        if len(self.trace) <= _LOOK_BACK:
            return
        before = self.trace[-1 - _LOOK_BACK]
        gain = (before - self.loss) / self.loss.abs().clamp(min=1e-12)
        self._finish(self.is_active & (gain < self.tolerance), Status.CONVERGED)

    def _finish(self, groups: Tensor, status: Status) -> None:
        for group in groups.nonzero()[:, 0].tolist():
            if self.is_active[group]:
                self.statuses[group] = status
        self.is_active = self.is_active & ~groups

    def end(self, status: Status) -> None:
        """Mark whatever still runs."""
        self._finish(self.is_active.clone(), status)
