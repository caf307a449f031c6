"""The terms that compare a posed body with the observations."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from motionfit.body.keypoints import KeypointSurfaces, body25_from
from motionfit.body.model import BodyModel, PosedSkeleton, Surface, skin
from motionfit.energies.observed import observed_points
from motionfit.energies.reprojection import reprojection
from motionfit.geometry.cameras import project
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
class DataTerms:
    """Knows the surface points that the data terms read."""

    surfaces: KeypointSurfaces

    @classmethod
    def of(cls, body: BodyModel) -> DataTerms:
        """Cut the points out of a body once per fit."""
        return cls(KeypointSurfaces.of(body))

    def evaluate(
        self, batch: Batch, posed: PosedBody, wanted: Collection[str]
    ) -> dict[str, Float[Tensor, "clips frames"]]:
        """The wanted data terms that the batch has observations for, per frame."""
        terms: dict[str, Tensor] = {}
        joints = posed.joints()
        if "joints3d" in wanted and batch.joints3d is not None and batch.joints3d_mask is not None:
            terms["joints3d"] = observed_points(batch.in_slots(joints), batch.joints3d, batch.joints3d_mask)
        if "keypoints3d" in wanted and batch.keypoints3d is not None and batch.keypoints3d_mask is not None:
            points = batch.in_slots(posed.points(self.surfaces.keypoints))
            terms["keypoints3d"] = observed_points(points, batch.keypoints3d, batch.keypoints3d_mask)
        if "keypoints2d" in wanted and batch.keypoints2d is not None and batch.confidence is not None:
            assert batch.intrinsics is not None
            points = batch.in_slots(body25_from(joints, posed.points(self.surfaces.landmarks)))
            pixels = project(points, batch.intrinsics[:, None, None, None])
            terms["keypoints2d"] = reprojection(pixels, batch.keypoints2d, batch.confidence)
        return {name: term.sum(-1) for name, term in terms.items()}
