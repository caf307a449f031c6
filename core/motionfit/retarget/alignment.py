"""From a rig to the SMPL body: rest alignment, joints, scale and root."""

from __future__ import annotations

from motionfit.body.model import BodyModel
from motionfit.motion import Motion
from motionfit.retarget.rig import RigMotion


def retarget(rig: RigMotion, body: BodyModel) -> Motion:
    """The motion of a rig on the SMPL body, at the rig's frame rate, z up, without any cleaning.

    Args:
        rig: With a joint map.
        body: Gives the rest joints of the mean shape.

    Returns:
        The motion with zero betas, float32.
    """
    raise NotImplementedError
