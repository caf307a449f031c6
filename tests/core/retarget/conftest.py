"""Motion at the rate of a capture that is known exactly, to put faults into."""

import math
from dataclasses import replace

import pytest
import torch

from motionfit.geometry.rotations import rotation_from_axis_angle
from motionfit.motion import Motion
from motionfit.retarget.bones import pose_bones
from motionfit.retarget.soles import sole_points, soles_of

UP = rotation_from_axis_angle(torch.tensor([math.pi / 2, 0.0, 0.0], dtype=torch.float64))


def turn(x=0.0, y=0.0, z=0.0):
    """Rotations about x, y, z (as one axis-angle); any of them may be a value per frame."""
    values = torch.broadcast_tensors(*(torch.as_tensor(value, dtype=torch.float64) for value in (x, y, z)))
    return rotation_from_axis_angle(torch.stack(values, -1))


def lowest_sole(motion, body):
    return sole_points(pose_bones(motion, body), soles_of(body, motion.betas))[..., 2].flatten(1).amin(-1)


@pytest.fixture(scope="session")
def body(open_body):
    return open_body.to(dtype=torch.float64)


@pytest.fixture(scope="session")
def march(body):
    """Make marching on the spot: one foot stands while the other is lifted, arms swing; the floor is z = 0."""

    def make(seconds=3.0, fps=120.0):
        frames = round(seconds * fps)
        phase = 2 * math.pi * torch.arange(frames, dtype=torch.float64) / fps
        pose = torch.eye(3, dtype=torch.float64).repeat(frames, 21, 1, 1)
        for side, lift in ((0, phase.sin().clamp(min=0) ** 2), (1, (-phase.sin()).clamp(min=0) ** 2)):
            pose[:, 0 + side], pose[:, 3 + side], pose[:, 6 + side] = (
                turn(-0.9 * lift),
                turn(1.3 * lift),
                turn(-0.4 * lift),
            )
        swing = 0.4 * phase.sin()
        pose[:, 15], pose[:, 16] = turn(y=-swing) @ turn(z=-1.2), turn(y=-swing) @ turn(z=1.2)
        pose[:, 17], pose[:, 18] = turn(y=-0.4 + 0.2 * swing), turn(y=0.4 + 0.2 * swing)
        pose[:, 12], pose[:, 13] = turn(z=-0.1 + 0.05 * swing), turn(z=0.1 + 0.05 * swing)
        root = turn(z=0.3 * (0.3 * phase).sin()) @ UP
        motion = Motion(
            fps, torch.zeros(frames, 3, dtype=torch.float64), root, pose, torch.zeros(16, dtype=torch.float64)
        )
        height = lowest_sole(motion.slice(0, 1), body)
        return replace(motion, translation=motion.translation - torch.tensor([0.0, 0.0, 1.0]).to(height) * height)

    return make


@pytest.fixture(scope="session")
def marching(march):
    return march()


@pytest.fixture(scope="session")
def change():
    """Change one rotation of the body pose in some frames: the joint is multiplied from the right."""

    def apply(motion, joint, frames, by):
        pose = motion.body_pose.clone()
        pose[frames, joint - 1] = pose[frames, joint - 1] @ by
        return replace(motion, body_pose=pose)

    return apply


@pytest.fixture(scope="session")
def lift():
    """Move a motion up; the height may be a value per frame."""

    def apply(motion, height):
        up = torch.zeros_like(motion.translation)
        up[:, 2] = torch.as_tensor(height, dtype=up.dtype)
        return replace(motion, translation=motion.translation + up)

    return apply
