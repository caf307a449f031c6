"""The stages of a range re-fit.

A stretch of the clip (the range, the last locked frame before it, half a second of locked frames after it) is fitted
with the locked frames held: stage II sees them as they are; stage III rolls out from the last one before the range
with the velocities it had there, and takes the joints of those after the range for observations. What is then missing
at the borders is spread over the range, and the range is put into the earlier result: all else stays bit-identical.
Shape and floor are those of the locked frames.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import torch
from torch import Tensor

from motionfit.body.model import BodyModel
from motionfit.errors import FitError
from motionfit.geometry.rotations import six_from_rotation
from motionfit.motion import Motion, Observations
from motionfit.pipeline.batch import Batch, make_batch
from motionfit.pipeline.borders import close_borders
from motionfit.pipeline.contact_overrides import ContactOverride
from motionfit.pipeline.data_terms import DataTerms
from motionfit.pipeline.device import resolve_device
from motionfit.pipeline.diagnostics import diagnostics_of
from motionfit.pipeline.freezes import Freeze
from motionfit.pipeline.grid_diagnostics import grid_diagnostics
from motionfit.pipeline.held import HELD_TENSORS, held_masks, held_values, hold_motion
from motionfit.pipeline.incidents import Incident, sentences_of
from motionfit.pipeline.memory import windows_at_once
from motionfit.pipeline.optimise import term_weights
from motionfit.pipeline.outliers import outliers_of
from motionfit.pipeline.pose_stage import PoseStage
from motionfit.pipeline.refit_start import better_start, known_velocities
from motionfit.pipeline.regrid import grid_motion
from motionfit.pipeline.result import FitResult, Progress, ProgressCallback, StageResult
from motionfit.pipeline.run import Run
from motionfit.pipeline.settings import FitSettings
from motionfit.pipeline.stages import phases_of
from motionfit.pipeline.stretch import Stretch, anchored, with_anchor_weight
from motionfit.pipeline.timeline import Timeline, timeline_of
from motionfit.pipeline.trust import TRUST
from motionfit.pipeline.wild_observations import without_wild
from motionfit.pipeline.windows import split_windows
from motionfit.priors.checkpoints import Priors

REFITTED_STAGES = ("stage2", "stage3")
_SHARES = {"stage2": 0.1, "stage3": 0.9}
_NUMBERS = ("translation", "root_six", "pose_latents")
_NO_GROUND = "none"
_PLACED = ("translation", "root_orientation", "body_pose")


@dataclass
class Refit:
    """A re-fit under way; the arguments are those of `refit_range`.

    Attributes:
        asked: The stages to run.
        stages: Of the new result, as far as they are.
        cancelled: The caller stopped it.
        done: Share of the work.
        trust: In the motion prior, of the frames of the stretch.
    """

    previous: FitResult
    start: int
    stop: int
    body: BodyModel
    priors: Priors
    settings: FitSettings
    asked: tuple[str, ...]
    progress: ProgressCallback | None
    stages: dict[str, StageResult] = field(default_factory=dict)
    cancelled: bool = False
    done: float = 0.0
    trust: Tensor | None = None

    @cached_property
    def observations(self) -> Observations:
        """What is fitted."""
        return without_wild(self.previous.observations)

    @cached_property
    def clip_line(self) -> Timeline:
        """The frames of the clip on the grid of the state."""
        return timeline_of(self.observations)

    @cached_property
    def stretch(self) -> Stretch:
        """In frames of the clip."""
        return Stretch.around(self.start, self.stop, self.previous.observations.frames, self.previous.observations.fps)

    @cached_property
    def grid(self) -> Stretch:
        """In frames of the grid, on which the stretch is fitted."""
        return self.stretch.on_grid(self.clip_line)

    @cached_property
    def line(self) -> Timeline:
        """The frames of the stretch on its part of the grid."""
        return self.stretch.timeline(self.clip_line)

    def go(self) -> None:
        """Run the stages one after the other until done or cancelled."""
        kept = ("stage1", "stage2") if "stage2" not in self.asked else ("stage1",)
        self.stages = {key: self.previous.stages[key] for key in kept if key in self.previous.stages}
        for stage in self.asked:
            if self.cancelled:  # the range of the later stage stays as it was
                late = ("stage3_init", "stage3")
                self.stages |= {key: self.previous.stages[key] for key in late if key in self.previous.stages}
                return
            self.stages |= self._poses() if stage == "stage2" else self._rollout()
            self.done += self._share(stage)

    def warnings(self) -> tuple[str, ...]:
        """About the observations, and what went wrong in the stages."""
        return (
            *self.observations.warnings,
            *sentences_of(i for stage in self.stages.values() for i in stage.incidents),
        )

    def diagnostics(self) -> dict[str, Tensor]:
        """Of the clip with what is new."""
        observations, line, last = self.observations, self.clip_line, list(self.stages.values())[-1]
        found = diagnostics_of(self.stages, observations, self.body, self.priors)
        motion = grid_motion(last.motion, line)
        found |= outliers_of(motion, self.body, make_batch([observations]), 0, line, self.settings.robust)
        if not line.is_grid:
            found |= grid_diagnostics(line, motion, self.body, last.floor, self.priors)
        if TRUST in self.previous.diagnostics and self.trust is not None:
            found[TRUST] = self.stretch.joined(self.previous.diagnostics[TRUST], self.trust)
        return found

    def _poses(self) -> dict[str, StageResult]:
        """Stage II."""
        before, grid = self.previous.stages["stage2"], self.grid
        freezes, observations = self._freezes(), self._observations(before)
        values = {name: grid.cut(before.variables[name]) for name in _NUMBERS} | {"betas": before.motion.betas}
        if not _partly(freezes, "stage2"):
            values = self._better_start(values, observations)
        if self.clip_line.is_grid:
            values |= _kept(grid.cut_motion(before.motion))
        kept = replace(before, variables=values, motion=self.stretch.cut_motion(before.motion))
        run = self._run("stage2", observations, {"stage1": kept}, freezes | self.stretch.locks())
        found = run.results[0]["stage2"]
        variables = {name: grid.joined(before.variables[name], found.variables[name]) for name in _NUMBERS}
        held = self._held_variables(before, found)
        motion = self._with_frozen(found.motion, before)
        variables = {name: value for name, value in before.variables.items() if name not in HELD_TENSORS} | variables
        return {"stage2": self._spliced(before, found, motion, variables | held)}

    def _rollout(self) -> dict[str, StageResult]:
        """Stage III."""
        before, freezes = self.previous.stages["stage3"], self._freezes()
        observations = anchored(self._observations(before), self.stretch, before.motion, self.body)
        locks = {Freeze("shape")} if self.settings.ground == _NO_GROUND else {Freeze("shape"), Freeze("floor")}
        x0: dict[str, Tensor] = {}
        if self.stretch.inside.start > 0:
            locked = grid_motion(before.motion, self.clip_line)
            x0 = known_velocities(locked, self.grid.first, before.floor, self.body)
            held = (*_PLACED, "initial_velocities") if x0 else _PLACED
            locks |= {Freeze(variable, frames=(0, 1)) for variable in held}
        kept = {"stage2": self._poses_for_rollout(before, freezes)}
        run = self._run("stage3", observations, kept, freezes | locks, x0)
        if "stage3" not in run.results[0]:
            raise FitError("The range could not be rolled out.", " ".join(run.warnings[0]))
        if run.batch.trust is not None:
            self.trust = self.line.observed_values(run.batch.trust[0].cpu())
        return {
            key: self._closed(self.previous.stages[key], run.results[0][key], before)
            for key in ("stage3_init", "stage3")
            if key in self.previous.stages
        }

    def _closed(self, earlier: StageResult, found: StageResult, locked: StageResult) -> StageResult:
        """The earlier stage with the new range, which runs into the locked neighbours."""
        stretch = self.stretch
        beside = stretch.cut_motion(earlier.motion)
        closed = close_borders(found.motion, beside, stretch.inside.start, stretch.inside.stop, self.body)
        if earlier.key == locked.key:
            closed = self._with_frozen(closed, earlier)
        return self._spliced(earlier, found, closed, earlier.variables)

    def _poses_for_rollout(self, locked: StageResult, freezes: Collection[Freeze]) -> StageResult:
        """Stage II in the range, and the locked frames and held parts of stage III around it."""
        poses, stretch = self.stages["stage2"], self.stretch
        inside, around = stretch.cut_motion(poses.motion), stretch.cut_motion(locked.motion)
        shift = (self.body.rest_joints(inside.betas) - self.body.rest_joints(around.betas))[0]
        inside = replace(inside, translation=inside.translation + shift, betas=around.betas, contacts=around.contacts)
        motion = stretch.alone().joined_motion(around, inside)
        held = held_values(held_masks(_partly(freezes, "stage3"), 1, stretch.frames), [around])
        motion = hold_motion(motion, held, 0)
        on_grid = grid_motion(motion, self.line)
        variables = {
            "translation": on_grid.translation,
            "root_six": six_from_rotation(on_grid.root_orientation),
            "pose_latents": self.grid.cut(poses.variables["pose_latents"]),
            "betas": motion.betas,
        }
        return replace(poses, motion=motion, variables=variables | _kept(on_grid), floor=locked.floor)

    def _run(
        self,
        stage: str,
        observations: Observations,
        kept: dict[str, StageResult],
        freezes: frozenset[Freeze],
        x0: Mapping[str, Tensor] | None = None,
    ) -> Run:
        """Run one stage of the stretch on its grid."""
        settings, device = self.settings, resolve_device(self.settings.device)
        settings = replace(
            settings if stage == "stage2" else with_anchor_weight(settings, self.observations.kind), stages=(stage,)
        )
        if settings.ground != _NO_GROUND:
            settings = replace(settings, ground="given")
        run = Run(
            observations=[self.stretch.cut_observations(observations)],
            body=self.body.to(device),
            priors=self.priors.to(device),
            settings=replace(settings, stages=(stage,), freezes=freezes, contacts=self._contacts()),
            batch=self._batch(observations, device),
            timelines=[self.line],
            windows=split_windows(self.grid.frames, settings.window, settings.overlap),
            progress=self._teller(stage),
            results=[kept],
            window_batch=settings.window_batch or windows_at_once(settings.window, 1, device),
            underway=(None,),
            x0=x0 or {},
        )
        run.go()
        self.cancelled = run.cancelled
        return run

    def _batch(self, observations: Observations, device: torch.device) -> Batch:
        return make_batch([observations], device).windows(((self.grid.first, self.grid.after),))

    def _observations(self, before: StageResult) -> Observations:
        """With the floor of the locked frames."""
        return replace(self.observations, floor=before.floor, floor_is_given=True)

    def _freezes(self) -> frozenset[Freeze]:
        """What the user holds, in frames of the stretch."""
        return self.stretch.freezes(self.settings.freezes)

    def _contacts(self) -> tuple[ContactOverride, ...]:
        """What the user knows of contacts, in frames of the stretch."""
        spans = [(each, self.stretch.span(each.start, each.stop)) for each in self.settings.contacts]
        return tuple(replace(each, start=span[0], stop=span[1]) for each, span in spans if span is not None)

    def _with_frozen(self, motion: Motion, before: StageResult) -> Motion:
        """The motion of the stretch with what the user holds in the end of a stage, bit for bit."""
        masks = held_masks(_partly(self._freezes(), before.key), 1, self.stretch.frames)
        return hold_motion(motion, held_values(masks, [self.stretch.cut_motion(before.motion)]), 0)

    def _better_start(self, values: dict[str, Tensor], observations: Observations) -> dict[str, Tensor]:
        batch = self._batch(observations, torch.device("cpu"))
        poses = PoseStage(self.body, self.priors.pose, DataTerms.of(self.body), batch)
        weights = term_weights(phases_of("stage2")[-1], self.settings)
        start = {name: value[None] for name, value in values.items()}
        return {name: value[0] for name, value in better_start(poses, start, self.grid.is_locked, weights).items()}

    def _held_variables(self, before: StageResult, found: StageResult) -> dict[str, Tensor]:
        """What stage II holds: as before outside of the range, and what the user held of it inside."""
        held: dict[str, Tensor] = {}
        for name in ("held_translation", "held_root", "held_pose"):
            both = (name, f"{name}_mask")
            kept = [found.variables[each] for each in both]
            clip = [
                before.variables.get(each, value.new_zeros(self.clip_line.frames, *value.shape[1:]))
                for each, value in zip(both, kept, strict=True)
            ]
            joined = [self.grid.joined(*pair) for pair in zip(clip, kept, strict=True)]
            if bool(joined[1].any()):
                held |= dict(zip(both, joined, strict=True))
        return held

    def _spliced(
        self, before: StageResult, found: StageResult, motion: Motion, variables: Mapping[str, Tensor]
    ) -> StageResult:
        """The earlier stage of the clip with the range of the stretch; the history is the new one."""
        stretch = self.stretch
        shares = {
            name: stretch.joined(share, found.shares[name])
            for name, share in before.shares.items()
            if name in found.shares
        }
        return replace(
            found,
            key=before.key,
            motion=stretch.joined_motion(before.motion, motion),
            floor=before.floor,
            variables=variables,
            shares=shares,
            status=f"Frames {self.start} to {self.stop - 1} fitted anew. {found.status}",
            incidents=tuple(self._in_clip(each) for each in found.incidents),
        )

    def _in_clip(self, incident: Incident) -> Incident:
        """An incident with the frame of the clip."""
        if incident.frame is None:
            return incident
        return replace(incident, frame=incident.frame + self.stretch.first)

    def _share(self, stage: str) -> float:
        """Of the whole re-fit, by the time that the stages take."""
        return _SHARES[stage] / sum(_SHARES[each] for each in self.asked)

    def _teller(self, stage: str) -> ProgressCallback | None:
        """Progress of a stage of the stretch as that of the re-fit of the clip."""
        tell = self.progress
        if tell is None:
            return None
        before, finished = self.previous.stages[stage].motion, dict(self.stages)

        def told(step: Progress) -> bool:
            return tell(
                replace(
                    step,
                    fraction=self.done + self._share(stage) * step.fraction,
                    motion=lambda: self.stretch.joined_motion(before, step.motion()),
                    finished=finished,
                    incidents=tuple(self._in_clip(each) for each in step.incidents),
                    underway=None,
                )
            )

        return told


def _partly(freezes: Collection[Freeze], stage: str) -> list[Freeze]:
    """What is held of the motion to the end of a stage."""
    last = phases_of(stage)[-1].key
    return [freeze for freeze in freezes if not freeze.is_whole and freeze.counts_in(last)]


def _kept(motion: Motion) -> dict[str, Tensor]:
    """All of a motion as held, so that a stage starts from it to the bit."""
    masks = held_masks([Freeze(variable, frames=(0, motion.frames)) for variable in _PLACED], 1, motion.frames)
    return {name: value[0] for name, value in held_values(masks, [motion]).items()}
