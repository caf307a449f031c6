"""Run one phase: free and held variables, weighted terms, and a record of every closure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from motionfit.pipeline.divergence import Closure, Guard, StageTerms
from motionfit.pipeline.held import HeldNumbers, hold_numbers
from motionfit.pipeline.incidents import Incident
from motionfit.pipeline.pose_residuals import PoseResiduals
from motionfit.pipeline.result import ClosureRecord
from motionfit.pipeline.settings import FitSettings
from motionfit.pipeline.stages import Phase
from motionfit.solve.block_tridiagonal import BlockSolution, BlockSystem
from motionfit.solve.layout import Layout
from motionfit.solve.levenberg_marquardt import LeastSquares, minimise_least_squares
from motionfit.solve.minimise import Objective, minimise
from motionfit.solve.solution import Status

Values = dict[str, Tensor]
Report = Callable[[Phase, int, list[ClosureRecord], Mapping[str, Tensor], Guard], bool]
"""Told the phase, the iteration, a record per clip, the values tried and what went wrong; returns False to cancel."""

ResidualsOf = Callable[[Mapping[str, float], Collection[str]], PoseResiduals]
"""From the weights of the terms that count and the names of the free tensors."""


@dataclass(frozen=True)
class PhaseEnd:
    """What a phase leaves behind."""

    values: Values
    statuses: tuple[Status, ...]
    history: tuple[list[ClosureRecord], ...]
    incidents: tuple[tuple[Incident, ...], ...]

    @property
    def cancelled(self) -> bool:
        """True when the caller stopped it."""
        return Status.CANCELLED in self.statuses


def run_phase(
    phase: Phase,
    values: Values,
    tensors: Mapping[str, tuple[str, ...]],
    stage: StageTerms,
    settings: FitSettings,
    report: Report,
    residuals_of: ResidualsOf | None = None,
    held: HeldNumbers | None = None,
) -> PhaseEnd:
    """Optimise the phase's free variables.

    Args:
        phase: What is free and what counts.
        values: All variables; the first axis of each is clips, or clips times windows. Not changed.
        tensors: Which tensors each variable stands for.
        stage: Its terms.
        settings: Weights, freezes, limits.
        report: Called after every closure.
        residuals_of: The same terms as least squares, to minimise them by Levenberg-Marquardt; None = by L-BFGS.
        held: Numbers of free tensors that are held all the same.

    Returns:
        Values with the free ones at their best; held ones are the very same tensors.
    """
    clips = values["betas"].shape[0]
    frozen = settings.frozen_in(phase.key)
    names = [name for v in phase.free if v not in frozen for name in tensors.get(v, ()) if name in values]
    weights = term_weights(phase, settings)
    history: tuple[list[ClosureRecord], ...] = tuple([] for _ in range(clips))
    if not names:
        return PhaseEnd(dict(values), (Status.CONVERGED,) * clips, history, ((),) * clips)
    layout = Layout.of({name: values[name] for name in names}, clips)
    tried, guard = _Tried({}, {}, {}), Guard(stage, weights, layout)

    def current(point: Tensor) -> Values:
        return {**values, **hold_numbers(layout.unpack(point), values, held or {})}

    def loss_at(point: Tensor) -> Tensor:
        at = current(point)
        raw = stage.terms(at, weights)
        tried.values = {name: value.detach() for name, value in at.items()}
        tried.raw = {name: term.detach() for name, term in raw.items()}
        return torch.stack([weights[name] * term for name, term in raw.items()]).sum(0)

    def watch(iteration: int, _loss: Tensor) -> bool:
        records = _records(phase.key, iteration, tried.raw, weights)
        for kept, record in zip(history, records, strict=True):
            kept.append(record)
        guard.look(Closure(iteration, tried.values, tried.gradient, records))
        return report(phase, iteration, records, tried.values, guard)

    limit = settings.iterations.get(phase.key, phase.iterations)
    start = layout.pack(values)
    if residuals_of is None:
        solution = minimise(_with_gradient(loss_at, tried, layout), start, limit, settings.tolerance, watch)
    else:
        problem = _least_squares(residuals_of(weights, names), loss_at, current, layout, tried)
        solution = minimise_least_squares(problem, start, limit, settings.tolerance, watch)
    incidents = tuple(guard.incidents(clip) for clip in range(clips))
    return PhaseEnd(current(solution.values), solution.statuses, history, incidents)


@dataclass
class _Tried:
    """The last evaluation of the objective."""

    values: Mapping[str, Tensor]
    raw: Mapping[str, Tensor]
    gradient: Mapping[str, Tensor]


def _with_gradient(loss_at: Callable[[Tensor], Tensor], tried: _Tried, layout: Layout) -> Objective:
    def objective(vector: Tensor) -> tuple[Tensor, Tensor]:
        point = vector.detach().requires_grad_()
        loss = loss_at(point)
        (gradient,) = torch.autograd.grad(loss.sum(), point)
        tried.gradient = layout.unpack(gradient)
        return loss.detach(), gradient

    return objective


def _least_squares(
    residuals: PoseResiduals,
    loss_at: Callable[[Tensor], Tensor],
    current: Callable[[Tensor], Values],
    layout: Layout,
    tried: _Tried,
) -> LeastSquares:
    def evaluate(point: Tensor) -> Tensor:
        with torch.no_grad():
            return loss_at(point)

    def linearise(point: Tensor) -> BlockSystem:
        with torch.no_grad():
            system = residuals.linearise(current(point))
        tried.gradient = residuals.slopes(system)
        return system

    def retract(point: Tensor, step: BlockSolution) -> Tensor:
        return layout.pack(residuals.retract(current(point), step))

    return LeastSquares(evaluate, linearise, retract, residuals.kinds)


def term_weights(phase: Phase, settings: FitSettings) -> dict[str, float]:
    """The weights of the terms that count in a phase."""
    given = settings.weights.get(phase.stage, {})
    return {term: given[term] for term in phase.terms if given.get(term, 0.0) > 0.0}


def _records(
    phase: str, iteration: int, raw: Mapping[str, Tensor], weights: Mapping[str, float]
) -> list[ClosureRecord]:
    table = torch.stack(list(raw.values()), 1).tolist()
    records = []
    for row in table:
        terms = dict(zip(raw, row, strict=True))
        weighted = {name: weights[name] * value for name, value in terms.items()}
        records.append(ClosureRecord(phase, iteration, sum(weighted.values()), terms, weighted))
    return records
