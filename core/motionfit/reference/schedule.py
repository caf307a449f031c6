"""What is free and what counts in each phase, as published.

The phases have the names of `pipeline.stages`, so that settings, reports and plots read both alike. An iteration is
one L-BFGS step of up to 20 inner iterations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from motionfit.pipeline.settings import FitSettings

_DATA = ("joints3d", "keypoints3d", "keypoints2d")
_CONTACTS = ("contact_velocity", "contact_height")
_ROLLOUT = (
    *_DATA, "pose_prior", "shape_prior", "smoothness", "motion_prior", "initial_state", "joint_consistency",
    "bone_length", "floor",
)  # fmt: skip
_ROOT = ("translation", "root_orientation")
_MOTION = (
    *_ROOT, "pose_latents", "betas", "motion_latents", "linear_velocity", "joint_velocities", "angular_velocity",
    "floor",
)  # fmt: skip


@dataclass(frozen=True)
class PublishedPhase:
    """A part of a stage, with an L-BFGS memory of its own.

    Attributes:
        key: As in `pipeline.stages.PHASES`.
        stage: The stage it belongs to.
        free: The values that are optimised.
        terms: The terms that count, with the stage's weights.
    """

    key: str
    stage: str
    free: tuple[str, ...]
    terms: tuple[str, ...]


ROOT = PublishedPhase("root", "stage1", _ROOT, (*_DATA, "overlap"))
POSE = PublishedPhase(
    "pose", "stage2", (*_ROOT, "betas", "pose_latents"),
    (*_DATA, "pose_prior", "shape_prior", "smoothness", "overlap"),
)  # fmt: skip
TUNE_X0 = PublishedPhase("tune_x0", "stage3", _MOTION, (*_ROLLOUT, *_CONTACTS))
HOLD_X0 = PublishedPhase("hold_x0", "stage3", ("motion_latents", "betas", "floor"), (*_ROLLOUT, "overlap"))
REFINE = PublishedPhase("refine", "stage3", _MOTION, (*_ROLLOUT, *_CONTACTS, "overlap"))
PHASES = (ROOT, POSE, TUNE_X0, HOLD_X0, REFINE)


@dataclass(frozen=True)
class Schedule:
    """How long each phase runs, and on what.

    Attributes:
        weights: Of each term, per stage; what is absent or zero does not count.
        iterations: Of each phase.
        inner_iterations: Of one L-BFGS step.
        tuned_frames: The first frames of a window that x0 is tuned on.
        windows_together: Windows of a batch.
    """

    weights: Mapping[str, Mapping[str, float]]
    iterations: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    inner_iterations: int = 20
    tuned_frames: int = 15
    windows_together: int = 2

    @classmethod
    def of(cls, settings: FitSettings) -> Schedule:
        """The schedule of a preset."""
        return cls(settings.weights, settings.iterations)

    def weights_of(self, phase: PublishedPhase) -> dict[str, float]:
        """The terms that count in a phase, with their weights."""
        given = self.weights.get(phase.stage, {})
        return {term: given[term] for term in phase.terms if given.get(term, 0.0) > 0.0}

    def after_a_batch(self) -> Schedule:
        """What the next batch is fitted with.

        Kept fault: holding x0 writes zeros over the weights of contacts, and only refining writes them back; so after
        a run without refining, which no published schedule has, the later batches do without contacts.
        """
        if self.iterations.get(HOLD_X0.key, 0) == 0 or self.iterations.get(REFINE.key, 0) > 0:
            return self
        kept = {stage: dict(terms) for stage, terms in self.weights.items()}
        kept["stage3"] = {term: weight for term, weight in kept.get("stage3", {}).items() if term not in _CONTACTS}
        return replace(self, weights=kept)
