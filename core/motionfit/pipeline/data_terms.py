"""The terms that compare a posed body with the observations."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor

from motionfit.body.cloud import cloud_surface
from motionfit.body.keypoints import KeypointSurfaces, body25_from
from motionfit.body.model import BodyModel, PosedSkeleton, Surface, skin
from motionfit.energies.robust import bisquare, bisquare_weight, robust_square, robust_weight
from motionfit.geometry.nearest import nearest_points, taken
from motionfit.geometry.planes import RigidTransform
from motionfit.pipeline.batch import Batch


@dataclass(frozen=True)
class PosedBody:
    """A posed skeleton with what skinning a few points of it needs.

    Attributes:
        betas: One shape per clip.
        rest_joints: Of that shape.
        skeleton: Joints and bone rotations.
        body_pose: Joint rotations relative to the parents.
        to_observed: From the skeleton's frame to that of the observations; None = they are the same.
    """

    betas: Float[Tensor, "clips 16"]
    rest_joints: Float[Tensor, "clips 22 3"]
    skeleton: PosedSkeleton
    body_pose: Float[Tensor, "clips frames 21 3 3"]
    to_observed: RigidTransform | None = None

    def joints(self) -> Float[Tensor, "clips frames 22 3"]:
        """Joints in the frame of the observations."""
        return self._moved(self.skeleton.joints)

    def points(self, surface: Surface) -> Float[Tensor, "clips frames points 3"]:
        """Surface points in the frame of the observations."""
        shaped = surface.shaped(self.betas)
        return self._moved(skin(surface, shaped, self.rest_joints, self.skeleton, self.body_pose))

    def _moved(self, points: Tensor) -> Tensor:
        if self.to_observed is None:
            return points
        return self.to_observed.apply(points.flatten(1, 2)).reshape(points.shape)


@dataclass(frozen=True)
class Residuals:
    """How far a posed body is from one kind of observation: the term is ½ Σ weight · robust square of the vectors.

    Attributes:
        vectors: Predicted minus observed, of the points of all slots, m or pixels; zero where nothing was observed.
        weights: Zero where nothing was observed.
        scale: Of the robust square.
        is_nearest: The vectors are those from the nearest point of the body: the square is then Tukey's bisquare, and
            their lengths are the residuals.
    """

    vectors: Float[Tensor, "clips frames points axes"]
    weights: Float[Tensor, "clips frames points"]
    scale: Float[Tensor, " clips"]
    is_nearest: bool = False

    def squared(self) -> Float[Tensor, "clips frames points"]:
        """Squared lengths of the vectors."""
        return self.vectors.square().sum(-1)

    def robust_weights(self) -> Float[Tensor, "clips frames points"]:
        """The weights at which plain squares have the gradient of the term."""
        weight = bisquare_weight if self.is_nearest else robust_weight
        return self.weights * weight(self.squared(), self.scale[:, None, None])

    def term(self) -> Float[Tensor, "clips frames"]:
        """The term per frame."""
        square = bisquare if self.is_nearest else robust_square
        return 0.5 * (self.weights * square(self.squared(), self.scale[:, None, None])).sum(-1)


def residuals_3d(batch: Batch, name: str, points: Tensor, observed: Tensor, mask: Tensor) -> Residuals:
    """Of points in space (clips, frames, points, 3), metres."""
    vectors = torch.where(mask[..., None], points - observed, 0.0)
    return Residuals(vectors, batch.point_weights[name][:, None, None] * mask, batch.scales[name])


def residuals_nearest(batch: Batch, chosen: Tensor, observed: Tensor, mask: Tensor) -> Residuals:
    """Of unordered surface points, from the nearest point of the body to each (clips, frames, points, 3), metres."""
    return replace(residuals_3d(batch, "points3d", chosen, observed, mask), is_nearest=True)


def residuals_2d(batch: Batch, pixels: Tensor, observed: Tensor, confidence: Tensor) -> Residuals:
    """Of points in the picture (clips, frames, points, 2), pixels of the common focal length.

    Each coordinate is a vector of its own, and the square counts twice, so that the term is
    Σ confidence² · robust square (HuMoR).
    """
    vectors = torch.where(confidence[..., None] > 0, pixels - observed, 0.0)
    weights = 2.0 * batch.point_weights["keypoints2d"][:, None, None] * confidence.square()
    each = vectors.flatten(2)[..., None]
    return Residuals(each, weights.repeat_interleave(2, -1), batch.scales["keypoints2d"])


@dataclass(frozen=True)
class DataTerms:
    """Knows the surface points that the data terms read."""

    surfaces: KeypointSurfaces
    body: BodyModel

    @classmethod
    def of(cls, body: BodyModel) -> DataTerms:
        """Cut the points out of a body once per fit."""
        return cls(KeypointSurfaces.of(body), body)

    @cached_property
    def cloud(self) -> Surface:
        """The points that unordered ones are compared with."""
        return cloud_surface(self.body)

    def evaluate(
        self, batch: Batch, posed: PosedBody, wanted: Collection[str]
    ) -> dict[str, Float[Tensor, "clips frames"]]:
        """The wanted data terms that the batch has observations for, per frame."""
        return {name: residuals.term() for name, residuals in self.residuals(batch, posed, wanted).items()}

    def residuals(self, batch: Batch, posed: PosedBody, wanted: Collection[str]) -> dict[str, Residuals]:
        """What the wanted data terms are made of."""
        found: dict[str, Residuals] = {}
        joints = posed.joints()
        if "joints3d" in wanted and batch.joints3d is not None and batch.joints3d_mask is not None:
            seen, mask = batch.joints3d.flatten(2, 3), batch.joints3d_mask.flatten(2)
            found["joints3d"] = residuals_3d(batch, "joints3d", batch.in_slots(joints).flatten(2, 3), seen, mask)
        if "keypoints3d" in wanted and batch.keypoints3d is not None and batch.keypoints3d_mask is not None:
            seen, mask = batch.keypoints3d.flatten(2, 3), batch.keypoints3d_mask.flatten(2)
            points = batch.in_slots(posed.points(self.surfaces.keypoints))
            found["keypoints3d"] = residuals_3d(batch, "keypoints3d", points.flatten(2, 3), seen, mask)
        if "points3d" in wanted and batch.points3d is not None and batch.points3d_mask is not None:
            seen, mask = batch.points3d.flatten(0, 2), batch.points3d_mask.flatten(2)
            points = batch.in_slots(posed.points(self.cloud)).flatten(0, 2)
            chosen = taken(points, nearest_points(points, seen)).reshape(batch.points3d.shape).flatten(2, 3)
            found["points3d"] = residuals_nearest(batch, chosen, batch.points3d.flatten(2, 3), mask)
        if "keypoints2d" in wanted and batch.keypoints2d is not None and batch.confidence is not None:
            points = batch.in_slots(body25_from(joints, posed.points(self.surfaces.landmarks)))
            pixels = batch.view.pixels(points).flatten(2, 3)
            seen, confidence = batch.keypoints2d.flatten(2, 3), batch.confidence.flatten(2)
            found["keypoints2d"] = residuals_2d(batch, pixels, seen, confidence)
        return found
