"""What a fit returns and what it tells while it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from jaxtyping import Float
from torch import Tensor

from motionfit.motion import Floor, Motion, Observations
from motionfit.pipeline.incidents import Incident
from motionfit.pipeline.settings import FitSettings


@dataclass(frozen=True)
class ClosureRecord:
    """The terms of one evaluation of the objective.

    Attributes:
        phase: Key of the phase.
        iteration: Optimiser iteration within the phase.
        loss: Weighted sum of all terms.
        raw: Terms before weighting (sums over frames, as the reference counts).
        weighted: Terms as they enter the loss.
    """

    phase: str
    iteration: int
    loss: float
    raw: Mapping[str, float]
    weighted: Mapping[str, float]


ROBUST_SCALE = "robust_scale_"
"""Begins the names under which the scales of the robust data terms travel with the values."""


@dataclass(frozen=True)
class StageResult:
    """What one stage left behind; never changed afterwards.

    Attributes:
        key: "stage1", "stage2", "stage3_init" or "stage3".
        motion: In the frame of the observations (world z-up for 3D, camera for 2D).
        floor: In the same frame.
        variables: The optimiser's values by name, to start again from: for stages I and II `pose_latents`
            (frames, 32); for stage III also `motion_latents` (windows, frames-1, 48) and the x0 of each window.
        history: Every closure, in order; empty for "stage3_init".
        seconds: Wall time.
        status: A sentence: how the optimisation ended.
        shares: What each frame contributes to the loss in the end: weighted terms by name, each (frames,).
        incidents: What went wrong on the way and was dealt with.
    """

    key: str
    motion: Motion
    floor: Floor
    variables: Mapping[str, Float[Tensor, "..."]]
    history: tuple[ClosureRecord, ...]
    seconds: float
    status: str
    shares: Mapping[str, Float[Tensor, " frames"]] = field(default_factory=lambda: MappingProxyType({}))
    incidents: tuple[Incident, ...] = ()

    @property
    def scales(self) -> dict[str, float]:
        """Distance at which an observation of each data term counts a quarter, in the last phase.

        Metres, or pixels at a focal length of 1060; infinite where all count in full.
        """
        found = {name: float(value) for name, value in self.variables.items() if name.startswith(ROBUST_SCALE)}
        return {name.removeprefix(ROBUST_SCALE): scale for name, scale in found.items()}


@dataclass(frozen=True)
class Underway:
    """A stage that was cut off, at the end of the last of its parts that ended; see `pipeline.underway`.

    Attributes:
        stage: Its key.
        statuses: How each part ended: names of `Status`.
        window_batch: How many windows of stage III are fitted together.
        variables: As `StageResult.variables`, at the end of that part.
        history: Every closure so far, in order.
        incidents: What went wrong so far.
        seconds: Wall time so far.
    """

    stage: str
    statuses: tuple[str, ...]
    window_batch: int
    variables: Mapping[str, Float[Tensor, "..."]]
    history: tuple[ClosureRecord, ...]
    incidents: tuple[Incident, ...]
    seconds: float


@dataclass(frozen=True)
class FitResult:
    """All stages of a fit, as far as it came.

    Attributes:
        observations: What was fitted.
        settings: With what settings.
        stages: Results by key, in the order of `STAGE_TITLES`.
        windows: Start and stop frame of each stage III window.
        body_hash: Of the body file.
        priors_hash: Of the priors.
        cancelled: True when the caller stopped the fit.
        diagnostics: Per-frame measures of the last stage by name, each (frames,).
        warnings: Sentences for the user.
        underway: Of the stage that was not finished: where a fit that is given this result goes on.
        accelerated: Stage III's roll-out ran compiled.
        ground: How sure the ground is that was found under the feet of stage II (`GroundPlane.facts`).
    """

    observations: Observations
    settings: FitSettings
    stages: Mapping[str, StageResult]
    windows: tuple[tuple[int, int], ...]
    body_hash: str
    priors_hash: str
    cancelled: bool
    diagnostics: Mapping[str, Float[Tensor, " frames"]]
    warnings: tuple[str, ...] = ()
    underway: Underway | None = None
    accelerated: bool = False
    ground: Mapping[str, float] = field(default_factory=dict)

    @property
    def on_ground(self) -> bool:
        """False where the motion was fitted without a ground: nothing then slides, sinks or floats."""
        return self.settings.ground != "none"

    @property
    def final(self) -> StageResult:
        """The last stage that was reached.

        Raises:
            ValueError: No stage was finished or begun.
        """
        if not self.stages:
            raise ValueError("the fit holds no stage")
        return list(self.stages.values())[-1]


@dataclass(frozen=True)
class Progress:
    """What a fit tells after every closure, and once more at the end of every phase.

    Attributes:
        stage: Key of the running stage.
        phase: Key of the running phase.
        iteration: Done in this phase.
        iterations: The phase's limit.
        fraction: Of the whole fit, 0..1, by the expected cost of its iterations.
        seconds: Since the fit began.
        record: The closure just evaluated.
        motion: Computes the current motion when called (costs a forward pass; only call it to show it).
        finished: Results of the stages that are complete.
        incidents: What went wrong in this phase so far.
        underway: Where the running stage stood at the end of its last phase: with `finished` all that is needed to go
            on if the fit is cut off now.
        has_ended: The phase has; `record` is that of its last closure, told before.
    """

    stage: str
    phase: str
    iteration: int
    iterations: int
    fraction: float
    seconds: float
    record: ClosureRecord
    motion: Callable[[], Motion]
    finished: Mapping[str, StageResult]
    incidents: tuple[Incident, ...] = ()
    underway: Underway | None = None
    has_ended: bool = False


ProgressCallback = Callable[[Progress], bool]
"""Returns False to cancel; the fit then ends within one closure and keeps the best values so far."""
