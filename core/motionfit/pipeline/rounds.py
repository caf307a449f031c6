"""A phase in rounds: before each the scales of the robust data terms are set anew, within it they are held."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from torch import Tensor

from motionfit.pipeline.divergence import Guard, StageTerms
from motionfit.pipeline.held import HeldNumbers
from motionfit.pipeline.incidents import Incident
from motionfit.pipeline.observation_scales import new_scales
from motionfit.pipeline.optimise import PhaseEnd, Report, ResidualsOf, Values, run_phase
from motionfit.pipeline.pose_residuals import PoseResiduals
from motionfit.pipeline.pose_stage import PoseStage
from motionfit.pipeline.result import ROBUST_SCALE, ClosureRecord
from motionfit.pipeline.settings import LEVENBERG_MARQUARDT, FitSettings
from motionfit.pipeline.stages import Phase


def run_rounds(
    phase: Phase,
    values: Values,
    tensors: Mapping[str, tuple[str, ...]],
    stage: StageTerms,
    settings: FitSettings,
    report: Report,
    held: HeldNumbers,
) -> PhaseEnd:
    """Optimise the phase's free variables; the result is as that of `run_phase`, with the scales among its values.

    The rounds share the phase's iterations: what one leaves over the later ones may use.

    Args:
        phase: Has the rounds.
        values: At its start.
        tensors: Of each variable.
        stage: The terms; those of stages I and II may be minimised as squares.
        settings: Iterations, robust widths, solver and more.
        report: Told the iterations of all rounds.
        held: Numbers of free tensors that are held all the same.
    """
    clips = values["betas"].shape[0]
    limit = settings.iterations.get(phase.key, phase.iterations)
    values = {name: value for name, value in values.items() if not name.startswith(ROBUST_SCALE)}
    end = PhaseEnd(values, (), tuple([] for _ in range(clips)), ((),) * clips)
    scales: dict[str, Tensor] = {}
    done = 0
    for number, how in enumerate(phase.scales):
        scales = new_scales(stage.batch, stage.residuals(end.values), settings.robust, how, clips)
        scaled = replace(stage, batch=stage.batch.scaled(scales))
        part = -(-(limit - done) // (len(phase.scales) - number))
        allowed = replace(settings, iterations={**settings.iterations, phase.key: part})
        residuals_of = _as_squares(scaled, held) if settings.solver_of(phase.stage) == LEVENBERG_MARQUARDT else None
        told = _from(done, report)
        later = run_phase(phase, end.values, tensors, scaled, allowed, told, residuals_of, held)
        end = _joined(end, later, done)
        done = max((record.iteration for kept in end.history for record in kept), default=0)
        if later.cancelled:
            break
    return replace(end, values=end.values | {ROBUST_SCALE + name: scale for name, scale in scales.items()})


def _as_squares(stage: StageTerms, held: HeldNumbers) -> ResidualsOf:
    assert isinstance(stage, PoseStage), "stage III is not written as squares"
    return partial(PoseResiduals, stage, held=held)


def _from(done: int, report: Report) -> Report:
    def shifted(
        phase: Phase, iteration: int, records: list[ClosureRecord], current: Mapping[str, Tensor], guard: Guard
    ) -> bool:
        return report(phase, iteration + done, _shifted(records, done), current, guard)

    return shifted


def _shifted(records: list[ClosureRecord], done: int) -> list[ClosureRecord]:
    return [replace(record, iteration=record.iteration + done) for record in records]


def _joined(before: PhaseEnd, later: PhaseEnd, done: int) -> PhaseEnd:
    history = tuple([*kept, *_shifted(new, done)] for kept, new in zip(before.history, later.history, strict=True))
    incidents = tuple((*kept, *_later(new, done)) for kept, new in zip(before.incidents, later.incidents, strict=True))
    return PhaseEnd(later.values, later.statuses, history, incidents)


def _later(incidents: tuple[Incident, ...], done: int) -> list[Incident]:
    return [replace(incident, iteration=incident.iteration + done) for incident in incidents]
