"""The fit of one clip, or of several of a kind at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch

from motionfit.body.model import BodyModel
from motionfit.errors import InputError, SettingsError
from motionfit.motion import Observations
from motionfit.pipeline.batch import make_batch
from motionfit.pipeline.device import resolve_device, torch_threads
from motionfit.pipeline.find_ground import ground_mode
from motionfit.pipeline.held import held_masks
from motionfit.pipeline.memory import windows_at_once
from motionfit.pipeline.result import FitResult, ProgressCallback, StageResult, Underway
from motionfit.pipeline.run import Run
from motionfit.pipeline.settings import FitSettings
from motionfit.pipeline.stages import OPTIMISED_STAGES, STAGE_TITLES
from motionfit.pipeline.timeline import timeline_of
from motionfit.pipeline.underway import without_machine
from motionfit.pipeline.wild_observations import without_wild
from motionfit.pipeline.windows import split_windows
from motionfit.priors.checkpoints import Priors

_LEAST_FRAMES = 3


def fit(
    observations: Observations,
    body: BodyModel,
    priors: Priors,
    settings: FitSettings,
    progress: ProgressCallback | None = None,
    previous: FitResult | None = None,
) -> FitResult:
    """Fit one clip.

    Args:
        observations: What was observed; at least three frames.
        body: In float32 on the CPU; the fit moves it to its device.
        priors: Likewise.
        settings: What to run and how.
        progress: Called after every closure; returning False cancels, and what is done is kept.
        previous: An earlier fit of the same clip: stages before the first of `settings.stages` are taken from it. If
            it was cut off in that stage and had the same settings, the fit goes on after its last finished phase.

    Raises:
        InputError: The observations cannot be fitted.
        SettingsError: The stages to run need earlier ones that `previous` does not have.
        FitError: The objective is not finite at the start.
    """
    return fit_clips([observations], body, priors, settings, progress, previous)[0]


def fit_clips(
    observations: Sequence[Observations],
    body: BodyModel,
    priors: Priors,
    settings: FitSettings,
    progress: ProgressCallback | None = None,
    previous: FitResult | None = None,
) -> list[FitResult]:
    """Fit several clips of equal kind, length and frame rate together; each has its own line search.

    `progress` tells of the first clip; `previous` is for a single clip. Otherwise as `fit`.
    """
    for each in observations:
        _check(each)
    used = [without_wild(each) for each in observations]
    ground_mode(settings.ground, observations)
    settings = replace(settings, refitted=())
    held_masks([each for each in settings.freezes if not each.is_whole], 1, observations[0].frames)
    kept = _kept_stages(previous, settings.stages, len(observations))
    underway = _underway(previous, settings)
    device = resolve_device(settings.device)
    timelines = [timeline_of(given) for given in observations]
    for override in settings.contacts:
        timelines[0].grid_span(override.start, override.stop)
    with torch_threads(settings.threads):
        torch.manual_seed(settings.seed)
        run = Run(
            observations=used,
            body=body.to(device),
            priors=priors.to(device),
            settings=settings,
            batch=make_batch(used, device),
            timelines=timelines,
            windows=split_windows(timelines[0].frames, settings.window, settings.overlap),
            progress=progress,
            results=kept,
            window_batch=underway.window_batch if underway else _window_batch(settings, len(observations), device),
            underway=(underway,) * len(observations),
        )
        run.go()
    return [replace(run.result(clip), observations=given) for clip, given in enumerate(observations)]


def _check(observations: Observations) -> None:
    if observations.kind == "nothing":
        raise InputError(
            "There are no observations to fit.", "Give 3D joints, 3D keypoints, surface points or 2D keypoints."
        )
    if observations.frames < _LEAST_FRAMES:
        raise InputError(
            f"The clip has {observations.frames} frame(s); a motion needs {_LEAST_FRAMES} or more.",
            "Give a longer clip.",
        )
    if observations.keypoints2d is not None and observations.camera is None:
        raise InputError("2D keypoints need a camera.", "Give intrinsics and image_size with them.")


def _underway(previous: FitResult | None, settings: FitSettings) -> Underway | None:
    """What an earlier fit with the same settings left of the first stage to run."""
    if previous is None or previous.underway is None or not settings.stages:
        return None
    first = min(settings.stages, key=OPTIMISED_STAGES.index)
    is_same = without_machine(previous.settings) == without_machine(settings)
    return previous.underway if is_same and previous.underway.stage == first else None


def _window_batch(settings: FitSettings, clips: int, device: torch.device) -> int:
    return settings.window_batch or windows_at_once(settings.window, clips, device)


def _kept_stages(previous: FitResult | None, stages: tuple[str, ...], clips: int) -> list[dict[str, StageResult]]:
    """The stages of an earlier fit that come before the first one to run."""
    first = min(OPTIMISED_STAGES.index(stage) for stage in stages) if stages else 0
    needed = OPTIMISED_STAGES[:first]
    kept = {key: previous.stages[key] for key in needed if previous is not None and key in previous.stages}
    missing = [STAGE_TITLES[key] for key in needed if key not in kept]
    if missing:
        raise SettingsError(
            f"Stage {STAGE_TITLES[OPTIMISED_STAGES[first]]} starts from stage {missing[-1]}, which has not been run.",
            "Run it from stage 1, or continue a fit that has it.",
        )
    return [dict(kept) for _ in range(clips)]
