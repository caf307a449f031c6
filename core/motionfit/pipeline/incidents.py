"""What went wrong during a fit, and what was done about it: kept with the result and told to the user."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from motionfit.pipeline.stages import PHASES, STAGE_TITLES, TERM_TITLES

NOT_FINITE = "was not finite"
GRADIENT_NOT_FINITE = "had a gradient that was not finite"
SOARED = "soared"
RAN_AWAY = "ran away"
NOT_STARTED = "nothing could be optimised from there"
SMALLER_STEP = "the fit went back to its best values and took a smaller step"


@dataclass(frozen=True)
class Incident:
    """One kind of trouble in a phase.

    Attributes:
        phase: Key of the phase.
        iteration: Optimiser iteration of the phase in which it first came up.
        what: `NOT_FINITE`, `GRADIENT_NOT_FINITE`, `SOARED`, or `RAN_AWAY` of a whole roll-out.
        term: Key of the term that shows it; None where no single one does.
        frame: Of the clip, the first that shows it; None for a term without frames.
        window: Of stage III, counted from 0; None in stages I and II.
        action: What was done about it.
        times: How often it came up.
    """

    phase: str
    iteration: int
    what: str
    term: str | None
    frame: int | None
    window: int | None
    action: str
    times: int = 1

    def sentence(self) -> str:
        """All of it for people."""
        phase = next(phase for phase in PHASES if phase.key == self.phase)
        whole = "the roll-out" if self.what == RAN_AWAY else "the loss"
        term = whole if self.term is None else f"the term “{TERM_TITLES[self.term]}”"
        where = "" if self.frame is None else f" at frame {self.frame}"
        where += "" if self.window is None else f" (window {self.window + 1})"
        often = "" if self.times == 1 else f", {self.times} times"
        return (
            f"Stage {STAGE_TITLES[phase.stage]}, {phase.title}, iteration {self.iteration}: "
            f"{term} {self.what}{where}{often}; {self.action}."
        )


def sentences_of(incidents: Iterable[Incident]) -> tuple[str, ...]:
    """One sentence each."""
    return tuple(incident.sentence() for incident in incidents)
