"""Where the simulated camera stands: in front of the person, a little aside, far enough to see all."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from motionfit.body.model import BodyModel, pose_skeleton
from motionfit.geometry.cameras import project
from motionfit.geometry.planes import RigidTransform
from motionfit.motion import Camera, Motion
from motionfit.simulation.spec import Projection

_HEIGHT = 1.4
_ASIDE = math.radians(25.0)
_NEAREST = 3.0
_MARGIN = 0.08


def camera_of(projection: Projection) -> Camera:
    """The pinhole camera with its principal point in the middle of the image."""
    width, height = projection.image_size
    focal = projection.focal
    rows = [[focal, 0.0, width / 2.0], [0.0, focal, height / 2.0], [0.0, 0.0, 1.0]]
    return Camera(torch.tensor(rows), projection.image_size)


def camera_from_world(motion: Motion, body: BodyModel, projection: Projection) -> RigidTransform:
    """Camera frame from world frame for a motion in the world (z up).

    The camera stands 1.4 m over the floor, 25° to the side of where the person faces on average, and looks at
    the middle of the path. It is the nearest (3 m or more) from which every joint of every frame keeps 8 %
    off the borders. It depends on the motion and the camera only: the same call gives the same camera again.
    """
    rest = body.rest_joints(motion.betas)
    posed = pose_skeleton(rest, motion.translation, motion.root_orientation, motion.body_pose)
    joints = posed.joints
    centre = (joints.amin((0, 1)) + joints.amax((0, 1))) / 2.0
    front = motion.root_orientation[..., :2, 2].mean(0)
    heading = math.atan2(float(front[1]), float(front[0])) if float(front.norm()) > 1e-3 else 0.0
    toward = joints.new_tensor([math.cos(heading + _ASIDE), math.sin(heading + _ASIDE), 0.0])
    distance = _NEAREST
    transform = looking_at(centre, toward, distance)
    while not _sees(joints, transform, projection) and distance < 1000.0:
        distance *= 1.05
        transform = looking_at(centre, toward, distance)
    return transform


def walking_camera(motion: Motion, body: BodyModel, projection: Projection) -> Camera:
    """A camera that is carried past the person, swaying, and zooms: intrinsics and pose change in every frame.

    It starts where `camera_from_world` stands, goes 1.2 m/s to its side, keeps the root in the middle
    of the picture and zooms out and in by a fifth.

    Returns:
        With the trajectory in the world of the motion (z up).
    """
    start = camera_from_world(motion, body, projection)
    place = -(start.rotation.mT @ start.translation)
    times = torch.arange(motion.frames, dtype=place.dtype) / motion.fps
    places = place + 1.2 * times[:, None] * start.rotation[0]
    places[:, 2] += 0.05 * (2.0 * math.pi * 1.1 * times).sin()
    roots = motion.translation + body.rest_joints(motion.betas)[0]
    forward = roots - places
    forward = forward / forward.norm(dim=-1, keepdim=True)
    right = torch.linalg.cross(forward, forward.new_tensor([0.0, 0.0, 1.0]).expand_as(forward))
    right = right / right.norm(dim=-1, keepdim=True)
    rotation = torch.stack([right, torch.linalg.cross(forward, right), forward], -2)
    zoom = 0.9 + 0.1 * (2.0 * math.pi * 0.7 * times).cos()
    camera = camera_of(projection)
    intrinsics = camera.intrinsics.repeat(motion.frames, 1, 1)
    intrinsics[:, :2, :2] *= zoom[:, None, None]
    translation = -(rotation @ places[..., None])[..., 0]
    return Camera(intrinsics, projection.image_size, rotation, translation)


def looking_at(centre: Float[Tensor, "xyz=3"], toward: Float[Tensor, "xyz=3"], distance: float) -> RigidTransform:
    """Camera from world of a camera 1.4 m over the floor that looks at a point.

    Args:
        centre: The point.
        toward: From the point towards the camera, horizontal, unit.
        distance: Along it, metres.
    """
    position = centre + distance * toward
    position[2] = _HEIGHT
    forward = centre - position
    forward = forward / forward.norm()
    right = torch.linalg.cross(forward, forward.new_tensor([0.0, 0.0, 1.0]))
    right = right / right.norm()
    down = torch.linalg.cross(forward, right)
    rotation = torch.stack([right, down, forward])
    return RigidTransform(rotation, -(rotation @ position))


def _sees(joints: Float[Tensor, "frames 22 3"], transform: RigidTransform, projection: Projection) -> bool:
    points = transform.apply(joints)
    if float(points[..., 2].min()) < 0.5:
        return False
    camera = camera_of(projection)
    size = points.new_tensor(projection.image_size)
    places = project(points, camera.intrinsics) / size
    return bool(((places > _MARGIN) & (places < 1.0 - _MARGIN)).all())
