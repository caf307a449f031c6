"""The stages of a fit as data: which variables are free, which terms count, on which frames, for how long.

Stage I finds the root, stage II pose and shape under the pose prior, stage III rolls the motion prior out from an
initial state x0 (HuMoR, ICCV 2021, section 4). Adding a phase is one entry here.
"""

from __future__ import annotations

from dataclasses import dataclass

STAGE_TITLES: dict[str, str] = {
    "stage1": "I root",
    "stage2": "II pose and shape",
    "stage3_init": "III initial roll-out",
    "stage3": "III motion",
}
"""Stage results in the order in which a fit makes them; "stage3_init" is made without optimising."""

OPTIMISED_STAGES: tuple[str, ...] = ("stage1", "stage2", "stage3")

VARIABLE_TITLES: dict[str, str] = {
    "translation": "translation",
    "root_orientation": "root orientation",
    "body_pose": "body pose",
    "shape": "shape",
    "floor": "floor",
    "motion_latents": "motion latents z",
    "initial_velocities": "x0 velocities",
}
"""In stage III translation, root orientation and body pose are those of the initial state x0."""

TERM_TITLES: dict[str, str] = {
    "joints3d": "3D joints",
    "keypoints3d": "3D keypoints",
    "points3d": "surface points",
    "keypoints2d": "2D keypoints",
    "pose_prior": "pose prior",
    "shape_prior": "shape prior",
    "height": "height of the person",
    "smoothness": "joint smoothness",
    "motion_prior": "motion prior",
    "initial_state": "initial state prior",
    "joint_consistency": "joint consistency",
    "bone_length": "bone length",
    "contact_velocity": "contact velocity",
    "contact_height": "contact height",
    "floor": "floor",
    "overlap": "window overlap",
}
DATA_TERMS: tuple[str, ...] = ("joints3d", "keypoints3d", "points3d", "keypoints2d")
_ROLLOUT = ("shape_prior", "height", "motion_prior", "initial_state", "joint_consistency", "bone_length", "floor")
_CONTACTS = ("contact_velocity", "contact_height")
_X0 = ("translation", "root_orientation", "body_pose", "initial_velocities")


WIDE, MEASURED = "wide", "measured"
"""Where observations stop pulling: only where no limb can reach them, or by the noise that the current fit shows."""


@dataclass(frozen=True)
class Phase:
    """A part of a stage with one set of free variables and terms, and with an optimiser memory of its own.

    Attributes:
        key: Name, unique over all stages.
        stage: The stage it belongs to.
        title: For people.
        iterations: Upper limit of optimiser iterations; a preset may change it.
        free: Variables that the optimiser may change.
        terms: Terms that count (with the stage's weights).
        frames: The first frames of each window that count; None = all.
        scales: How the scales of robust data terms are set, `WIDE` or `MEASURED`, once for each round of the phase.
    """

    key: str
    stage: str
    title: str
    iterations: int
    free: tuple[str, ...]
    terms: tuple[str, ...]
    frames: int | None = None
    scales: tuple[str, ...] = (MEASURED,)


PHASES: tuple[Phase, ...] = (
    Phase("root", "stage1", "root", 60, ("translation", "root_orientation"), DATA_TERMS, scales=(WIDE,)),
    Phase(
        "pose", "stage2", "pose and shape", 160,
        ("translation", "root_orientation", "body_pose", "shape"),
        (*DATA_TERMS, "pose_prior", "shape_prior", "height", "smoothness"),
        scales=(WIDE, MEASURED),
    ),
    Phase(
        "tune_x0", "stage3", "tune x0", 40,
        (*_X0, "motion_latents", "shape", "floor"),
        (*DATA_TERMS, *_ROLLOUT, *_CONTACTS),
        frames=15,
    ),
    Phase(
        "hold_x0", "stage3", "hold x0", 80,
        ("motion_latents", "shape", "floor"),
        (*DATA_TERMS, *_ROLLOUT, "overlap"),
    ),
    Phase(
        "refine", "stage3", "refine", 60,
        (*_X0, "motion_latents", "shape", "floor"),
        (*DATA_TERMS, *_ROLLOUT, *_CONTACTS, "overlap"),
    ),
)  # fmt: skip


def phases_of(stage: str) -> tuple[Phase, ...]:
    """The phases of a stage in their order."""
    return tuple(phase for phase in PHASES if phase.stage == stage)
