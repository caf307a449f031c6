import math
from dataclasses import replace

import pytest
import torch

from motionfit.geometry.rotations import geodesic_angle
from motionfit.retarget.bones import pose_bones
from motionfit.retarget.collars import SHARE, has_rigid_collars, move_collars

EYE = torch.eye(3, dtype=torch.float64)


@pytest.fixture
def rigid(marching):
    pose = marching.body_pose.clone()
    pose[:, 12:14] = EYE
    return replace(marching, body_pose=pose)


def test_rigid_collars_are_recognised(marching, rigid):
    assert has_rigid_collars(rigid)
    assert not has_rigid_collars(marching)


def test_collars_take_their_share_and_arms_keep_their_directions(rigid, body):
    found = move_collars(rigid, body)
    before, after = pose_bones(rigid, body), pose_bones(found, body)
    for collar, shoulder, elbow in ((13, 16, 18), (14, 17, 19)):
        bones = [posed.joints[:, elbow] - posed.joints[:, shoulder] for posed in (before, after)]
        torch.testing.assert_close(bones[0], bones[1], atol=1e-9, rtol=0)
        trunk = before.rotations[:, 9].mT @ bones[0][..., None]
        rest = body.rest_joints(rigid.betas)
        drawn = rest[elbow] - rest[shoulder]
        swing = torch.acos((trunk[..., 0] @ drawn) / drawn.norm() ** 2)
        lifted = geodesic_angle(found.body_pose[:, collar - 1], EYE.expand(rigid.frames, 3, 3))
        torch.testing.assert_close(lifted, SHARE * swing, atol=1e-6, rtol=0)
    # Hanging arms draw the shoulders down.
    assert float((after.joints[:, 16] - before.joints[:, 16])[:, 2].max()) < -0.005
    assert math.degrees(float(swing.mean())) > 60
