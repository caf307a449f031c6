"""Motions carried from one frame to another (camera and world)."""

from __future__ import annotations

from dataclasses import replace

from motionfit.body.model import BodyModel
from motionfit.geometry.planes import RigidTransform
from motionfit.motion import Floor, Motion


def transform_motion(motion: Motion, body: BodyModel, transform: RigidTransform) -> Motion:
    """The same motion seen from another frame.

    The SMPL translation puts the root joint at J0(betas) + translation with J0 unrotated, so it is the root
    joint that is carried.

    Args:
        motion: In the old frame.
        body: Gives J0.
        transform: New frame from old.
    """
    origin = body.rest_joints(motion.betas)[0]
    root = transform.apply(motion.translation + origin)
    return replace(motion, translation=root - origin, root_orientation=transform.rotation @ motion.root_orientation)


def transform_floor(floor: Floor, transform: RigidTransform) -> Floor:
    """The same plane seen from another frame (new from old)."""
    normal = transform.rotation @ floor.normal
    return Floor(normal, floor.offset + normal @ transform.translation)
