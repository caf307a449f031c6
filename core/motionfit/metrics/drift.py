"""How far two motions of the same person drift apart, frame by frame."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from motionfit.body.model import BodyModel, pose_skeleton
from motionfit.motion import Floor, Motion

_FEET = (7, 8, 10, 11)


@dataclass(frozen=True)
class Drift:
    """Per-frame distances between two motions.

    Attributes:
        root_cm: Distance of the root joints.
        heading_degrees: Angle between the headings (the body's right, projected on the floor).
        joints_cm: Mean distance of the 22 joints.
        feet_cm: Mean distance of ankles and toes.
    """

    root_cm: Float[Tensor, " frames"]
    heading_degrees: Float[Tensor, " frames"]
    joints_cm: Float[Tensor, " frames"]
    feet_cm: Float[Tensor, " frames"]


def joints_of(body: BodyModel, motion: Motion) -> Float[Tensor, "frames 22 3"]:
    """The 22 joints of a motion, metres, in the motion's frame."""
    rest = body.rest_joints(motion.betas)
    return pose_skeleton(rest, motion.translation, motion.root_orientation, motion.body_pose).joints


def drift(body: BodyModel, motion: Motion, reference: Motion, floor: Floor) -> Drift:
    """Compare a motion with a reference, both in the frame of the floor."""
    distance = (joints_of(body, motion) - joints_of(body, reference)).norm(dim=-1) * 100.0
    up = floor.normal
    rights = []
    for given in (motion, reference):
        right = -given.root_orientation[..., 0]
        flat = right - (right @ up)[..., None] * up
        rights.append(flat / flat.norm(dim=-1, keepdim=True).clamp(min=1e-9))
    cosine = (rights[0] * rights[1]).sum(-1)
    sine = torch.linalg.cross(rights[0], rights[1]) @ up
    heading = torch.atan2(sine, cosine).abs() * (180.0 / math.pi)
    return Drift(distance[:, 0], heading, distance.mean(1), distance[:, _FEET].mean(1))
