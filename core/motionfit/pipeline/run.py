"""A fit under way: the one place that wires stages, priors, body and solver together."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import torch
from torch import Tensor

from motionfit.body.model import BodyModel
from motionfit.errors import FitError
from motionfit.metrics.ground_measures import without_ground
from motionfit.motion import Floor, Motion, Observations
from motionfit.pipeline.account import AccountOf, account_of
from motionfit.pipeline.assemble import motion_of_poses, motion_of_rollout
from motionfit.pipeline.batch import Batch, floor_of
from motionfit.pipeline.contacts import Contacts
from motionfit.pipeline.data_terms import DataTerms
from motionfit.pipeline.diagnostics import diagnostics_of
from motionfit.pipeline.divergence import Guard, StageTerms
from motionfit.pipeline.find_ground import FoundGround, find_ground
from motionfit.pipeline.first_root import first_root
from motionfit.pipeline.grid_diagnostics import grid_diagnostics
from motionfit.pipeline.held import HeldNumbers, held_masks, held_values, pose_numbers, rollout_numbers, without_held
from motionfit.pipeline.incidents import Incident, sentences_of
from motionfit.pipeline.initialise_rollout import start_rollout, with_first_rows
from motionfit.pipeline.optimise import PhaseEnd, Values
from motionfit.pipeline.outliers import outliers_of
from motionfit.pipeline.pose_stage import POSE_STAGE_TENSORS, PoseStage, start_values
from motionfit.pipeline.result import ClosureRecord, FitResult, Progress, ProgressCallback, StageResult, Underway
from motionfit.pipeline.rollout_stage import ROLLOUT_STAGE_TENSORS, RolloutStage
from motionfit.pipeline.rounds import run_rounds
from motionfit.pipeline.settings import FitSettings
from motionfit.pipeline.shares import Shares
from motionfit.pipeline.stages import OPTIMISED_STAGES, Phase, phases_of
from motionfit.pipeline.steady_start import steady_start
from motionfit.pipeline.timeline import Timeline
from motionfit.pipeline.trust import TRUST, trust_of_clips
from motionfit.pipeline.underway import Course, Part, clip_variables
from motionfit.pipeline.window_batches import WindowBatch, split_batches
from motionfit.pipeline.windows import Windows
from motionfit.priors.checkpoints import Priors
from motionfit.priors.rollout_native_choice import recurrence_for
from motionfit.solve.solution import Status

MotionOf = Callable[[Mapping[str, Tensor], int], tuple[Motion, Floor]]
"""The motion and floor of one clip from the values of all."""

_ROLLOUT_COST = 20.0
"""A closure of a roll-out takes about as long as so many without one (`motionfit bench speed`)."""

_NO_ROLL_OUT = "Stage III has no finite roll-out to start from: the result is that of stage II."
_NOT_OPTIMISED = "Not optimised: the roll-out that stage III starts from."


@dataclass
class Run:
    """One fit of clips side by side; `results` holds the finished stages of each clip.

    Attributes:
        observations: Of equal kind, length and frame rate.
        body: On the device of the batch.
        priors: Likewise.
        settings: What to run and how.
        batch: The observations as tensors.
        timelines: Of each clip: its frames on the grid of the state.
        windows: Of stage III, on the grid.
        progress: Told of the first clip after every closure and phase.
        results: Starts with the stages kept from an earlier fit.
        window_batch: How many windows of each clip stage III takes at once.
        underway: Of each clip, where the stage that runs stood after its last part that ended; starts with that of
            an earlier fit.
        cancelled: The caller stopped the fit.
        on_grid: The motions of all clips after a stage, on the grid: its frames may not be those of the clips.
        accelerated: Stage III's roll-out runs compiled.
        warnings: Of each clip, about the fit itself.
        ground: Of each clip, once stage II is there.
        x0: What is known of the initial state of the first window: it replaces what stage III would start with.
    """

    observations: Sequence[Observations]
    body: BodyModel
    priors: Priors
    settings: FitSettings
    batch: Batch
    timelines: Sequence[Timeline]
    windows: Windows
    progress: ProgressCallback | None
    results: list[dict[str, StageResult]]
    window_batch: int
    underway: tuple[Underway | None, ...]
    cancelled: bool = False
    x0: Mapping[str, Tensor] = field(default_factory=dict)
    warnings: list[tuple[str, ...]] = field(init=False)
    ground: FoundGround | None = None
    began: float = field(default_factory=time.perf_counter)
    work_done: float = 0.0
    on_grid: dict[str, list[Motion]] = field(default_factory=dict)
    accelerated: bool = False

    def __post_init__(self) -> None:
        self.warnings = [()] * len(self.observations)

    def go(self) -> None:
        """Run the stages one after the other until done or cancelled."""
        data = DataTerms.of(self.body)
        poses = PoseStage(self.body, self.priors.pose, data, self.batch)
        for stage in OPTIMISED_STAGES:
            if stage not in self.settings.stages or self.cancelled:
                continue
            if stage == "stage3":
                self._run_rollout_stage(poses, data)
            else:
                self._run_pose_stage(stage, poses)

    def result(self, clip: int) -> FitResult:
        """All that is known of one clip."""
        stages, observations = self.results[clip], self.observations[clip]
        line, body, priors = self.timelines[clip], self.body.to("cpu"), self.priors.to("cpu")
        diagnostics = diagnostics_of(stages, observations, body, priors)
        last = list(stages.values())[-1]
        if last.key in self.on_grid:
            motion = self.on_grid[last.key][clip]
            diagnostics |= outliers_of(motion, self.body, self.batch, clip, line, self.settings.robust)
            if not line.is_grid:
                diagnostics |= grid_diagnostics(line, motion, body, last.floor, priors)
        if self.batch.trust is not None:
            diagnostics[TRUST] = line.observed_values(self.batch.trust[clip].cpu())
        told = sentences_of(incident for stage in stages.values() for incident in stage.incidents)
        return FitResult(
            observations=observations,
            settings=self.settings,
            stages=stages,
            windows=line.observed_windows(self.windows),
            body_hash=self.body.content_hash,
            priors_hash=self.priors.hash,
            cancelled=self.cancelled,
            diagnostics=without_ground(diagnostics) if self.settings.ground == "none" else diagnostics,
            warnings=(*observations.warnings, *told, *self.warnings[clip]),
            underway=self.underway[clip],
            accelerated=self.accelerated,
            ground=self.ground.planes[clip].facts() if self.ground else {},
        )

    def _run_pose_stage(self, stage: str, poses: PoseStage) -> None:
        began = time.perf_counter()
        values = self._first_root() if stage == "stage1" else self._values_of("stage1")

        def motion(current: Mapping[str, Tensor], clip: int) -> tuple[Motion, Floor]:
            return motion_of_poses(poses, current, clip), floor_of(self.batch, clip)

        if stage == "stage2":
            self.on_grid["stage1"] = [motion(values, clip)[0] for clip in range(self.batch.clips)]

        def run(phase: Phase, current: Values) -> PhaseEnd:
            start, masks = self._hold(phase, current, motion)
            held = pose_numbers(masks)
            return self._run_phase(phase, 1.0, start, POSE_STAGE_TENSORS, poses, motion, held)

        account = partial(account_of, poses, stage, self.settings)
        parts = [Part(phase, 1.0, partial(run, phase)) for phase in phases_of(stage)]
        self._run_parts(stage, values, parts, motion, account, began)
        if stage == "stage2":
            ground = self._find_ground(poses, self._values_of(stage)).ground
            for clip, kept in enumerate(self.results):
                kept[stage] = replace(kept[stage], floor=ground.floor(clip))

    def _run_rollout_stage(self, poses: PoseStage, data: DataTerms) -> None:
        began = time.perf_counter()
        pose_values = self._values_of("stage2")
        self.on_grid["stage2"] = [motion_of_poses(poses, pose_values, clip) for clip in range(self.batch.clips)]
        ground = (self.ground or self._find_ground(poses, pose_values)).ground
        motions = [stages["stage2"].motion for stages in self.results]
        floors = [ground.floor(clip) for clip in range(self.batch.clips)]
        seen = zip(self.on_grid["stage2"], motions, floors, self.observations, self.timelines, strict=True)
        self.batch = replace(self.batch, trust=trust_of_clips(seen, self.body, self.priors))
        recurrence = recurrence_for(self.priors.motion, self.settings.acceleration)
        self.accelerated = recurrence is not None
        batch = self.batch.windows(self.windows)
        contacts = Contacts.of(self.body, self.settings.contacts, self.timelines[0])
        stage = RolloutStage(self.body, self.priors, data, batch, self.windows, ground, contacts, recurrence=recurrence)
        start = with_first_rows(start_rollout(poses, pose_values, stage), self.x0)
        values, noted = self._steady(phases_of("stage3")[0], stage, start, {})

        def motion(current: Mapping[str, Tensor], clip: int) -> tuple[Motion, Floor]:
            return motion_of_rollout(stage, current, clip)

        account = partial(account_of, stage, "stage3", self.settings)
        init = replace(Course.start(values, self.batch.clips, time.perf_counter() - began), incidents=tuple(noted))
        self._keep("stage3_init", init, [_NOT_OPTIMISED] * self.batch.clips, motion, account(values))
        batches = [WindowBatch(stage, own) for own in split_batches(len(self.windows), self._windows_at_once())]
        parts = [
            Part(phase, batch.share, partial(self._run_windows, batch, phase, motion))
            for batch in batches
            for phase in phases_of("stage3")
        ]
        self._run_parts("stage3", values, parts, motion, account, time.perf_counter())
        self._drop_what_failed()

    def _steady(
        self, phase: Phase, stage: RolloutStage, values: Values, held: HeldNumbers
    ) -> tuple[Values, list[tuple[Incident, ...]]]:
        """Values from which the phase can start; see `steady_start`."""
        frozen = self.settings.frozen_in(phase.key)
        free = [name for variable in phase.free if variable not in frozen for name in ROLLOUT_STAGE_TENSORS[variable]]
        return steady_start(stage, values, phase.key, set(free) - held.keys())

    def _drop_what_failed(self) -> None:
        """A clip that could not be rolled out ends with stage II, and says why."""
        for clip, stages in enumerate(self.results):
            if not stages["stage3"].motion.is_finite:
                self.warnings[clip] += sentences_of((*stages["stage3_init"].incidents, *stages["stage3"].incidents))
                self.warnings[clip] += (_NO_ROLL_OUT,)
                del stages["stage3_init"], stages["stage3"]

    def _windows_at_once(self) -> int:
        """What a phase holds of the blended motion is held in all windows at once."""
        is_held = any(self.settings.partly_frozen_in(phase.key) for phase in phases_of("stage3"))
        return len(self.windows) if is_held else self.window_batch

    def _run_windows(self, batch: WindowBatch, phase: Phase, motion: MotionOf, values: Values) -> PhaseEnd:
        """A phase of stage III for a batch of windows."""
        values, masks = self._hold(phase, values, motion)
        held = rollout_numbers(masks, batch.windows)

        def whole(current: Mapping[str, Tensor], clip: int) -> tuple[Motion, Floor]:
            return motion(batch.put(values, current), clip)

        own, stage = batch.phase(phase), batch.stage(values)
        start, noted = self._steady(own, stage, batch.take(values), held)
        part = stage.first_frames(phase.frames)
        end = self._run_phase(own, batch.share, start, ROLLOUT_STAGE_TENSORS, part, whole, held)
        found = [(*before, *after) for before, after in zip(noted, end.incidents, strict=True)]
        incidents = tuple(tuple(batch.in_clip(each) for each in clip) for clip in found)
        return replace(end, values=batch.put(values, end.values), incidents=incidents)

    def _run_parts(
        self, stage: str, start: Values, parts: Sequence[Part], motion: MotionOf, account: AccountOf, began: float
    ) -> None:
        """Run the parts of a stage that are left, and keep its result."""
        clips = range(self.batch.clips)
        course = Course.start(start, self.batch.clips)
        earlier = self.underway[0]
        if earlier is not None and earlier.stage == stage:
            course = Course.taken_up(earlier, self.batch.floor_normal.device)
        self.work_done += sum(self._work(part.phase, part.share) for part in parts[: len(course.statuses)])
        for part in parts[len(course.statuses) :]:
            if self.cancelled:
                break
            course = course.after(part.run(course.values), time.perf_counter() - began)
            began = time.perf_counter()
            if not self.cancelled:
                self.underway = tuple(course.underway(stage, self.window_batch, clip) for clip in clips)
                self._tell_end(part, course, motion)
        if not self.cancelled:
            self.underway = (None,) * self.batch.clips
        is_whole = len(course.statuses) == len(parts)
        statuses = [course.status(clip, len(phases_of(stage)), is_whole) for clip in clips]
        self._keep(stage, course, [status.value for status in statuses], motion, account(course.values))

    def _run_phase(
        self,
        phase: Phase,
        share: float,
        values: Values,
        tensors: Mapping[str, tuple[str, ...]],
        stage: StageTerms,
        motion: MotionOf,
        held: HeldNumbers,
    ) -> PhaseEnd:
        def report(
            phase: Phase, iteration: int, records: list[ClosureRecord], current: Mapping[str, Tensor], guard: Guard
        ) -> bool:
            return self._tell(phase, share, iteration, records[0], lambda: motion(current, 0)[0], guard.incidents(0))

        end = run_rounds(phase, values, tensors, stage, self.settings, report, held)
        self.work_done += self._work(phase, share)
        self.cancelled = end.cancelled
        if Status.NOT_FINITE in end.statuses and phase.stage != "stage3":
            failed = end.incidents[end.statuses.index(Status.NOT_FINITE)][0]
            raise FitError(failed.sentence(), "Check the observations there for wild values, or restart from stage I.")
        return end

    def _hold(self, phase: Phase, values: Values, motion: MotionOf) -> tuple[Values, Mapping[str, Tensor]]:
        """The values with what the phase holds of the motion that came to it, and where it does.

        That is the motion of the stage before, and that of the phase before within a stage.
        """
        freezes = self.settings.partly_frozen_in(phase.key)
        if not freezes:
            return without_held(values), {}
        stage = OPTIMISED_STAGES.index(phase.stage)
        if stage > 0 and phase is phases_of(phase.stage)[0]:
            motions = self.on_grid[OPTIMISED_STAGES[stage - 1]]
        else:
            motions = [motion(values, clip)[0] for clip in range(self.batch.clips)]
        device, line = self.batch.floor_normal.device, self.timelines[0]
        on_grid = [replace(freeze, frames=freeze.frames and line.grid_span(*freeze.frames)) for freeze in freezes]
        masks = held_masks(on_grid, self.batch.clips, motions[0].frames, device)
        return {**without_held(values), **held_values(masks, motions)}, masks

    def _tell_end(self, part: Part, course: Course, motion: MotionOf) -> None:
        """Tell that a part has ended, so that it can be kept."""
        if course.histories[0]:
            values, record = course.values, course.histories[0][-1]
            iteration, incidents = record.iteration, course.incidents[0]
            going = self._tell(part.phase, 0.0, iteration, record, lambda: motion(values, 0)[0], incidents, True)
            self.cancelled = not going

    def _tell(
        self,
        phase: Phase,
        share: float,
        iteration: int,
        record: ClosureRecord,
        motion: Callable[[], Motion],
        incidents: tuple[Incident, ...],
        has_ended: bool = False,
    ) -> bool:
        if self.progress is None:
            return True
        total = sum(self._work(each) for stage in self.settings.stages for each in phases_of(stage))
        done = self.work_done + self._work(phase, share) * iteration / max(self._limit(phase), 1)
        return self.progress(
            Progress(
                stage=phase.stage,
                phase=phase.key,
                iteration=iteration,
                iterations=self._limit(phase),
                fraction=min(done / max(total, 1.0), 1.0),
                seconds=time.perf_counter() - self.began,
                record=record,
                motion=lambda: self.timelines[0].observed_motion(motion()),
                finished=dict(self.results[0]),
                incidents=self._observed_incidents(incidents, 0),
                underway=self.underway[0],
                has_ended=has_ended,
            )
        )

    def _observed_incidents(self, incidents: Iterable[Incident], clip: int) -> tuple[Incident, ...]:
        """The incidents with frames of the clip."""
        line = self.timelines[clip]
        return tuple(
            each if each.frame is None else replace(each, frame=line.observed_frame(each.frame)) for each in incidents
        )

    def _limit(self, phase: Phase) -> int:
        return self.settings.iterations.get(phase.key, phase.iterations)

    def _work(self, phase: Phase, share: float = 1.0) -> float:
        """How long a phase may take for a share of the windows, in iterations of stages I and II."""
        if phase.stage != "stage3":
            return share * self._limit(phase)
        length = self.windows[0][1]
        return share * self._limit(phase) * _ROLLOUT_COST * min(phase.frames or length, length) / length

    def _first_root(self) -> Values:
        return start_values(*first_root(self.body, self.priors.pose, self.batch))

    def _values_of(self, stage: str) -> Values:
        """The values that a stage ended with, clips side by side again."""
        kept = [stages[stage].variables for stages in self.results]
        device = self.batch.floor_normal.device
        return {name: torch.stack([variables[name] for variables in kept]).to(device) for name in kept[0]}

    def _find_ground(self, poses: PoseStage, values: Values) -> FoundGround:
        with torch.no_grad():
            posed = poses.pose(values)
        found = find_ground(self.settings.ground, self.observations, self.batch, self.body, posed, self.windows)
        self.warnings = [(*before, *new) for before, new in zip(self.warnings, found.notes, strict=True)]
        self.ground = found
        return found

    def _keep(self, key: str, course: Course, statuses: Sequence[str], motion: MotionOf, shares: Shares) -> None:
        for clip, kept in enumerate(self.results):
            moved, floor = motion(course.values, clip)
            self.on_grid.setdefault(key, []).append(moved)
            line = self.timelines[clip]
            kept[key] = StageResult(
                key=key,
                motion=line.observed_motion(moved),
                floor=floor,
                variables=clip_variables(course.values, clip, self.batch.clips),
                history=course.histories[clip],
                seconds=course.seconds,
                status=statuses[clip],
                shares={name: line.observed_values(share[clip].cpu()) for name, share in shares.items()},
                incidents=self._observed_incidents(course.incidents[clip], clip),
            )
