"""Fit a range of frames anew between locked neighbours, as a fit of the earlier result."""

from __future__ import annotations

from dataclasses import replace

import torch

from motionfit.body.model import BodyModel
from motionfit.errors import SettingsError
from motionfit.pipeline.device import torch_threads
from motionfit.pipeline.fit import fit
from motionfit.pipeline.held import held_masks
from motionfit.pipeline.refit_stages import REFITTED_STAGES, Refit
from motionfit.pipeline.result import FitResult, ProgressCallback
from motionfit.pipeline.settings import FitSettings
from motionfit.pipeline.stages import STAGE_TITLES
from motionfit.pipeline.timeline import timeline_of
from motionfit.priors.checkpoints import Priors


def refit_range(
    previous: FitResult,
    start: int,
    stop: int,
    body: BodyModel,
    priors: Priors,
    settings: FitSettings,
    progress: ProgressCallback | None = None,
) -> FitResult:
    """Fit the frames start..stop−1 of a finished fit anew; all others stay bit-identical.

    Args:
        previous: The earlier fit; with `observations` replaced, the range is fitted to the new ones.
        start: First frame of the range.
        stop: The frame after it.
        body: That was fitted, in float32 on the CPU.
        priors: Likewise.
        settings: What to run and how: stages II and III as far as `settings.stages` names them and the earlier fit has
            them (stage I is kept).
            The frames of freezes are those of the clip; what they hold are the values of the earlier fit.
        progress: As of `fit`; the motions it is shown are those of the whole clip.

    Returns:
        The earlier fit with the range fitted anew: with stage II alone, stage III is left out, as it would not belong
        to it. Histories are those of the re-fit; the variables of stage III stay those of the earlier fit. If it was
        cancelled, the range is as far as it came.

    Raises:
        SettingsError: The range, the stages, the method or the body do not go with the earlier fit.
        FitError: The objective is not finite at the start.
    """
    asked = _stages_to_refit(previous, start, stop, body, priors, settings)
    if (start, stop) == (0, previous.observations.frames):
        return fit(previous.observations, body, priors, settings, progress, previous)
    for contact in settings.contacts:
        timeline_of(previous.observations).grid_span(contact.start, contact.stop)
    held_masks([each for each in settings.freezes if not each.is_whole], 1, previous.observations.frames)
    refit = Refit(previous, start, stop, body, priors, settings, asked, progress)
    with torch_threads(settings.threads):
        torch.manual_seed(settings.seed)
        refit.go()
    stages = {key: refit.stages[key] for key in STAGE_TITLES if key in refit.stages}
    return replace(
        previous,
        settings=replace(settings, refitted=(*previous.settings.refitted, (start, stop))),
        stages=stages,
        cancelled=refit.cancelled,
        diagnostics=refit.diagnostics(),
        warnings=refit.warnings(),
        underway=None,
    )


def _stages_to_refit(
    previous: FitResult, start: int, stop: int, body: BodyModel, priors: Priors, settings: FitSettings
) -> tuple[str, ...]:
    """The stages to run.

    Raises:
        SettingsError: As `refit_range` says.
    """
    frames = previous.observations.frames
    if not 0 <= start < stop <= frames:
        raise SettingsError(
            f"There is no range {start}:{stop} in a clip of {frames} frames.",
            f"Give the first frame and the one after the last, from 0:1 to 0:{frames}.",
        )
    if previous.cancelled:
        raise SettingsError("The earlier fit was stopped before its end.", "Finish it first (--resume).")
    if "reference" in (settings.method, previous.settings.method):
        raise SettingsError(
            "The published method fits whole clips only.", "Fit the clip by another preset, then re-fit the range."
        )
    if previous.body_hash != body.content_hash or previous.priors_hash != priors.hash:
        what = "body" if previous.body_hash != body.content_hash else "prior"
        raise SettingsError(
            f"The earlier fit was made with another {what}.", f"Give the same {what}, or fit the whole clip."
        )
    asked = tuple(stage for stage in REFITTED_STAGES if stage in settings.stages)
    if not asked:
        raise SettingsError("A range is fitted by stages II and III.", "Choose them with --stages 2,3.")
    present = tuple(stage for stage in asked if stage in previous.stages)
    if "stage2" not in previous.stages or not present:
        missing = "stage2" if "stage2" not in previous.stages else asked[0]
        raise SettingsError(f"The earlier fit has no stage {STAGE_TITLES[missing]}.", "Fit the whole clip first.")
    return present
