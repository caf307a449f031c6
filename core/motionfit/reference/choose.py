"""Fits by the method that the settings name."""

from __future__ import annotations

from collections.abc import Sequence

from motionfit.body.model import BodyModel
from motionfit.motion import Observations
from motionfit.pipeline import fit as own_method
from motionfit.pipeline.result import FitResult, ProgressCallback
from motionfit.pipeline.settings import FitSettings
from motionfit.priors.checkpoints import Priors
from motionfit.reference.fit import fit_as_published


def fit(
    observations: Observations,
    body: BodyModel,
    priors: Priors,
    settings: FitSettings,
    progress: ProgressCallback | None = None,
    previous: FitResult | None = None,
) -> FitResult:
    """Fit one clip; arguments and errors are those of `pipeline.fit.fit`.

    The published method starts anew whatever `previous` holds.
    """
    if settings.method == "reference":
        return fit_as_published(observations, body, priors, settings, progress)
    return own_method.fit(observations, body, priors, settings, progress, previous)


def fit_clips(
    observations: Sequence[Observations], body: BodyModel, priors: Priors, settings: FitSettings
) -> list[FitResult]:
    """Fit clips of equal kind, length and frame rate; the published method takes them one after the other."""
    if settings.method == "reference":
        return [fit_as_published(given, body, priors, settings) for given in observations]
    return own_method.fit_clips(observations, body, priors, settings)
