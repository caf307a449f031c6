"""The fit of one clip in reference mode: the published method, with the result of any other fit."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

from motionfit.body.model import BodyModel
from motionfit.errors import InputError, SettingsError
from motionfit.metrics.diagnostics import frame_diagnostics
from motionfit.motion import Motion, Observations
from motionfit.pipeline.device import resolve_device, torch_threads
from motionfit.pipeline.familiarity import DIAGNOSTIC, familiarity_of
from motionfit.pipeline.result import ClosureRecord, FitResult, Progress, ProgressCallback, StageResult
from motionfit.pipeline.settings import FitSettings
from motionfit.pipeline.stages import OPTIMISED_STAGES, STAGE_TITLES
from motionfit.pipeline.windows import split_windows
from motionfit.priors.checkpoints import Priors
from motionfit.reference.fit_batch import BatchFit, BatchStage, fit_batches
from motionfit.reference.initialise import Values
from motionfit.reference.observation_terms import ReferenceBody
from motionfit.reference.schedule import PHASES, Schedule
from motionfit.reference.stage_result import clip_motion, stage_result
from motionfit.reference.windows import WindowedClip, windowed

_UNEVEN = 1.05
_LEAST_FRAMES = 3
_ROLLOUT_COST = 20.0


def fit_as_published(
    observations: Observations,
    body: BodyModel,
    priors: Priors,
    settings: FitSettings,
    progress: ProgressCallback | None = None,
) -> FitResult:
    """Fit one clip by HuMoR's published method.

    Args:
        observations: What was observed; at least three frames. Other frame rates than the prior's 30 are taken as they
            are, as published; a given floor is the first guess, and is not held.
        body: In float32 on the CPU; the fit moves it to its device.
        priors: Likewise.
        settings: Of a preset whose method is "reference".
        progress: Called after every closure; returning False cancels, and what is done is kept.

    Raises:
        InputError: The observations cannot be fitted.
        SettingsError: The settings ask for what the published method does not have.
        FitError: The objective is not finite somewhere.
    """
    _check(observations, settings)
    device = resolve_device(settings.device)
    with torch_threads(settings.threads):
        torch.manual_seed(settings.seed)
        moved_body, moved_priors = body.to(device), priors.to(device)
        schedule = Schedule.of(settings)
        windows = split_windows(observations.frames, settings.window, settings.overlap)
        clip = windowed(observations, moved_body, windows, schedule.windows_together)
        watcher = _Watcher(observations, moved_body, clip, schedule, progress)
        reference = ReferenceBody.of(moved_body)
        done = fit_batches(clip.batches, reference, moved_priors, schedule, watcher.tell, settings.stages)
        stages = {
            key: stage_result(key, [batch[key] for batch in done if key in batch], clip, moved_body, observations)
            for key in STAGE_TITLES
            if key in done[0]
        }
    cancelled = any(stage.stopped for stage in done[-1].values())
    return _result(observations, body, priors, settings, clip, stages, cancelled)


def _is_even(times: Float[Tensor, " frames"]) -> bool:
    steps = times.diff()
    return float(steps.max()) <= _UNEVEN * float(steps.min())


def _check(observations: Observations, settings: FitSettings) -> None:
    if observations.kind == "nothing":
        raise InputError("There are no observations to fit.", "Give 3D joints, 3D keypoints or 2D keypoints.")
    if observations.frames < _LEAST_FRAMES:
        raise InputError(
            f"The clip has {observations.frames} frame(s); a motion needs {_LEAST_FRAMES} or more.",
            "Give a longer clip.",
        )
    if observations.keypoints2d is not None and observations.camera is None:
        raise InputError("2D keypoints need a camera.", "Give intrinsics and image_size with them.")
    if observations.has_trajectory or (observations.camera is not None and observations.camera.intrinsics.ndim == 3):
        raise SettingsError(
            "The published method knows cameras only that stand still and do not zoom.", "Use another preset."
        )
    if observations.times is not None and not _is_even(observations.times):
        raise SettingsError(
            "The published method takes frames as evenly spaced, and these are not.", "Use another preset."
        )
    if settings.freezes:
        raise SettingsError("The published method holds no variables.", "Leave --freeze out, or use another preset.")
    if settings.ground != "default" or settings.contacts:
        raise SettingsError(
            "The published method takes the ground as given and contacts as predicted.",
            "Leave --ground and --contact out, or use another preset.",
        )
    if settings.stages != OPTIMISED_STAGES[: len(settings.stages)] or not settings.stages:
        raise SettingsError(
            "The published method runs from stage I on.", "Give --stages 1, 1,2 or 1,2,3, or use another preset."
        )
    if not all(settings.weights.get(stage, {}).get(observations.kind, 0.0) > 0.0 for stage in settings.stages):
        raise SettingsError(
            f"The preset {settings.preset} does not weigh {observations.kind} in every stage.",
            "Use reference-3d (3D joints), reference-3d-keypoints (3D keypoints) or reference-video (2D keypoints).",
        )


@dataclass(frozen=True)
class _Watcher:
    """Tells the caller how far the fit is."""

    observations: Observations
    body: BodyModel
    clip: WindowedClip
    schedule: Schedule
    progress: ProgressCallback | None
    began: float = field(default_factory=time.perf_counter)

    def tell(self, done: Sequence[Mapping[str, BatchStage]], run: BatchFit, record: ClosureRecord, now: Values) -> bool:
        """Pass a closure on; returns whether to go on."""
        if self.progress is None:
            return True
        phase = next(phase for phase in PHASES if phase.key == record.phase)

        def motion() -> Motion:
            parts = [*(list(batch.values())[-1] for batch in done), run.stage_of(phase, now)]
            return clip_motion(parts, self.clip, self.body, self.observations)[0]

        return self.progress(
            Progress(
                stage=phase.stage,
                phase=phase.key,
                iteration=record.iteration,
                iterations=self.schedule.iterations.get(phase.key, 0),
                fraction=self._fraction(len(done), record),
                seconds=time.perf_counter() - self.began,
                record=record,
                motion=motion,
                finished={},
            )
        )

    def _fraction(self, batches_done: int, record: ClosureRecord) -> float:
        work = {
            phase.key: self.schedule.iterations.get(phase.key, 0) * (_ROLLOUT_COST if phase.stage == "stage3" else 1.0)
            for phase in PHASES
        }
        keys = [phase.key for phase in PHASES]
        before = sum(work[key] for key in keys[: keys.index(record.phase)])
        steps = max(self.schedule.iterations.get(record.phase, 0), 1)
        share = (before + work[record.phase] * record.iteration / steps) / max(sum(work.values()), 1.0)
        return (batches_done + share) / len(self.clip.batches)


def _result(
    observations: Observations,
    body: BodyModel,
    priors: Priors,
    settings: FitSettings,
    clip: WindowedClip,
    stages: Mapping[str, StageResult],
    cancelled: bool,
) -> FitResult:
    last = list(stages.values())[-1]
    diagnostics = frame_diagnostics(last.motion, observations, body.to("cpu"), last.floor)
    familiarity = familiarity_of(last.motion, body.to("cpu"), last.floor, priors.to("cpu"))
    if familiarity is not None:
        diagnostics[DIAGNOSTIC] = familiarity
    return FitResult(
        observations=observations,
        settings=settings,
        stages=stages,
        windows=clip.windows,
        body_hash=body.content_hash,
        priors_hash=priors.hash,
        cancelled=cancelled,
        diagnostics=diagnostics,
        warnings=observations.warnings,
    )
