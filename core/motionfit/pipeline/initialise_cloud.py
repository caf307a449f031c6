"""First root of unordered surface points: a standing body in several headings, each drawn to the points of its frame.

Every frame and heading is aligned by iterating nearest points and a rigid alignment (Besl & McKay 1992); a shortest
path over the headings (Viterbi) picks the sequence that fits and turns little, which settles front against back.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from motionfit.body.cloud import cloud_surface
from motionfit.body.model import BodyModel, pose_skeleton, skin
from motionfit.errors import InputError
from motionfit.geometry.gaps import fill_rotations, fill_vectors
from motionfit.geometry.nearest import nearest_points, taken
from motionfit.geometry.planes import flat_unit
from motionfit.pipeline.batch import Batch
from motionfit.priors.pose import PoseAutoencoder

_HEADINGS = 8
_BODY_POINTS = 300
_OBSERVED_POINTS = 120
_LEAST_POINTS = 20
_SHIFTS, _ALIGNMENTS = 3, 6
_NEAR = 0.1
_FAR = 3.0
_TURN_COST = 0.02


def root_from_cloud(
    body: BodyModel, prior: PoseAutoencoder, batch: Batch
) -> tuple[Float[Tensor, "clips frames 3"], Float[Tensor, "clips frames 3 3"]]:
    """SMPL translation and root orientation of every frame, interpolated over frames with fewer than twenty points.

    Raises:
        InputError: No frame of a clip has twenty points.
    """
    assert batch.points3d is not None
    assert batch.points3d_mask is not None
    model = _mean_points(body, prior)
    translations, orientations = [], []
    for clip in range(batch.clips):
        observed, mask = batch.points3d[clip].flatten(1, 2), batch.points3d_mask[clip].flatten(1)
        known = mask.sum(-1) >= _LEAST_POINTS
        if not bool(known.any()):
            raise InputError(
                f"No frame has {_LEAST_POINTS} surface points, so the person cannot be placed.",
                "Check points3d_frame, and the units (metres) of points3d.",
            )
        some = _subset(mask)
        rotations, shifts, cost = _aligned(
            model, observed.gather(1, some[..., None].expand(-1, -1, 3)), mask.gather(1, some), batch.floor_normal[clip]
        )
        best = _shortest_path(rotations, torch.where(known[:, None], cost, torch.zeros_like(cost)))
        frames = torch.arange(len(best), device=best.device)
        translations.append(fill_vectors(shifts[frames, best] - body.joint_template[0], known))
        orientations.append(fill_rotations(rotations[frames, best], known))
    return torch.stack(translations), torch.stack(orientations)


def _mean_points(body: BodyModel, prior: PoseAutoencoder) -> Float[Tensor, "points 3"]:
    """Surface of the pose prior's mean pose about the root, in the body frame (y up, z forward)."""
    surface = cloud_surface(body, _BODY_POINTS)
    zero = body.joint_template.new_zeros
    pose = prior.decode(zero(1, 32))
    identity = torch.eye(3, dtype=pose.dtype, device=pose.device)[None]
    posed = pose_skeleton(body.joint_template, zero(1, 3), identity, pose)
    return skin(surface, surface.template, body.joint_template, posed, pose)[0] - body.joint_template[0]


def _subset(mask: Tensor) -> Tensor:
    """Indices of some points of each frame, evenly among those that there are."""
    order = (~mask).to(torch.int8).argsort(dim=1, stable=True)
    count = mask.sum(1, keepdim=True).clamp(min=1)
    steps = torch.arange(min(_OBSERVED_POINTS, mask.shape[1]), device=mask.device)
    chosen: Tensor = order.gather(1, (steps * count // len(steps)).clamp(max=mask.shape[1] - 1))
    return chosen


def _headings(normal: Float[Tensor, "3"]) -> Float[Tensor, "headings 3 3"]:
    """Orientations of a body that stands on the floor, facing all ways."""
    ahead = flat_unit(normal.new_tensor([0.0, 1.0, 0.0]), normal, normal.new_tensor([1.0, 0.0, 0.0]))
    side = torch.linalg.cross(normal, ahead)
    angle = torch.arange(_HEADINGS, dtype=normal.dtype, device=normal.device) * (2.0 * math.pi / _HEADINGS)
    front = angle.cos()[:, None] * ahead + angle.sin()[:, None] * side
    up = normal.expand_as(front)
    return torch.stack([torch.linalg.cross(up, front), up, front], -1)


def _aligned(model: Tensor, observed: Tensor, mask: Tensor, normal: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Rotation and root (frames, headings, …) of each heading drawn to the points, and how badly it fits, metres."""
    frames = observed.shape[0]
    rotations = _headings(normal).expand(frames, -1, -1, -1).flatten(0, 1)
    targets, weights = (each.repeat_interleave(_HEADINGS, 0) for each in (observed, mask.to(observed)))
    seen = torch.where(weights[..., None] > 0, targets, torch.nan)
    shifts = seen.nanmedian(1).values.nan_to_num() - (rotations @ model.median(0).values[:, None])[..., 0]
    for step in range(_SHIFTS + _ALIGNMENTS):
        chosen, apart = _matched(model, rotations, shifts, targets)
        share = _without_far(apart, weights)
        if step >= _SHIFTS:
            rotations = _turned(chosen, targets, share)
        shifts = (share[..., None] * (targets - chosen @ rotations.mT)).sum(1)
    _, apart = _matched(model, rotations, shifts, targets)
    cost = (weights * apart.clamp(max=_NEAR)).sum(1) / weights.sum(1).clamp(min=1.0)
    parts = (each.unflatten(0, (frames, _HEADINGS)) for each in (rotations, shifts, cost))
    found = tuple(parts)
    return found[0], found[1], found[2]


def _matched(model: Tensor, rotations: Tensor, shifts: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """The model's point for each observed one, and how far it is when it is placed."""
    placed = model @ rotations.mT + shifts[:, None]
    which = nearest_points(placed, targets)
    return taken(model.expand(len(which), -1, -1), which), (taken(placed, which) - targets).norm(dim=-1)


def _without_far(apart: Tensor, weights: Tensor) -> Tensor:
    """Shares of the points of each row, none for those three times as far as the median."""
    median = torch.where(weights > 0, apart, torch.nan).nanmedian(1, keepdim=True).values
    kept = weights * (apart <= _FAR * median.nan_to_num())
    return kept / kept.sum(1, keepdim=True).clamp(min=1.0)


def _turned(source: Tensor, target: Tensor, share: Tensor) -> Tensor:
    """The rotation of each row that best lays its source on its target (Kabsch)."""
    source = source - (share[..., None] * source).sum(1, keepdim=True)
    target = target - (share[..., None] * target).sum(1, keepdim=True)
    u, _, v = torch.linalg.svd((share[..., None] * target).mT @ source)
    signs = torch.ones_like(source[:, 0])
    signs[:, 2] = torch.linalg.det(u @ v)
    rotation: Tensor = u @ (signs[..., None] * v)
    return rotation


def _shortest_path(rotations: Float[Tensor, "frames headings 3 3"], cost: Float[Tensor, "frames headings"]) -> Tensor:
    """The candidate of each frame that minimises misfit plus turning."""
    total, came_from = cost[0], []
    for frame in range(1, cost.shape[0]):
        traces = torch.einsum("aij,bij->ab", rotations[frame - 1], rotations[frame])
        through = total[:, None] + _TURN_COST * ((traces - 1.0) / 2.0).clamp(-1.0, 1.0).acos()
        best = through.min(0)
        came_from.append(best.indices)
        total = best.values + cost[frame]
    path = [total.argmin()]
    for step in reversed(came_from):
        path.append(step[path[-1]])
    return torch.stack(path[::-1])
