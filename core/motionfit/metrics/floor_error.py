"""How far an estimated floor is from the true one, where the person is."""

from __future__ import annotations

import math

from motionfit.body.model import BodyModel
from motionfit.metrics.drift import joints_of
from motionfit.motion import Floor, Motion


def floor_error(floor: Floor, truth: Floor, motion: Motion, body: BodyModel) -> tuple[float, float]:
    """Tilt in degrees between the normals, and height in cm between the floors under the person.

    Args:
        floor: The estimate.
        truth: In the same frame.
        motion: The true motion in that frame; its mean root joint, dropped onto the true floor, is where heights are
            compared.
        body: Of the motion.
    """
    cosine = float(floor.normal @ truth.normal)
    tilt = math.degrees(math.acos(min(max(cosine, -1.0), 1.0)))
    root = joints_of(body, motion)[:, 0].mean(0)
    foot = root - (root @ truth.normal - truth.offset) * truth.normal
    return tilt, 100.0 * abs(float(foot @ floor.normal - floor.offset))
