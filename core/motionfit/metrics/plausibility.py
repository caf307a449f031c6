"""What is wrong with a motion even where nobody knows the true one: skating, penetration, floating.

Heights are over the floor along its normal, so motions in the camera frame need no turning.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from motionfit.body.model import BodyModel, vertices
from motionfit.geometry.differences import velocity
from motionfit.geometry.planes import project_on_plane
from motionfit.motion import Floor, Motion

CONTACT_HEIGHTS: dict[int, float] = {
    4: 0.10,
    5: 0.10,
    7: 0.10,
    8: 0.10,
    10: 0.04,
    11: 0.04,
    20: 0.08,
    21: 0.08,
}
"""Joints that can touch, and under which height over the floor they may (m); the root is not judged."""

CONTACT_SPEED = 0.3
"""Below this speed (m/s) a low joint touches: 5 mm per frame at 60 Hz, as the prior was trained."""

_FEET_HEIGHTS: dict[int, float] = {7: 0.10, 8: 0.10, 10: 0.04, 11: 0.04}
_TOES = (10, 11)
_THRESHOLDS = (0.0, 0.03, 0.06, 0.09, 0.12, 0.15)
_CHUNK = 16

Joints = Float[Tensor, "frames 22 3"]


def heights(points: Float[Tensor, "*batch 3"], floor: Floor) -> Float[Tensor, "*batch"]:
    """Height over the floor, metres; negative below it."""
    height: Float[Tensor, "*batch"] = points @ floor.normal - floor.offset
    return height


def touching(joints: Joints, fps: float, floor: Floor) -> Bool[Tensor, "frames 8"]:
    """Which joints of `CONTACT_HEIGHTS` are low and slow: the labels that the motion prior learns from."""
    places = list(CONTACT_HEIGHTS)
    limits = joints.new_tensor(list(CONTACT_HEIGHTS.values()))
    speeds = velocity(joints[:, places], fps, frame_axis=0).norm(dim=-1)
    touches: Tensor = (speeds < CONTACT_SPEED) & (heights(joints[:, places], floor) < limits)
    return touches


def contact_f1(predicted: Bool[Tensor, "frames 8"], true: Bool[Tensor, "frames 8"]) -> float | None:
    """Harmonic mean of precision and recall over all joints and frames; None where nothing ever touches."""
    hits = float((predicted & true).sum())
    named = float(predicted.sum() + true.sum())
    return 2.0 * hits / named if named else None


def predicted_touching(motion: Motion, joints: Joints, floor: Floor) -> Bool[Tensor, "frames 8"]:
    """The motion's own contacts over 0.5, or the low and slow joints where it tells none."""
    if motion.contacts is None:
        return touching(joints, motion.fps, floor)
    return motion.contacts[:, list(CONTACT_HEIGHTS)] > 0.5


def skating_cm(joints: Joints, floor: Floor) -> Float[Tensor, " frames"]:
    """How far ankles and toes slide along the floor from the frame before, cm, mean of the four.

    A slide counts with the weight 2 − 2^(h/H) (Ling et al., Motion VAE, 2020): 1 on the floor, 0 from the
    height H (ankles 10 cm, toes 4 cm) on, h being the mean height in the two frames. The first frame has
    none.
    """
    feet = joints[:, list(_FEET_HEIGHTS)]
    limits = joints.new_tensor(list(_FEET_HEIGHTS.values()))
    step = feet[1:] - feet[:-1]
    slide = project_on_plane(step, floor.normal.expand_as(step)).norm(dim=-1)
    height = heights(feet, floor)
    middle = (height[1:] + height[:-1]) / 2.0
    weight = (2.0 - torch.exp2(middle.clamp(min=0.0) / limits)).clamp(min=0.0)
    return torch.cat([slide.new_zeros(1), (slide * weight).mean(-1)]) * 100.0


def skating_cm_per_frame(joints: Joints, floor: Floor) -> float:
    """Mean of `skating_cm` over the frames that have one before."""
    return float(skating_cm(joints, floor)[1:].mean())


def penetration_rate(joints: Joints, floor: Floor) -> float:
    """Share (0..1) of toe joints below the floor, mean over the depths 0, 3, 6, 9, 12 and 15 cm (HuMoR)."""
    depth = -heights(joints[:, list(_TOES)], floor)
    return sum(float((depth > threshold).float().mean()) for threshold in _THRESHOLDS) / len(_THRESHOLDS)


def lowest_point(motion: Motion, body: BodyModel, floor: Floor) -> Float[Tensor, " frames"]:
    """Height of the lowest mesh vertex of each frame, metres."""
    lowest = torch.empty_like(motion.translation[:, 0])
    for start in range(0, motion.frames, _CHUNK):
        part = motion.slice(start, min(start + _CHUNK, motion.frames))
        mesh = vertices(body, part.betas, part.translation, part.root_orientation, part.body_pose)
        torch.amin(heights(mesh, floor), -1, out=lowest[start : start + _CHUNK])
    return lowest


def penetration_cm(lowest: Float[Tensor, " frames"]) -> float:
    """Mean depth of the deepest vertex below the floor; frames above it count 0."""
    return float((-lowest).clamp(min=0.0).mean()) * 100.0


def float_cm(lowest: Float[Tensor, " frames"]) -> float:
    """Mean height of the lowest vertex over the floor; frames below it count 0. A jump floats too."""
    return float(lowest.clamp(min=0.0).mean()) * 100.0
