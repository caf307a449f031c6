"""From where the stages of a range re-fit start."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from jaxtyping import Bool
from torch import Tensor

from motionfit.body.model import BodyModel, pose_skeleton
from motionfit.geometry.differences import angular_velocity
from motionfit.geometry.gaps import fill_rotations, fill_vectors
from motionfit.geometry.planes import prior_from_observed
from motionfit.geometry.rotations import rotation_from_six, six_from_rotation
from motionfit.motion import Floor, Motion
from motionfit.pipeline.initialise_rollout import line_slopes, smoothed
from motionfit.pipeline.pose_stage import PoseStage

_LEAST_FRAMES = 3
_MOST_FRAMES = 6


def better_start(
    poses: PoseStage,
    values: Mapping[str, Tensor],
    is_locked: Bool[Tensor, " frames"],
    weights: Mapping[str, float],
) -> dict[str, Tensor]:
    """The earlier values, or those between the locked neighbours where these have the lower loss.

    What was fitted to wrong observations may be a local minimum far from the right ones.

    Args:
        poses: The terms, with the observations that are to be fitted.
        values: Of stage II, of one clip.
        is_locked: Frames whose values stand.
        weights: Of the terms that count.
    """
    between = dict(values)
    for name in ("translation", "pose_latents"):
        between[name] = fill_vectors(values[name][0], is_locked)[None]
    root = fill_rotations(rotation_from_six(values["root_six"][0]), is_locked)
    between["root_six"] = torch.where(is_locked[:, None], values["root_six"], six_from_rotation(root)[None])
    with torch.no_grad():
        losses = [
            float(sum(weights[name] * term.sum() for name, term in poses.terms(start, weights).items()))
            for start in (values, between)
        ]
    return between if losses[1] < losses[0] else dict(values)


def known_velocities(motion: Motion, frame: int, floor: Floor, body: BodyModel) -> dict[str, Tensor]:
    """The velocities of x0 at a frame, from the frames of a motion up to it: slopes of lines, in its prior frame.

    Args:
        motion: In the frame of the observations.
        frame: The one that is rolled out from.
        floor: In the frame of the motion.
        body: Of the motion.

    Returns:
        One row per tensor of x0's velocities; empty where fewer than three frames are known.
    """
    past = motion.slice(max(frame + 1 - _MOST_FRAMES, 0), frame + 1)
    if past.frames < _LEAST_FRAMES:
        return {}
    rest = body.rest_joints(past.betas)
    joints = pose_skeleton(rest, past.translation, past.root_orientation, past.body_pose).joints
    root = past.root_orientation
    transform = prior_from_observed(floor.normal, floor.offset, root[-1], joints[-1, 0], rest[0])
    local = transform.apply(joints.flatten(0, 1)).unflatten(0, (past.frames, -1))
    spin = smoothed(angular_velocity((transform.rotation @ root)[None], past.fps), past.fps)
    slopes = line_slopes(local.flatten(1)[None], past.fps).unflatten(2, (-1, 3))
    return {
        "x0_linear_velocity": slopes[:, -1, 0],
        "x0_angular_velocity": spin[:, -1],
        "x0_joint_velocities": slopes[:, -1],
    }
