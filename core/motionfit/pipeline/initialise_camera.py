"""First root of 2D data: an upright body in many headings, each placed by a linear solve, the best path through time.

For a given orientation the position of the root is linear in the pixels: with body points X about the root and the
pixel (u, v), f·(X + x) = (u − c)·(Z + z). So each frame and heading costs one 3×3 solve, and a shortest path (Viterbi)
over headings picks the sequence that fits and turns little, which settles front against back.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from motionfit.body.keypoints import body25_points
from motionfit.body.model import BodyModel
from motionfit.errors import InputError
from motionfit.geometry.cameras import project
from motionfit.geometry.gaps import rotations_at, vectors_at
from motionfit.geometry.planes import RigidTransform, flat_unit
from motionfit.geometry.rotations import geodesic_angle, rotation_from_axis_angle
from motionfit.pipeline.batch import Batch
from motionfit.priors.pose import PoseAutoencoder

_HEADINGS = 24
_TURN_COST = 2.0
_LEAST_POINTS = 4
_POOR = 15.0
_SAMPLES_AT_ONCE = 400
_LIMB_WEIGHT = 0.2
_LIMBS = (3, 4, 6, 7, 10, 11, 13, 14, 19, 20, 21, 22, 23, 24)
_NEAREST = 0.3


def root_from_keypoints(
    body: BodyModel, prior: PoseAutoencoder, batch: Batch
) -> tuple[Float[Tensor, "clips frames 3"], Float[Tensor, "clips frames 3 3"]]:
    """SMPL translation and root orientation in the frame of the observations, interpolated where nothing was detected.

    Raises:
        InputError: No frame of a clip has four keypoints.
    """
    assert batch.keypoints2d is not None
    assert batch.confidence is not None
    points = _mean_points(body, prior)
    pixels, weights = batch.keypoints2d.flatten(1, 2), batch.confidence.flatten(1, 2).clone()
    weights[..., list(_LIMBS)] *= _LIMB_WEIGHT
    translations, orientations = [], []
    for clip in range(batch.clips):
        known = (weights[clip] > 0).sum(-1) >= _LEAST_POINTS
        if not bool(known.any()):
            raise InputError(
                "No frame has four detected keypoints, so the person cannot be placed.",
                "Check the confidences (the third number of each keypoint) and the chosen person.",
            )
        turns = _upright(batch.floor_normal[clip])
        intrinsics, camera = _cameras(batch, clip)
        seen_in = (pixels[clip], weights[clip], intrinsics, camera)
        places, cost = _tried(points, turns, *seen_in)
        if bool((cost.amin(1)[known] > _POOR).any()):
            turns = torch.cat([turns, _fallen(turns)])
            places, cost = _tried(points, turns, *seen_in)
        best = _shortest_path(torch.where(known[:, None], cost, torch.zeros_like(cost)), _turning(turns))
        root = places[torch.arange(best.shape[0], device=best.device), best]
        if camera is not None:
            root = camera.inverse().apply(root[:, None])[:, 0]
        seen = batch.places(clip).flatten()[known]
        translations.append(vectors_at((root - body.joint_template[0])[known], seen, batch.grid))
        orientations.append(rotations_at(turns[best][known], seen, batch.grid))
    return torch.stack(translations), torch.stack(orientations)


def _cameras(batch: Batch, clip: int) -> tuple[Tensor, RigidTransform | None]:
    """Intrinsics of each sample, or one for all, and the cameras from the frame of the observations if they move."""
    view = batch.view
    intrinsics = view.intrinsics[clip].flatten(0, 1)
    if view.rotation is None or view.translation is None:
        return intrinsics, None
    return intrinsics, RigidTransform(view.rotation[clip].flatten(0, 1), view.translation[clip].flatten(0, 1))


def _tried(
    points: Tensor, turns: Tensor, pixels: Tensor, weights: Tensor, intrinsics: Tensor, camera: RigidTransform | None
) -> tuple[Tensor, Tensor]:
    """Where each orientation would stand in each sample (samples, orientations, 3), and how badly it fits there."""
    candidates = (points @ turns.transpose(-1, -2))[None]
    places, costs = [], []
    for start in range(0, pixels.shape[0], _SAMPLES_AT_ONCE):
        some = slice(start, start + _SAMPLES_AT_ONCE)
        turned = candidates if camera is None else (camera.rotation[some, None] @ candidates.mT).mT
        own = intrinsics[some] if intrinsics.shape[0] > 1 else intrinsics
        places.append(_place(turned, pixels[some], weights[some], own))
        costs.append(_cost(turned, places[-1], pixels[some], weights[some], own))
    return torch.cat(places), torch.cat(costs)


def _mean_points(body: BodyModel, prior: PoseAutoencoder) -> Float[Tensor, "25 3"]:
    """BODY_25 of the pose prior's mean pose, about the root, in the body frame (y up, z forward)."""
    zero = body.joint_template.new_zeros
    pose = prior.decode(zero(1, 32))
    identity = torch.eye(3, dtype=pose.dtype, device=pose.device)[None]
    points = body25_points(body, zero(16), zero(1, 3), identity, pose)[0]
    return points - body.joint_template[0]


def _upright(normal: Float[Tensor, "3"]) -> Float[Tensor, "headings 3 3"]:
    """Orientations of a body that stands on the floor, facing all ways."""
    z = normal.new_tensor([0.0, 0.0, 1.0])
    ahead = flat_unit(z, normal, normal.new_tensor([1.0, 0.0, 0.0]))
    side = torch.linalg.cross(normal, ahead)
    angle = torch.arange(_HEADINGS, dtype=normal.dtype, device=normal.device) * (2.0 * math.pi / _HEADINGS)
    front = angle.cos()[:, None] * ahead + angle.sin()[:, None] * side
    up = normal.expand_as(front)
    left = torch.linalg.cross(up, front)
    return torch.stack([left, up, front], -1)


def _fallen(upright: Float[Tensor, "headings 3 3"]) -> Float[Tensor, "orientations 3 3"]:
    """The upright orientations upside down, and lying on back, front and both sides.

    An upright body that is fitted to one that stands on its hands comes out behind the camera.
    """
    half, quarter = math.pi, math.pi / 2.0
    tilts = [[0.0, 0.0, half], [quarter, 0.0, 0.0], [-quarter, 0.0, 0.0], [0.0, 0.0, quarter], [0.0, 0.0, -quarter]]
    fallen = upright[None] @ rotation_from_axis_angle(upright.new_tensor(tilts))[:, None]
    return fallen.flatten(0, 1)


def _turning(turns: Float[Tensor, "orientations 3 3"]) -> Float[Tensor, "orientations orientations"]:
    """The cost of turning from one orientation to another within a frame; that of one heading step is `_TURN_COST`."""
    pairs = turns.expand(turns.shape[0], -1, -1, -1)
    return geodesic_angle(pairs.transpose(0, 1), pairs) * (_TURN_COST * _HEADINGS / (2.0 * math.pi))


def _place(candidates: Tensor, pixels: Tensor, weights: Tensor, intrinsics: Tensor) -> Tensor:
    """Root positions (samples, headings, 3) in the camera frame by weighted linear least squares.

    Args:
        candidates: Points about the root (samples or 1, headings, 25, 3), in the camera frame.
        pixels: (samples, 25, 2).
        weights: (samples, 25).
        intrinsics: (samples or 1, 3, 3).
    """
    focal = torch.stack([intrinsics[:, 0, 0], intrinsics[:, 1, 1]], -1)[:, None]
    offset = pixels - intrinsics[:, None, :2, 2]
    rows = torch.zeros(*pixels.shape[:-1], 2, 3, dtype=pixels.dtype, device=pixels.device)
    rows[..., 0, 0], rows[..., 1, 1] = focal[..., 0], focal[..., 1]
    rows[..., 2] = -offset
    sides = offset[:, None] * candidates[..., 2:] - focal[:, None] * candidates[..., :2]
    weighted = weights[..., None, None].square() * rows
    normal_matrix = torch.einsum("fkdi,fkdj->fij", weighted, rows)
    ridge = 1e-6 * normal_matrix.diagonal(dim1=-2, dim2=-1).sum(-1).clamp(min=1.0)
    identity = torch.eye(3, dtype=pixels.dtype, device=pixels.device)
    right = torch.einsum("fkdi,fhkd->fhi", weighted, sides)
    solved: Tensor = torch.linalg.solve(normal_matrix + ridge[:, None, None] * identity, right.transpose(-1, -2))
    return solved.transpose(-1, -2)


def _cost(candidates: Tensor, places: Tensor, pixels: Tensor, weights: Tensor, intrinsics: Tensor) -> Tensor:
    """Weighted mean reprojection error (frames, headings) in hundredths of the person's size in the picture."""
    points = candidates + places[:, :, None]
    apart = (project(points, intrinsics[:, None, None]) - pixels[:, None]).norm(dim=-1)
    seen = (weights > 0)[..., None]
    low = torch.where(seen, pixels, torch.inf).amin(1)
    high = torch.where(seen, pixels, -torch.inf).amax(1)
    size = torch.where(torch.isfinite(low), high - low, torch.ones_like(low)).norm(dim=-1).clamp(min=1.0)
    mean = (apart * weights[:, None]).sum(-1) / weights.sum(-1).clamp(min=1e-6)[:, None]
    cost = 100.0 * mean / size[:, None]
    return torch.where(places[..., 2] > _NEAREST, cost, cost + 1e3)


def _shortest_path(
    cost: Float[Tensor, "frames orientations"], turning: Float[Tensor, "orientations orientations"]
) -> Tensor:
    """The orientation of each frame that minimises fit plus turning."""
    total = cost[0]
    came_from = []
    for frame in range(1, cost.shape[0]):
        through = total[:, None] + turning
        best = through.min(0)
        came_from.append(best.indices)
        total = best.values + cost[frame]
    path = [total.argmin()]
    for step in reversed(came_from):
        path.append(step[path[-1]])
    return torch.stack(path[::-1])
