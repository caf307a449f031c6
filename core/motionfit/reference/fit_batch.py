"""All stages of one batch of windows, in the published order."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor

from motionfit.pipeline.result import ClosureRecord
from motionfit.priors.checkpoints import Priors
from motionfit.reference.initialise import Values, first_values, motion_values
from motionfit.reference.motion_stage import MotionStage
from motionfit.reference.observation_terms import ReferenceBody
from motionfit.reference.observed import PreviousWindow, WindowBatch
from motionfit.reference.optimise import Watch, optimise
from motionfit.reference.pose_stages import PoseStages
from motionfit.reference.rotations import rotation_from_vector
from motionfit.reference.schedule import HOLD_X0, POSE, REFINE, ROOT, TUNE_X0, PublishedPhase, Schedule


@dataclass(frozen=True)
class BatchStage:
    """What one stage left behind for a batch, in the frame of the observations.

    Attributes:
        translation: SMPL translation, metres.
        root_orientation: Observed from body.
        body_pose: Joint rotations relative to the parents.
        betas: One shape for each window.
        joints: Metres.
        keypoints: The 43 surface keypoints, metres.
        contacts: Probabilities; stage III only.
        floor: Normal times offset; with 2D keypoints.
        values: As the optimiser left them.
        history: Every closure.
        seconds: Wall time.
        stopped: It did not come to its end.
    """

    translation: Float[Tensor, "windows frames 3"]
    root_orientation: Float[Tensor, "windows frames 3 3"]
    body_pose: Float[Tensor, "windows frames 21 3 3"]
    betas: Float[Tensor, "windows 16"]
    joints: Float[Tensor, "windows frames 22 3"]
    keypoints: Float[Tensor, "windows frames 43 3"]
    contacts: Float[Tensor, "windows frames 9"] | None
    floor: Float[Tensor, "windows 3"] | None
    values: Values
    history: tuple[ClosureRecord, ...] = ()
    seconds: float = 0.0
    stopped: bool = False

    def last_window(self, interval: tuple[int, int]) -> PreviousWindow | None:
        """What the next batch is tied to."""
        if self.floor is None:
            return None
        return PreviousWindow(self.keypoints[-1], self.betas[-1], self.floor[-1], interval)


@dataclass(frozen=True)
class BatchFit:
    """A batch of windows and what to fit it with."""

    observed: WindowBatch
    reference: ReferenceBody
    priors: Priors
    schedule: Schedule

    @property
    def poses(self) -> PoseStages:
        """Stages I and II."""
        return PoseStages(self.reference, self.priors.pose, self.observed)

    def tuning_stage(self) -> MotionStage:
        """Stage III on the first frames, where x0 is tuned."""
        tuned = self.schedule.tuned_frames
        return MotionStage(self.reference, self.priors, self.observed.first_frames(tuned), tuned)

    def whole_stage(self) -> MotionStage:
        """Stage III on all frames."""
        frames = self.observed.frames
        return MotionStage(self.reference, self.priors, self.observed, frames, frames / self.schedule.tuned_frames)

    def run(self, watch: Watch, stages: Sequence[str]) -> dict[str, BatchStage]:
        """Run the wanted stages one after the other; what the watcher stops is the last."""
        results: dict[str, BatchStage] = {}
        values = first_values(self.poses)
        for key, phase, terms in (
            ("stage1", ROOT, self.poses.root_terms),
            ("stage2", POSE, self.poses.pose_terms),
        ):
            if key not in stages:
                return results
            began = time.perf_counter()
            end = optimise(phase, values, terms, self.schedule, watch)
            values = end.values
            results[key] = self.posed(values, end.history, time.perf_counter() - began, end.stopped)
            if end.stopped:
                return results
        return results | (self._run_motion(values, watch) if "stage3" in stages else {})

    def _run_motion(self, values: Values, watch: Watch) -> dict[str, BatchStage]:
        began = time.perf_counter()
        values = motion_values(self.poses, self.priors.motion, values)
        first = self.rolled(values, (), time.perf_counter() - began)
        began = time.perf_counter()
        history: tuple[ClosureRecord, ...] = ()
        for phase, stage in (
            (TUNE_X0, self.tuning_stage()),
            (HOLD_X0, self.whole_stage()),
            (REFINE, self.whole_stage()),
        ):
            end = optimise(phase, values, stage.terms, self.schedule, watch)
            values, history = end.values, history + end.history
            if end.stopped:
                break
        return {
            "stage3_init": first,
            "stage3": self.rolled(values, history, time.perf_counter() - began, end.stopped),
        }

    def stage_of(self, phase: PublishedPhase, values: Mapping[str, Tensor]) -> BatchStage:
        """The motion that values stand for in a phase."""
        return self.rolled(values) if phase.stage == "stage3" else self.posed(values)

    def posed(
        self,
        values: Mapping[str, Tensor],
        history: tuple[ClosureRecord, ...] = (),
        seconds: float = 0.0,
        stopped: bool = False,
    ) -> BatchStage:
        """The motion that values of stage I or II stand for."""
        with torch.no_grad():
            body = self.poses.pose(values)
            return BatchStage(
                translation=values["translation"],
                root_orientation=rotation_from_vector(values["root_orientation"]),
                body_pose=body.body_pose,
                betas=values["betas"],
                joints=body.joints(),
                keypoints=self.reference.keypoints(body),
                contacts=None,
                floor=values.get("floor"),
                values=dict(values),
                history=history,
                seconds=seconds,
                stopped=stopped,
            )

    def rolled(
        self,
        values: Mapping[str, Tensor],
        history: tuple[ClosureRecord, ...] = (),
        seconds: float = 0.0,
        stopped: bool = False,
    ) -> BatchStage:
        """The motion that values of stage III stand for."""
        with torch.no_grad():
            motion = self.whole_stage().roll(values)
            seen = motion.in_observed_frame
            joints = seen.joints()
            return BatchStage(
                translation=joints[..., 0, :] - seen.rest_joints[:, None, 0],
                root_orientation=seen.skeleton.rotations[..., 0, :, :],
                body_pose=seen.body_pose,
                betas=values["betas"],
                joints=joints,
                keypoints=self.reference.keypoints(seen),
                contacts=motion.contacts,
                floor=values.get("floor"),
                values=dict(values),
                history=history,
                seconds=seconds,
                stopped=stopped,
            )


Tell = Callable[[Sequence[Mapping[str, BatchStage]], BatchFit, ClosureRecord, Values], bool]
"""Told the batches that are done, the one under way, every closure and the values tried; returns False to stop."""


def fit_batches(
    batches: Sequence[WindowBatch],
    reference: ReferenceBody,
    priors: Priors,
    schedule: Schedule,
    tell: Tell,
    stages: Sequence[str] = ("stage1", "stage2", "stage3"),
) -> list[dict[str, BatchStage]]:
    """Fit batches one after the other; with 2D keypoints each is tied to the last window of the one before.

    Returns:
        The stages of each batch; a batch that was stopped is the last and has fewer.
    """
    done: list[dict[str, BatchStage]] = []
    previous: PreviousWindow | None = None
    for observed in batches:
        run = BatchFit(replace(observed, previous=previous), reference, priors, schedule)
        done.append(run.run(partial(tell, tuple(done), run), stages))
        last = list(done[-1].values())[-1]
        if last.stopped:
            break
        schedule = schedule.after_a_batch()
        if observed.intervals is not None:
            previous = last.last_window(observed.intervals[-1])
    return done
