"""How near a motion is to the true one. Both are in one frame and have the same frames.

Positions are compared in millimetres, accelerations in m/s² by second differences of the joints.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from motionfit.body.keypoints import KeypointSurfaces, body25_points
from motionfit.body.model import BodyModel, pose_skeleton, skin, vertices
from motionfit.metrics.alignment import align
from motionfit.metrics.drift import joints_of
from motionfit.motion import Motion, Observations

LEG_JOINTS: tuple[int, ...] = (1, 2, 4, 5, 7, 8, 10, 11)
"""Hips, knees, ankles, toes."""

_MILLIMETRES = 1000.0
_WORLD_CHUNK = 100
_MESH_CHUNK = 16

Joints = Float[Tensor, "frames joints 3"]


def mpjpe_mm(joints: Joints, truth: Joints) -> float:
    """Mean distance of joints after the root joints (the first) are put on each other, frame by frame."""
    return _mean_distance(joints - joints[:, :1], truth - truth[:, :1])


def pa_mpjpe_mm(joints: Joints, truth: Joints) -> float:
    """Mean distance of joints after the best similarity (rotation, translation, scale) of each frame."""
    return _mean_distance(align(joints, truth).apply(joints), truth)


def global_mpjpe_mm(joints: Joints, truth: Joints) -> float:
    """Mean distance of joints where they are."""
    return _mean_distance(joints, truth)


def wa_mpjpe_mm(joints: Joints, truth: Joints) -> float:
    """Mean distance of joints after one similarity per chunk of 100 frames (WHAM, CVPR 2024)."""
    return _chunked(joints, truth, aligned_by=_WORLD_CHUNK)


def w_mpjpe_mm(joints: Joints, truth: Joints) -> float:
    """Mean distance of joints after the similarity of the first two frames of each chunk of 100 (WHAM)."""
    return _chunked(joints, truth, aligned_by=2)


def _chunked(joints: Joints, truth: Joints, aligned_by: int) -> float:
    errors = []
    for part, true in zip(joints.split(_WORLD_CHUNK), truth.split(_WORLD_CHUNK), strict=True):
        head, true_head = part[:aligned_by].flatten(0, 1), true[:aligned_by].flatten(0, 1)
        moved = align(head, true_head).apply(part.flatten(0, 1))
        errors.append((moved - true.flatten(0, 1)).norm(dim=-1))
    return float(torch.cat(errors).mean()) * _MILLIMETRES


def legs_mm(joints: Joints, truth: Joints) -> float:
    """`global_mpjpe_mm` of hips, knees, ankles and toes."""
    legs = list(LEG_JOINTS)
    return _mean_distance(joints[:, legs], truth[:, legs])


def mesh_mm(motion: Motion, truth: Motion, body: BodyModel) -> float:
    """Mean distance of corresponding mesh vertices where they are."""
    total = 0.0
    for start in range(0, motion.frames, _MESH_CHUNK):
        stop = min(start + _MESH_CHUNK, motion.frames)
        found, true = (_mesh(given.slice(start, stop), body) for given in (motion, truth))
        total += float((found - true).norm(dim=-1).mean(-1).sum())
    return total / motion.frames * _MILLIMETRES


def _mesh(motion: Motion, body: BodyModel) -> Float[Tensor, "frames vertices 3"]:
    return vertices(body, motion.betas, motion.translation, motion.root_orientation, motion.body_pose)


def acceleration(joints: Joints, fps: float) -> Float[Tensor, "inner_frames joints 3"]:
    """Second differences, m/s²; the first and last frame are lost."""
    return (joints[2:] - 2.0 * joints[1:-1] + joints[:-2]) * fps**2


def accel_error_m_s2(joints: Joints, truth: Joints, fps: float) -> float:
    """Mean length of the difference of the joints' accelerations."""
    return float((acceleration(joints, fps) - acceleration(truth, fps)).norm(dim=-1).mean())


def accel_m_s2(joints: Joints, fps: float) -> float:
    """Mean length of the joints' accelerations (what HuMoR prints as "accel")."""
    return float(acceleration(joints, fps).norm(dim=-1).mean())


def jitter(joints: Joints, fps: float) -> float:
    """Mean length of the third differences of the joints, m/s³."""
    return float(third_differences(joints, fps).norm(dim=-1).mean())


def third_differences(joints: Joints, fps: float) -> Float[Tensor, "inner_frames joints 3"]:
    """Change of the acceleration, m/s³; the first frame and the last two are lost."""
    return (joints[3:] - 3.0 * joints[2:-1] + 3.0 * joints[1:-2] - joints[:-3]) * fps**3


def split_by_visibility_mm(
    motion: Motion, truth: Motion, body: BodyModel, observations: Observations
) -> dict[str, float]:
    """Mean distance, where they are, of the points that were observed and of those that were not.

    The points are those of the observations: the 22 joints, the 43 surface keypoints, or BODY_25. A key is
    absent where there are no such points.

    Returns:
        `visible_mm` and `occluded_mm`.
    """
    points, true, seen = _observed_points(motion, truth, body, observations)
    distance = (points - true).norm(dim=-1) * _MILLIMETRES
    parts = {"visible_mm": distance[seen], "occluded_mm": distance[~seen]}
    return {name: float(part.mean()) for name, part in parts.items() if part.numel()}


def _observed_points(
    motion: Motion, truth: Motion, body: BodyModel, observations: Observations
) -> tuple[Joints, Joints, Bool[Tensor, "frames joints"]]:
    if observations.joints3d is not None:
        mask = observations.joints3d_mask
        seen = torch.ones(observations.joints3d.shape[:2], dtype=torch.bool) if mask is None else mask
        return joints_of(body, motion), joints_of(body, truth), seen
    if observations.keypoints3d is not None:
        mask = observations.keypoints3d_mask
        seen = torch.ones(observations.keypoints3d.shape[:2], dtype=torch.bool) if mask is None else mask
        return surface_keypoints(motion, body), surface_keypoints(truth, body), seen
    if observations.keypoints2d is None:
        raise ValueError("the observations hold nothing")
    return body25(motion, body), body25(truth, body), observations.keypoints2d[..., 2] > 0


def surface_keypoints(motion: Motion, body: BodyModel) -> Float[Tensor, "frames 43 3"]:
    """The 43 surface keypoints of a motion, metres, in its frame."""
    surface = KeypointSurfaces.of(body).keypoints
    rest = body.rest_joints(motion.betas)
    posed = pose_skeleton(rest, motion.translation, motion.root_orientation, motion.body_pose)
    return skin(surface, surface.shaped(motion.betas), rest, posed, motion.body_pose)


def body25(motion: Motion, body: BodyModel) -> Float[Tensor, "frames 25 3"]:
    """BODY_25 of a motion in 3D, metres, in its frame."""
    return body25_points(body, motion.betas, motion.translation, motion.root_orientation, motion.body_pose)


def _mean_distance(points: Joints, truth: Joints) -> float:
    return float((points - truth).norm(dim=-1).mean()) * _MILLIMETRES
