"""How good a converted motion is: how near to its source, and what no person does."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from motionfit.body.model import BodyModel
from motionfit.geometry.rotations import geodesic_angle
from motionfit.motion import Motion
from motionfit.retarget.bones import LIMB_BONES, pose_bones
from motionfit.retarget.soles import TOES, sole_points, soles_of

FLIP_SPEED = math.radians(60.0) * 30.0
"""A joint (or the root) that turns faster (rad/s: 60 degrees in a frame at 30 fps) flips."""

_DEEP = 0.03
_STANCE_HEIGHT = 0.04
_STANCE_SPEED = 0.3


@dataclass(frozen=True)
class Quality:
    """Figures of a converted motion.

    Attributes:
        bone_degrees: Mean angle between the limb bones of the source and of the result.
        bone_mm: Mean distance between the ends of these bones when they start at one point, the source scaled to
            the limbs of the body; unlike the angle it contains the proportions.
        sliding_mm_s: Mean horizontal speed of toe joints that are less than 4 cm over the floor and slower than
            0.3 m/s; None where none is.
        penetration_mm: Depth of the deepest sole point under the floor; 0 where none is under it.
        penetration_percent: Of the frames, those with a sole point more than 3 cm under the floor.
        flips: Joints times frames in which a joint turns by more than 60 degrees in 1/30 s.
        flips_per_10000: The same per 10,000 frames.
    """

    bone_degrees: float
    bone_mm: float
    sliding_mm_s: float | None
    penetration_mm: float
    penetration_percent: float
    flips: int
    flips_per_10000: float

    def to_json(self) -> dict[str, float | int | None]:
        """For reports and files."""
        return {name: round(value, 4) if isinstance(value, float) else value for name, value in asdict(self).items()}


QUALITY_TITLES: dict[str, str] = {
    "bone_degrees": "limb directions off the source, degrees",
    "bone_mm": "limb bones off the source, mm",
    "sliding_mm_s": "toes in stance slide, mm/s",
    "penetration_mm": "deepest sole under the floor, mm",
    "penetration_percent": "soles more than 3 cm under it, % of frames",
    "flips_per_10000": "flips (over 60° in a frame) per 10,000 frames",
}
"""For people, by the names of the figures."""


def measure_quality(motion: Motion, body: BodyModel, source: Float[Tensor, "frames 22 3"]) -> Quality:
    """Measure a motion that stands on z = 0.

    Args:
        motion: The result.
        body: That it is of.
        source: Joints of the source at the times of the result, z up, in any place and size; limbs only are read.
    """
    posed = pose_bones(motion, body)
    degrees, millimetres = bone_residual(posed.joints, source)
    lowest = sole_points(posed, soles_of(body, motion.betas))[..., 2].flatten(1).amin(-1)
    flips = _flips(motion)
    return Quality(
        bone_degrees=degrees,
        bone_mm=millimetres,
        sliding_mm_s=_sliding(posed.joints, motion.fps),
        penetration_mm=max(0.0, -float(lowest.min())) * 1000.0,
        penetration_percent=float((lowest < -_DEEP).to(lowest).mean()) * 100.0,
        flips=flips,
        flips_per_10000=flips * 10000.0 / motion.frames,
    )


def bone_residual(joints: Float[Tensor, "frames 22 3"], source: Float[Tensor, "frames 22 3"]) -> tuple[float, float]:
    """Mean angle (degrees) and mean distance (mm) between the limb bones of a motion and of its source."""
    starts, ends = [start for start, _ in LIMB_BONES], [end for _, end in LIMB_BONES]
    mine, theirs = joints[:, ends] - joints[:, starts], source[:, ends] - source[:, starts]
    lengths = mine.norm(dim=-1), theirs.norm(dim=-1)
    cross = torch.linalg.cross(mine, theirs).norm(dim=-1)
    angle = torch.atan2(cross, (mine * theirs).sum(-1))
    scaled = theirs * (lengths[0].sum() / lengths[1].sum())
    return math.degrees(float(angle.mean())), float((mine - scaled).norm(dim=-1).mean()) * 1000.0


def _sliding(joints: Float[Tensor, "frames 22 3"], fps: float) -> float | None:
    toes = joints[:, list(TOES)]
    steps = (toes[1:] - toes[:-1]) * fps
    stance = (toes[1:, :, 2] < _STANCE_HEIGHT) & (steps.norm(dim=-1) < _STANCE_SPEED)
    return float(steps[..., :2].norm(dim=-1)[stance].mean()) * 1000.0 if bool(stance.any()) else None


def _flips(motion: Motion) -> int:
    rotations = torch.cat([motion.root_orientation[:, None], motion.body_pose], 1)
    return int((geodesic_angle(rotations[:-1], rotations[1:]) * motion.fps > FLIP_SPEED).sum())
