"""Levenberg–Marquardt for a batch of independent least-squares problems with a banded time structure.

Each group has its own damping, gain test and convergence test; the groups share only the evaluations, which are
batched. The damping multiplies the diagonal of the normal equations (Marquardt 1963) and follows the ratio of what a
step gained to what the model promised (Nielsen 1999; Madsen, Nielsen & Tingleff 2004, algorithm 3.16).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from motionfit.solve.block_tridiagonal import BlockSolution, BlockSystem, solve_blocks
from motionfit.solve.minimise import Watch
from motionfit.solve.solution import MOST_FAULTS, Solution, Status

_FIRST_DAMPING = 10.0
_LEAST_DAMPING = 1e-7
_MOST_DAMPING = 1e9
_LEAST_GAIN = 1e-3
_LEAST_SCALE = 1e-6
_LOOK_BACK = 2


@dataclass(frozen=True)
class LeastSquares:
    """What the solver asks of a problem; points are rows of any parametrisation, steps are tangents there.

    Attributes:
        evaluate: Loss of each group at a point; the groups must not depend on each other.
        linearise: Gauss-Newton normal equations at a point: the matrix approximates the second derivative of the loss,
            the right-hand side is the negative gradient.
        retract: The point that a step leads to.
        kinds: How many unknowns of a block are of a kind, in their order; see `_scales`.
    """

    evaluate: Callable[[Float[Tensor, "groups unknowns"]], Float[Tensor, " groups"]]
    linearise: Callable[[Float[Tensor, "groups unknowns"]], BlockSystem]
    retract: Callable[[Float[Tensor, "groups unknowns"], BlockSolution], Float[Tensor, "groups unknowns"]]
    kinds: tuple[int, ...]


class _CancelledError(Exception):
    """The watcher asked to stop."""


def minimise_least_squares(
    problem: LeastSquares,
    start: Float[Tensor, "groups unknowns"],
    iterations: int,
    tolerance: float,
    watch: Watch | None = None,
) -> Solution:
    """Minimise each group's loss from a start.

    Args:
        problem: Loss, normal equations, steps.
        start: One row per group; not changed.
        iterations: At most so many steps per group, those not taken included.
        tolerance: A group has converged when its last two steps together lower the loss by less than this share of it.
        watch: Called after every evaluation.

    Returns:
        The best point seen, whatever happens: a step is only taken where the loss is finite and lower.
    """
    descent = _Descent(problem, start, tolerance, watch)
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

    def __init__(self, problem: LeastSquares, start: Tensor, tolerance: float, watch: Watch | None) -> None:
        self.problem, self.tolerance, self.watch = problem, tolerance, watch
        self.point = start.detach().clone()
        groups = start.shape[0]
        self.loss = start.new_full((groups,), torch.inf)
        self.system: BlockSystem | None = None
        self.damping = start.new_full((groups,), _FIRST_DAMPING)
        self.growth = start.new_full((groups,), 2.0)
        self.losses_before: list[Tensor] = []
        self.is_active = torch.ones(groups, dtype=torch.bool, device=start.device)
        self.statuses: list[Status] = [Status.ITERATION_LIMIT] * groups
        self.taken = torch.zeros(groups, dtype=torch.int64, device=start.device)
        self.faults = torch.zeros_like(self.taken)
        self.iteration = 0
        self.evaluations = 0

    def evaluate(self, point: Tensor) -> Tensor:
        loss = self.problem.evaluate(point)
        self.evaluations += 1
        self.faults = self.faults + ~torch.isfinite(loss)
        if self.watch is not None and not self.watch(self.iteration, loss):
            raise _CancelledError
        return loss

    def begin(self) -> None:
        self.loss = self.evaluate(self.point)
        self.losses_before = [torch.full_like(self.loss, torch.inf)] * _LOOK_BACK
        self._finish(~torch.isfinite(self.loss), Status.NOT_FINITE)

    def advance(self) -> None:
        """One iteration: normal equations, a damped step, the gain test, the damping, the convergence test."""
        if self.system is None:
            self.system = self.problem.linearise(self.point)
        step, promised = _damped_step(self.system, self.damping, self.problem.kinds)
        unseen = torch.finfo(promised.dtype).eps * self.loss.abs()
        self._finish(step.is_definite & (promised <= unseen), Status.CONVERGED)
        if not bool(self.is_active.any()):
            return
        trial = torch.where(self.is_active[:, None], self.problem.retract(self.point, step), self.point)
        loss = self.evaluate(trial)
        gain = (self.loss - loss) / promised
        is_lower = torch.isfinite(loss) & (loss < self.loss) & torch.isfinite(trial).all(1)
        accepted = self.is_active & is_lower & (gain > _LEAST_GAIN)
        self._take(accepted, trial, loss)
        self.taken = self.taken + self.is_active
        self._damp(accepted, gain)
        self._finish(self.faults >= MOST_FAULTS, Status.DIVERGED)
        self.iteration += 1

    def _take(self, accepted: Tensor, trial: Tensor, loss: Tensor) -> None:
        """Move the groups whose step is good; those that hardly gain any more are done."""
        if not bool(accepted.any()):
            return
        before = [torch.where(accepted, later, kept) for kept, later in self._pairs()]
        self.losses_before = before
        self.point = torch.where(accepted[:, None], trial, self.point)
        self.loss = torch.where(accepted, loss, self.loss)
        self.system = None
        share = (before[0] - self.loss) / self.loss.abs().clamp(min=1e-12)
        self._finish(accepted & (share < self.tolerance), Status.CONVERGED)

    def _pairs(self) -> list[tuple[Tensor, Tensor]]:
        return list(zip(self.losses_before, [*self.losses_before[1:], self.loss], strict=True))

    def _damp(self, accepted: Tensor, gain: Tensor) -> None:
        """Less damping after a step that kept its promise, ever more after steps that were refused."""
        shrink = (1.0 - (2.0 * gain - 1.0) ** 3).clamp(1.0 / 3.0, 2.0)
        raised = self.damping * self.growth
        self.damping = torch.where(accepted, self.damping * shrink, raised).clamp(min=_LEAST_DAMPING)
        self.growth = torch.where(accepted, 2.0, 2.0 * self.growth)
        self._finish(self.is_active & (self.damping > _MOST_DAMPING), Status.NO_DESCENT)

    def _finish(self, groups: Tensor, status: Status) -> None:
        for group in groups.nonzero()[:, 0].tolist():
            if self.is_active[group]:
                self.statuses[group] = status
        self.is_active = self.is_active & ~groups

    def end(self, status: Status) -> None:
        """Mark whatever still runs."""
        self._finish(self.is_active.clone(), status)


def _damped_step(system: BlockSystem, damping: Tensor, kinds: tuple[int, ...]) -> tuple[BlockSolution, Tensor]:
    """The step of the damped equations and the decrease that the undamped model promises for it, per group."""
    scales, corner_scales = _scales(system, kinds)
    blocks, corner = damping[:, None, None] * scales, damping[:, None] * corner_scales
    step = solve_blocks(system.raised(blocks, corner))
    pulled = (step.blocks * (blocks * step.blocks + system.right)).flatten(1).sum(1)
    shared = (step.corner * (corner * step.corner + system.corner_right)).sum(1)
    return step, 0.5 * (pulled + shared)


def _scales(system: BlockSystem, kinds: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """What one of damping adds to the diagonal: its mean over the unknowns of a kind in a block, and over the border.

    All directions of a kind are held back alike, also those that hardly anything determines: steps far along them leave
    the region where the model holds. Blocks that nothing determines get a small share of the largest, so that the
    matrix is definite and they stay where they are.
    """
    blocks, corner = system.scales()
    means = [part.mean(-1, keepdim=True).expand_as(part) for part in blocks.split(list(kinds), -1)]
    blocks = torch.cat(means, -1) if means else blocks
    corner = corner.mean(-1, keepdim=True).expand_as(corner)
    least = _LEAST_SCALE * torch.cat([blocks.flatten(1), corner], 1).amax(1)
    least = least.clamp(min=torch.finfo(least.dtype).tiny)
    return torch.maximum(blocks, least[:, None, None]), torch.maximum(corner, least[:, None])
