"""A motion as the camera of each frame sees it."""

from __future__ import annotations

from dataclasses import replace

from motionfit.body.model import BodyModel
from motionfit.geometry.cameras import in_camera
from motionfit.motion import Camera, Motion


def motion_in_camera(motion: Motion, body: BodyModel, camera: Camera) -> Motion:
    """The motion in each frame's camera frame; the very same one for a camera without a trajectory.

    Args:
        motion: In the frame of the observations, of the frames of the camera.
        body: Tells where the root joint is, about which the body turns.
        camera: That saw it.
    """
    if camera.rotation is None:
        return motion
    origin = body.rest_joints(motion.betas)[0]
    roots = in_camera((motion.translation + origin)[:, None], camera)[:, 0]
    turned = camera.rotation.to(motion.root_orientation) @ motion.root_orientation
    return replace(motion, translation=roots - origin, root_orientation=turned)
