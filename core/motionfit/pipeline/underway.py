"""How far a stage has come, so that a fit that was cut off goes on from there to the very same result.

A stage is a row of parts that come one after the other: its phases; in stage III the phases of one batch of windows
after those of the other. Between two parts all that counts are the variables: everything else of a fit follows from
the observations, the settings and the stages before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from motionfit.pipeline.freezes import Freeze
from motionfit.pipeline.incidents import Incident
from motionfit.pipeline.optimise import PhaseEnd, Values
from motionfit.pipeline.result import ClosureRecord, Underway
from motionfit.pipeline.rollout_stage import PER_WINDOW
from motionfit.pipeline.settings import AUTO, FitSettings
from motionfit.pipeline.stages import OPTIMISED_STAGES, Phase
from motionfit.solve.solution import Status


@dataclass(frozen=True)
class Part:
    """One phase, in stage III of one batch of windows.

    Attributes:
        phase: What is free and what counts.
        share: Of the windows of a clip that it is about.
        run: From the variables of all clips and windows to the same with those of the part at their best.
    """

    phase: Phase
    share: float
    run: Callable[[Values], PhaseEnd]


@dataclass(frozen=True)
class Course:
    """A stage under way, its clips side by side.

    Attributes:
        values: All variables after the parts that have ended.
        histories: Every closure of each clip.
        incidents: What went wrong in each clip.
        statuses: How each part ended for each clip.
        seconds: Wall time so far.
    """

    values: Values
    histories: tuple[tuple[ClosureRecord, ...], ...]
    incidents: tuple[tuple[Incident, ...], ...]
    statuses: tuple[tuple[Status, ...], ...] = ()
    seconds: float = 0.0

    @classmethod
    def start(cls, values: Values, clips: int, seconds: float = 0.0) -> Course:
        """No part has ended."""
        return cls(values, ((),) * clips, ((),) * clips, seconds=seconds)

    @classmethod
    def taken_up(cls, underway: Underway, device: torch.device) -> Course:
        """The course of a single clip that was cut off."""
        values = {
            name: (value if name in PER_WINDOW else value[None]).to(device).clone()
            for name, value in underway.variables.items()
        }
        statuses = tuple((Status[name],) for name in underway.statuses)
        return cls(values, (underway.history,), (underway.incidents,), statuses, underway.seconds)

    def after(self, end: PhaseEnd, seconds: float) -> Course:
        """With one more part ended; values are copied, so that they lie in memory as if they had been read."""
        return replace(
            self,
            values={name: value.detach().clone() for name, value in end.values.items()},
            histories=tuple((*kept, *new) for kept, new in zip(self.histories, end.history, strict=True)),
            incidents=tuple((*kept, *new) for kept, new in zip(self.incidents, end.incidents, strict=True)),
            statuses=(*self.statuses, end.statuses),
            seconds=self.seconds + seconds,
        )

    def underway(self, stage: str, window_batch: int, clip: int) -> Underway:
        """What to keep of one clip."""
        return Underway(
            stage=stage,
            statuses=tuple(part[clip].name for part in self.statuses),
            window_batch=window_batch,
            variables=clip_variables(self.values, clip, len(self.histories)),
            history=self.histories[clip],
            incidents=self.incidents[clip],
            seconds=self.seconds,
        )

    def status(self, clip: int, phases: int, is_whole: bool) -> Status:
        """How a stage ended for a clip: as its last phase, with several batches as the least settled of theirs.

        Args:
            clip: Which.
            phases: Of the stage.
            is_whole: All parts have ended.
        """
        if not is_whole:
            return Status.CANCELLED
        return max((part[clip] for part in self.statuses[phases - 1 :: phases]), key=list(Status).index)


def clip_variables(values: Mapping[str, Tensor], clip: int, clips: int) -> dict[str, Tensor]:
    """The variables of one clip as they are kept: on the CPU, those of windows with a row for each."""
    kept = {}
    for name, value in values.items():
        count = value.shape[0] // clips
        rows = value[clip * count : (clip + 1) * count] if name in PER_WINDOW else value[clip]
        kept[name] = rows.detach().cpu().clone()
    return kept


def without_machine(settings: FitSettings) -> FitSettings:
    """What of the settings decides the result: not the stages to run, the machine, or the freeze of a given floor."""
    return replace(
        settings,
        stages=OPTIMISED_STAGES,
        device="auto",
        threads=1,
        acceleration=AUTO,
        refitted=(),
        freezes=settings.freezes - {Freeze("floor")},
    )
