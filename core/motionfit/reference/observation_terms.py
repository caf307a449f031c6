"""The terms that hold a posed body to the observations, and to the neighbouring windows.

All are sums over the whole batch.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from motionfit.body.keypoints import KeypointSurfaces, body25_from
from motionfit.body.model import BodyModel, pose_skeleton
from motionfit.energies.observed import observed_points
from motionfit.energies.overlap import overlap_positions, overlap_velocities
from motionfit.energies.reprojection import reprojection
from motionfit.pipeline.data_terms import PosedBody
from motionfit.reference.observed import WindowBatch, without_ignored

Terms = dict[str, Tensor]


@dataclass(frozen=True)
class ReferenceBody:
    """A body and the surface points that the terms read."""

    body: BodyModel
    surfaces: KeypointSurfaces

    @classmethod
    def of(cls, body: BodyModel) -> ReferenceBody:
        """Cut the points out of a body."""
        return cls(body, KeypointSurfaces.of(body))

    def pose(
        self,
        betas: Float[Tensor, "windows 16"],
        translation: Float[Tensor, "windows frames 3"],
        root_orientation: Float[Tensor, "windows frames 3 3"],
        body_pose: Float[Tensor, "windows frames 21 3 3"],
    ) -> PosedBody:
        """The body in every frame."""
        rest = self.body.rest_joints(betas)
        return PosedBody(betas, rest, pose_skeleton(rest, translation, root_orientation, body_pose), body_pose)

    def keypoints(self, posed: PosedBody) -> Float[Tensor, "windows frames 43 3"]:
        """The 43 surface keypoints of a posed body."""
        return posed.points(self.surfaces.keypoints)

    def body25(self, posed: PosedBody) -> Float[Tensor, "windows frames 25 3"]:
        """The BODY_25 points of a posed body."""
        return body25_from(posed.joints(), posed.points(self.surfaces.landmarks))


def observation_terms(
    observed: WindowBatch, reference: ReferenceBody, posed: PosedBody, wanted: Collection[str]
) -> Terms:
    """The wanted data terms that there are observations for, and the overlap of keypoints if it is wanted."""
    terms: Terms = {}
    if "joints3d" in wanted and observed.joints3d is not None and observed.joints3d_mask is not None:
        terms["joints3d"] = observed_points(posed.joints(), observed.joints3d, observed.joints3d_mask).sum()
    if "keypoints3d" in wanted and observed.keypoints3d is not None and observed.keypoints3d_mask is not None:
        points = reference.keypoints(posed)
        terms["keypoints3d"] = observed_points(points, observed.keypoints3d, observed.keypoints3d_mask).sum()
    if "keypoints2d" in wanted and observed.keypoints2d is not None and observed.intrinsics is not None:
        detected = without_ignored(observed.keypoints2d)
        pixels = project(reference.body25(posed), observed.intrinsics)
        terms["keypoints2d"] = reprojection(pixels, detected[..., :2], detected[..., 2]).sum()
    if "overlap" in wanted and observed.intervals is not None:
        terms["overlap"] = keypoint_overlap(observed, reference.keypoints(posed))
    return terms


def project(
    points: Float[Tensor, "windows frames points 3"], intrinsics: Float[Tensor, "windows 3 3"]
) -> Float[Tensor, "windows frames points 2"]:
    """Pixels of points; kept fault: one behind the camera is seen, mirrored."""
    focal = intrinsics.diagonal(dim1=-2, dim2=-1)[:, None, None, :2]
    return points[..., :2] / points[..., 2:] * focal + intrinsics[:, None, None, :2, 2]


def keypoint_overlap(observed: WindowBatch, keypoints: Float[Tensor, "windows frames 43 3"]) -> Float[Tensor, ""]:
    """Half the squared differences of keypoints, and of their steps, over the frames that neighbours share."""
    assert observed.intervals is not None
    total = keypoints.new_zeros(())
    pairs = [(keypoints, observed.intervals)] if len(keypoints) > 1 else []
    if observed.previous is not None:
        both = torch.stack([observed.previous.keypoints, keypoints[0]])
        pairs.append((both, (observed.previous.interval, observed.intervals[0])))
    for points, intervals in pairs:
        total = total + overlap_positions(points, intervals).sum() + overlap_velocities(points, intervals).sum()
    return total


def shape_overlap(observed: WindowBatch, betas: Float[Tensor, "windows 16"]) -> Float[Tensor, ""]:
    """Half the squared differences of the shapes of neighbours."""
    previous = None if observed.previous is None else observed.previous.betas
    return _neighbours_apart(betas, previous)


def floor_overlap(observed: WindowBatch, floor: Float[Tensor, "windows 3"]) -> Float[Tensor, ""]:
    """Half the squared differences of the floors of neighbours."""
    previous = None if observed.previous is None else observed.previous.floor
    return _neighbours_apart(floor, previous)


def _neighbours_apart(values: Tensor, previous: Tensor | None) -> Tensor:
    row = values if previous is None else torch.cat([previous.unsqueeze(0), values])
    return 0.5 * row.diff(dim=0).square().sum()
