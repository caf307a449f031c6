"""All that a fit tells of its frames one by one, and what each number means."""

from __future__ import annotations

from collections.abc import Mapping

from jaxtyping import Float
from torch import Tensor

from motionfit.body.model import BodyModel
from motionfit.metrics.diagnostics import MEASURES, Diagnostic, frame_diagnostics
from motionfit.metrics.drift import joints_of
from motionfit.motion import Observations
from motionfit.pipeline.familiarity import DIAGNOSTIC, familiarity_of
from motionfit.pipeline.outliers import OUTLIERS
from motionfit.pipeline.result import StageResult
from motionfit.pipeline.stages import TERM_TITLES
from motionfit.pipeline.trust import TRUST
from motionfit.priors.checkpoints import Priors

TERM = "term_"
"""Begins the names of the shares of the loss."""

DIAGNOSTICS: dict[str, Diagnostic] = {
    **MEASURES,
    DIAGNOSTIC: Diagnostic("how unfamiliar the motion is to the prior", "deviations"),
    TRUST: Diagnostic("trust in the motion prior", "", "low"),
    OUTLIERS: Diagnostic("share of the observations that count less than half", ""),
    "stage_distance_cm": Diagnostic("mean distance of the joints of stages II and III", "cm"),
    "initial_drift_cm": Diagnostic(
        "mean distance of the joints of stage II and of the roll-out that III starts from", "cm"
    ),
    **{TERM + name: Diagnostic(f"share of the loss, {title}", "") for name, title in TERM_TITLES.items()},
}
"""Every diagnostic that a fit may report: its title, its unit, and which way is bad."""


def diagnostics_of(
    stages: Mapping[str, StageResult], observations: Observations, body: BodyModel, priors: Priors
) -> dict[str, Float[Tensor, " frames"]]:
    """The diagnostics of the last stage by the keys of `DIAGNOSTICS`; what cannot be told is absent.

    Args:
        stages: At least one.
        observations: That were fitted.
        body: On the CPU.
        priors: Likewise.
    """
    last = list(stages.values())[-1]
    found = frame_diagnostics(last.motion, observations, body, last.floor)
    familiarity = familiarity_of(last.motion, body, last.floor, priors)
    if familiarity is not None:
        found[DIAGNOSTIC] = familiarity
    found |= _distances(stages, body)
    return found | {TERM + name: share for name, share in last.shares.items()}


def _distances(stages: Mapping[str, StageResult], body: BodyModel) -> dict[str, Tensor]:
    """How far stage III went from stage II, and how far off it began."""
    if not {"stage2", "stage3"} <= set(stages):
        return {}
    start = joints_of(body, stages["stage2"].motion)
    compared = {"stage_distance_cm": "stage3", "initial_drift_cm": "stage3_init"}
    return {
        name: (joints_of(body, stages[key].motion) - start).norm(dim=-1).mean(-1) * 100.0
        for name, key in compared.items()
        if key in stages
    }
