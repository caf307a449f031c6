"""First root of 3D data: the rigid motion that lays the torso of the rest pose on what was observed of it."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from motionfit.body.keypoints import KeypointSurfaces
from motionfit.body.model import BodyModel
from motionfit.energies.robust import noise_of, robust_weight
from motionfit.errors import InputError
from motionfit.geometry.gaps import rotations_at, vectors_at
from motionfit.pipeline.batch import Batch

_TORSO_JOINTS = (0, 1, 2, 3, 6, 9, 12, 13, 14, 16, 17)
_TORSO_KEYPOINTS = (2, 3, 4, 5, 18, 20, 34, 35, 36, 37, 38, 41, 42)
_LEAST_POINTS = 3
_REWEIGHTINGS = 5
_WIDTH = 3.0
_LEAST_NOISE = 0.05


def rigid_alignment(
    source: Float[Tensor, "points 3"],
    target: Float[Tensor, "frames points 3"],
    weights: Float[Tensor, "frames points"],
) -> tuple[Float[Tensor, "frames 3 3"], Float[Tensor, "frames 3"]]:
    """Rotation and translation with target ≈ rotation @ source + translation, in weighted least squares (Kabsch)."""
    share = weights / weights.sum(-1, keepdim=True).clamp(min=1e-9)
    source_mean = share @ source
    target_mean = (share[..., None] * target).sum(-2)
    spread = torch.einsum("fp,fpi,fpj->fij", share, target - target_mean[:, None], source[None] - source_mean[:, None])
    u, _, v = torch.linalg.svd(spread)
    signs = torch.ones_like(target_mean)
    signs[:, 2] = torch.linalg.det(u @ v)
    rotation = u @ (signs[..., None] * v)
    return rotation, target_mean - (rotation @ source_mean[..., None])[..., 0]


def robust_alignment(
    source: Float[Tensor, "points 3"],
    target: Float[Tensor, "frames points 3"],
    weights: Float[Tensor, "frames points"],
) -> tuple[Float[Tensor, "frames 3 3"], Float[Tensor, "frames 3"]]:
    """`rigid_alignment` that single wild points hardly move: points far off by the frame's own measure lose weight."""
    kept = weights
    for _ in range(_REWEIGHTINGS):
        rotation, shift = rigid_alignment(source, target, kept)
        apart = source @ rotation.mT + shift[:, None] - target
        squared = apart.square().sum(-1)
        scale = _WIDTH * noise_of(squared.sqrt(), weights > 0, 3).nan_to_num(0.0).clamp(min=_LEAST_NOISE)
        kept = weights * robust_weight(squared, scale[:, None]).nan_to_num(0.0)
    return rigid_alignment(source, target, kept)


def root_from_points(
    body: BodyModel, batch: Batch
) -> tuple[Float[Tensor, "clips frames 3"], Float[Tensor, "clips frames 3 3"]]:
    """SMPL translation and root orientation of every frame of the grid, interpolated where the torso is unseen.

    Raises:
        InputError: A clip never shows three points of the torso at once.
    """
    source, target, mask, torso = _observed(body, batch)
    target, mask = target.flatten(1, 2), mask.flatten(1, 2)
    fallback = tuple(range(source.shape[0]))
    translations, orientations = [], []
    for clip in range(target.shape[0]):
        places = batch.places(clip).flatten()
        used = torso if _is_enough(mask[clip], torso).any() else fallback
        known = _is_enough(mask[clip], used)
        if not bool(known.any()):
            raise InputError(
                "No frame shows three points of the body, so its position cannot be found.",
                "Check the masks (NaN = not observed) and the units (metres) of the observations.",
            )
        rotation, shift = robust_alignment(
            source[list(used)], target[clip][:, list(used)], mask[clip][:, list(used)].to(target)
        )
        root = body.joint_template[0]
        translation = (rotation @ root) + shift - root
        translations.append(vectors_at(translation[known], places[known], batch.grid))
        orientations.append(rotations_at(rotation[known], places[known], batch.grid))
    return torch.stack(translations), torch.stack(orientations)


def _observed(body: BodyModel, batch: Batch) -> tuple[Tensor, Tensor, Tensor, tuple[int, ...]]:
    if batch.joints3d is not None and batch.joints3d_mask is not None:
        return body.joint_template, batch.joints3d, batch.joints3d_mask, _TORSO_JOINTS
    assert batch.keypoints3d is not None
    assert batch.keypoints3d_mask is not None
    surface = KeypointSurfaces.of(body).keypoints
    return surface.template, batch.keypoints3d, batch.keypoints3d_mask, _TORSO_KEYPOINTS


def _is_enough(mask: Bool[Tensor, "frames points"], used: tuple[int, ...]) -> Bool[Tensor, " frames"]:
    return mask[:, list(used)].sum(-1) >= _LEAST_POINTS
