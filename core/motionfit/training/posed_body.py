"""The body that pose priors are trained and judged with: the mean shape, posed in place."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from motionfit.body.keypoints import SURFACE_KEYPOINT_IDS
from motionfit.body.model import BodyModel, Surface, pose_skeleton, skin


@dataclass(frozen=True)
class PosedBody:
    """The rest body of the mean shape, to pose in place."""

    rest_joints: Float[Tensor, "22 3"]
    surface: Surface

    @classmethod
    def of(cls, body: BodyModel, vertex_ids: tuple[int, ...] = SURFACE_KEYPOINT_IDS) -> PosedBody:
        """The joints and some vertices of a body."""
        return cls(body.joint_template, body.points(torch.tensor(vertex_ids)))

    @classmethod
    def whole(cls, body: BodyModel) -> PosedBody:
        """The joints and all vertices of a body."""
        return cls(body.joint_template, body.surface)

    def pose(
        self, body_pose: Float[Tensor, "poses 21 3 3"]
    ) -> tuple[Float[Tensor, "poses 22 3"], Float[Tensor, "poses points 3"]]:
        """Joints and surface points, m, with the root at rest."""
        nowhere = body_pose.new_zeros(body_pose.shape[0], 3)
        upright = torch.eye(3, dtype=body_pose.dtype, device=body_pose.device).expand(len(nowhere), 3, 3)
        posed = pose_skeleton(self.rest_joints, nowhere, upright, body_pose)
        return posed.joints, skin(self.surface, self.surface.template, self.rest_joints, posed, body_pose)
