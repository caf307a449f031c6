"""The pinhole camera (OpenCV frame: x right, y down, z forward), standing still or carried along."""

from __future__ import annotations

from dataclasses import replace

from jaxtyping import Float
from torch import Tensor

from motionfit.geometry.planes import RigidTransform
from motionfit.motion import Camera

_NEAREST = 1e-3


def project(points: Float[Tensor, "*batch 3"], intrinsics: Float[Tensor, "*#batch 3 3"]) -> Float[Tensor, "*batch 2"]:
    """Pixels of points in the camera frame.

    Args:
        points: Metres. Points nearer than 1 mm or behind the camera are treated as being at 1 mm.
        intrinsics: Focal lengths and principal point in pixels; one matrix, or one that broadcasts.
    """
    depth = points[..., 2:].clamp(min=_NEAREST)
    rays = points / depth
    return (intrinsics[..., :2, :] @ rays.unsqueeze(-1)).squeeze(-1)


def in_camera(points: Float[Tensor, "frames points 3"], camera: Camera) -> Float[Tensor, "frames points 3"]:
    """Points of each frame in that frame's camera; those of a camera without a trajectory are in it already."""
    if camera.rotation is None or camera.translation is None:
        return points
    return RigidTransform(camera.rotation.to(points), camera.translation.to(points)).apply(points)


def pixels_of(points: Float[Tensor, "frames points 3"], camera: Camera) -> Float[Tensor, "frames points 2"]:
    """Where the points of each frame are seen.

    Args:
        points: Metres, in the frame of the observations.
        camera: With one matrix of intrinsics, or one of each frame.
    """
    intrinsics = camera.intrinsics.to(points)
    return project(in_camera(points, camera), intrinsics if intrinsics.ndim == 2 else intrinsics[:, None])


def camera_at(camera: Camera, frame: int) -> Camera:
    """The camera of one frame, in its own frame: without a trajectory; the last one beyond the clip."""
    intrinsics = camera.intrinsics
    if intrinsics.ndim == 3:
        intrinsics = intrinsics[min(frame, len(intrinsics) - 1)]
    return Camera(intrinsics, camera.image_size)


def pose_at(camera: Camera, frame: int) -> RigidTransform | None:
    """The camera of one frame from the frame of the observations; None where the camera is that frame."""
    if camera.rotation is None or camera.translation is None:
        return None
    frame = min(frame, len(camera.rotation) - 1)
    return RigidTransform(camera.rotation[frame], camera.translation[frame])


def first_frames(camera: Camera, count: int) -> Camera:
    """The camera of the first frames of a clip."""
    return replace(
        camera,
        intrinsics=camera.intrinsics if camera.intrinsics.ndim == 2 else camera.intrinsics[:count],
        rotation=None if camera.rotation is None else camera.rotation[:count],
        translation=None if camera.translation is None else camera.translation[:count],
    )
