"""The states that a motion goes through."""

from __future__ import annotations

from motionfit.body.model import BodyModel, pose_skeleton
from motionfit.geometry.differences import angular_velocity, velocity
from motionfit.motion import Motion
from motionfit.priors.state import MotionState

LEAST_FRAMES = 3
"""Of a motion that has a state: velocities are central differences."""


def states_of_motion(motion: Motion, body: BodyModel) -> MotionState:
    """States of all frames but the first and the last, in the frame of the motion.

    Args:
        motion: Three frames or more.
        body: Gives the joints.
    """
    if motion.frames < LEAST_FRAMES:
        raise ValueError(f"velocities need {LEAST_FRAMES} frames, and there are {motion.frames}")
    rest = body.rest_joints(motion.betas)
    joints = pose_skeleton(rest, motion.translation, motion.root_orientation, motion.body_pose).joints
    return MotionState(
        motion.translation,
        velocity(motion.translation, motion.fps),
        motion.root_orientation,
        angular_velocity(motion.root_orientation, motion.fps),
        motion.body_pose,
        joints,
        velocity(joints, motion.fps, frame_axis=0),
    ).slice(1, motion.frames - 1)
