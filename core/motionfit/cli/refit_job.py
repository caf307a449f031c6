"""A range of a finished fit, fitted anew from the command line."""

from __future__ import annotations

import argparse
import logging
from dataclasses import replace
from pathlib import Path

from motionfit.body.model import BodyModel
from motionfit.cli.progress import FitMonitor
from motionfit.errors import OutputError
from motionfit.files.inputs import ClipInput
from motionfit.files.result import read_result
from motionfit.motion import Observations
from motionfit.pipeline.refit_range import refit_range
from motionfit.pipeline.result import FitResult
from motionfit.pipeline.settings import FitSettings
from motionfit.priors.checkpoints import Priors

_logger = logging.getLogger(__name__)


def read_finished(folder: Path, observations: Observations) -> FitResult:
    """The finished fit whose range is to be fitted anew, with the observations as they are now.

    Raises:
        OutputError: There is none, it was stopped, or it is of a clip of another length or kind.
    """
    earlier = read_result(folder)
    if earlier.cancelled:
        raise OutputError(f"The fit in {folder} was stopped before its end.", "Finish it first (--resume).")
    was, now = earlier.observations, observations
    if (was.frames, was.kind) != (now.frames, now.kind):
        raise OutputError(
            f"The result in {folder} is of {was.frames} frames of {was.kind}, and the input has {now.frames} of "
            f"{now.kind}.",
            "Give the clip that was fitted; only what was observed in it may differ.",
        )
    return replace(earlier, observations=observations)


def refit_clip(
    given: argparse.Namespace,
    frames: tuple[int, int],
    earlier: FitResult,
    clip: ClipInput,
    body: BodyModel,
    priors: Priors,
    settings: FitSettings,
) -> FitResult:
    """Fit the range anew; nothing is written before it is done.

    Raises:
        MotionFitError: As `refit_range`.
    """
    _logger.info("Fitting frames %d to %d of %s anew", frames[0], frames[1] - 1, clip.name)
    with FitMonitor(given, lambda _stages: None, lambda _underway: None) as monitor:
        return refit_range(earlier, *frames, body, priors, settings, monitor)
