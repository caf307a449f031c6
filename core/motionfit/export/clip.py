"""What is exported: a motion on its body in the world, and what is known beside it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from motionfit.body.model import BodyModel, PosedSkeleton, pose_skeleton
from motionfit.errors import require_one_of
from motionfit.files.report import Report
from motionfit.files.result import world_motion
from motionfit.motion import Motion
from motionfit.pipeline.result import FitResult

Y_UP_FROM_Z_UP = ((1.0, 0.0, 0.0), (0.0, 0.0, 1.0), (0.0, -1.0, 0.0))
"""BVH and glTF have y up: what was z is y, and what was y points away from the viewer."""


@dataclass(frozen=True)
class ExportClip:
    """A motion to be written.

    Attributes:
        name: Of the clip.
        motion: In the world, z up, floor at z = 0.
        body: Of the motion, on the CPU in float32.
        result: The fit that it comes from, if any.
        report: Of that fit.
        video: That was fitted, if any.
        first: Frame of the fit (and of the video) that the motion starts at.
    """

    name: str
    motion: Motion
    body: BodyModel
    result: FitResult | None = None
    report: Report | None = None
    video: Path | None = None
    first: int = 0

    @property
    def is_whole(self) -> bool:
        """True when the motion is all of the fit's."""
        return self.result is not None and self.result.final.motion.frames == self.motion.frames

    def rest_joints(self) -> Float[Tensor, "22 3"]:
        """Joints of the T-pose of this person, body frame (y up, z ahead), metres."""
        return self.body.rest_joints(self.motion.betas)

    def posed(self) -> PosedSkeleton:
        """Joints and bones in the world."""
        motion = self.motion
        return pose_skeleton(self.rest_joints(), motion.translation, motion.root_orientation, motion.body_pose)

    def local_rotations(self) -> Float[Tensor, "frames 22 3 3"]:
        """Rotations relative to the parents; that of the root in a world with y up."""
        turn = torch.tensor(Y_UP_FROM_Z_UP)
        root = turn @ self.motion.root_orientation
        return torch.cat([root.unsqueeze(1), self.motion.body_pose], 1)

    def root_path(self) -> Float[Tensor, "frames 3"]:
        """Root joint in a world with y up, metres."""
        turn = torch.tensor(Y_UP_FROM_Z_UP)
        return (self.motion.translation + self.rest_joints()[0]) @ turn.T


def clip_of_result(
    name: str,
    result: FitResult,
    body: BodyModel,
    report: Report,
    stage: str | None = None,
    video: Path | None = None,
) -> ExportClip:
    """A stage of a fit (by default the last) in the world.

    Raises:
        SettingsError: The fit has no such stage.
    """
    result = result if stage is None else _up_to(result, stage)
    motion, _ = world_motion(result, body)
    return ExportClip(name, motion.to("cpu"), body, result, report, video)


def _up_to(result: FitResult, stage: str) -> FitResult:
    """The result as it was after a stage; the per-frame measures are of the last one only."""
    require_one_of(stage, result.stages, "stage of this result")
    keys = list(result.stages)
    if stage == keys[-1]:
        return result
    kept = {key: result.stages[key] for key in keys[: keys.index(stage) + 1]}
    return replace(result, stages=kept, diagnostics={})
