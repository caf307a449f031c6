"""The T-pose that files put before the motion, found by what it looks like."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from motionfit.body.model import BodyModel
from motionfit.motion import Motion
from motionfit.retarget.bones import LIMB_BONES, pose_bones

_ARM_ANGLE = math.radians(15.0)
_LEG_ANGLE = math.radians(25.0)
"""Arms are straight out; legs may be splayed, as the rest pose of ASF files has them (20 degrees)."""

_SETTLING_SECONDS = 0.05
"""Files lead from the T-pose to the motion within a few frames (s)."""

_JUMP_SPEED = 15.0
_JUMP_ANGLE = math.radians(3.0)


def leading_t_pose(motion: Motion, body: BodyModel) -> int:
    """Number of frames at the start that are the T-pose of the file and not motion.

    They look like a T-pose, and the motion leaves them with a jump that no person can make. A T-pose that somebody
    stood in and left by moving is motion and is kept, as is a motion of nothing else.
    """
    directions = _limb_directions(motion, body)
    rest = body.rest_joints(motion.betas)
    still = torch.stack([rest[end] - rest[start] for start, end in LIMB_BONES])
    limits = torch.tensor([_LEG_ANGLE] * 4 + [_ARM_ANGLE] * 4, dtype=still.dtype)
    is_t_pose = (_angles(directions, still / still.norm(dim=-1, keepdim=True)) < limits).all(-1)
    others = (~is_t_pose).nonzero()
    if len(others) == 0 or int(others[0]) == 0:
        return 0
    count = int(others[0])
    steps = _angles(directions[1:], directions[:-1]).amax(-1) > _JUMP_ANGLE + _JUMP_SPEED / motion.fps
    leaps = steps[: count + round(_SETTLING_SECONDS * motion.fps)].nonzero()
    return int(leaps[-1]) + 1 if len(leaps) else 0


def _limb_directions(motion: Motion, body: BodyModel) -> Float[Tensor, "frames 8 3"]:
    posed = pose_bones(motion, body)
    bones = torch.stack([posed.joints[:, end] - posed.joints[:, start] for start, end in LIMB_BONES], 1)
    in_pelvis = bones @ motion.root_orientation
    directions: Tensor = in_pelvis / in_pelvis.norm(dim=-1, keepdim=True)
    return directions


def _angles(first: Float[Tensor, "*batch 3"], second: Float[Tensor, "*#batch 3"]) -> Float[Tensor, "*batch"]:
    angle: Tensor = torch.atan2(
        torch.linalg.cross(first, second.expand_as(first)).norm(dim=-1), (first * second).sum(-1)
    )
    return angle
