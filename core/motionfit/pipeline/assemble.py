"""Turn optimiser values into motions in the frame of the observations."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from motionfit.body.model import BodyModel
from motionfit.geometry.rotations import rotation_from_six
from motionfit.motion import Floor, Motion
from motionfit.pipeline.held import hold_motion
from motionfit.pipeline.pose_stage import PoseStage
from motionfit.pipeline.rollout_stage import Rolled, RolloutStage
from motionfit.pipeline.windows import blend, blend_rotations


def motion_of_poses(stage: PoseStage, values: Mapping[str, Tensor], clip: int) -> Motion:
    """The motion of one clip in stages I and II, on the CPU."""
    with torch.no_grad():
        pose = stage.prior.decode(values["pose_latents"][clip])
        root = rotation_from_six(values["root_six"][clip])
    motion = Motion(
        fps=stage.batch.fps,
        translation=values["translation"][clip].cpu(),
        root_orientation=root.cpu(),
        body_pose=pose.cpu(),
        betas=values["betas"][clip].cpu(),
        gender=stage.body.gender,
    )
    return hold_motion(motion, values, clip)


def motion_of_rollout(stage: RolloutStage, values: Mapping[str, Tensor], clip: int) -> tuple[Motion, Floor]:
    """The blended motion of one clip in stage III and the floor it stands on, on the CPU."""
    with torch.no_grad():
        rolled = stage.roll(values)
        rows = slice(clip * len(stage.windows), (clip + 1) * len(stage.windows))
        translation, root, pose = _observed(stage.body, rolled, values, rows)
        contacts = blend(rolled.contacts[rows], stage.windows)
    motion = Motion(
        fps=stage.batch.fps,
        translation=blend(translation, stage.windows).cpu(),
        root_orientation=blend_rotations(root, stage.windows).cpu(),
        body_pose=blend_rotations(pose, stage.windows).cpu(),
        betas=values["betas"][clip].cpu(),
        gender=stage.body.gender,
        contacts=contacts.cpu(),
    )
    first = clip * len(stage.windows)
    return hold_motion(motion, values, clip), Floor(rolled.floor_normal[first].cpu(), rolled.floor_offset[first].cpu())


def _observed(
    body: BodyModel, rolled: Rolled, values: Mapping[str, Tensor], rows: slice
) -> tuple[Tensor, Tensor, Tensor]:
    """Translation, root and pose of some windows; x0 itself is copied, so a frozen one comes out bit-identical."""
    rest_root = rolled.posed.rest_joints[rows, :1]
    back = rolled.prior_from_observed.inverse()
    states = rolled.roll_out.states
    root_joints = (states.translation[rows] + rest_root) @ back.rotation[rows].transpose(-1, -2)
    translation = root_joints + back.translation[rows, None] - rest_root
    root = back.rotation[rows, None] @ states.root_orientation[rows]
    translation[:, 0] = values["x0_translation"][rows]
    root[:, 0] = rotation_from_six(values["x0_root_six"][rows])
    return translation, root, states.body_pose[rows]
