"""The forward pass of the SMPL-family body: joints, joints with chosen surface points, or the mesh.

What depends on the shape alone is computed once per clip (betas have no frame axis). Hands stay flat, so the weights
of the 30 finger joints are folded into the wrists: their transforms are equal. Linear blend skinning with
pose-dependent corrections after Loper et al., SMPL (SIGGRAPH Asia 2015) and Romero et al., SMPL-H (2017).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int
from torch import Tensor

from motionfit.body.skeleton import BODY_JOINTS, PARENTS

_LEVELS: tuple[slice, ...] = (
    slice(1, 4), slice(4, 7), slice(7, 10), slice(10, 15), slice(15, 18), slice(18, 20), slice(20, 22),
)  # fmt: skip
"""Joints of equal depth; SMPL numbers them level by level, so one level is one slice."""


@dataclass(frozen=True)
class Surface:
    """The part of a body model that moves chosen surface points (metres, body frame: y up, z forward)."""

    template: Float[Tensor, "points 3"]
    shape_directions: Float[Tensor, "points 3 16"]
    pose_directions: Float[Tensor, "features points_by_3"]
    weights: Float[Tensor, "points 22"]

    def shaped(self, betas: Float[Tensor, "*batch 16"]) -> Float[Tensor, "*batch points 3"]:
        """Points of the rest pose for a shape."""
        return self.template + torch.einsum("pck,...k->...pc", self.shape_directions, betas)


@dataclass(frozen=True)
class BodyModel:
    """An SMPL-H body reduced to its 22 body joints.

    Attributes:
        kind: "SMPL-H".
        gender: As the file says, else "neutral".
        content_hash: SHA-256 of the body file: results name it.
        faces: Triangles of the mesh.
        joint_template: Rest joints of the mean shape.
        joint_shape_directions: Their change per unit of each shape coefficient.
        surface: The whole mesh as surface points.
    """

    kind: str
    gender: str
    content_hash: str
    faces: Int[Tensor, "faces 3"]
    joint_template: Float[Tensor, "22 3"]
    joint_shape_directions: Float[Tensor, "22 3 16"]
    surface: Surface

    def to(self, device: torch.device | str | None = None, dtype: torch.dtype | None = None) -> BodyModel:
        """The same body on another device or in another precision."""
        return replace(
            self,
            faces=self.faces.to(device),
            joint_template=self.joint_template.to(device, dtype),
            joint_shape_directions=self.joint_shape_directions.to(device, dtype),
            surface=Surface(
                self.surface.template.to(device, dtype),
                self.surface.shape_directions.to(device, dtype),
                self.surface.pose_directions.to(device, dtype),
                self.surface.weights.to(device, dtype),
            ),
        )

    def rest_joints(self, betas: Float[Tensor, "*batch 16"]) -> Float[Tensor, "*batch 22 3"]:
        """Joints of the rest pose for a shape; the first is the (unrotated) root offset J0."""
        return self.joint_template + torch.einsum("jck,...k->...jc", self.joint_shape_directions, betas)

    def points(self, vertex_ids: Int[Tensor, " points"]) -> Surface:
        """The surface restricted to chosen vertices."""
        count = self.surface.template.shape[0]
        directions = self.surface.pose_directions.reshape(-1, count, 3)[:, vertex_ids]
        return Surface(
            self.surface.template[vertex_ids],
            self.surface.shape_directions[vertex_ids],
            directions.reshape(directions.shape[0], -1),
            self.surface.weights[vertex_ids],
        )


@dataclass(frozen=True)
class PosedSkeleton:
    """Joints of a posed body and the global rotations of their bones."""

    joints: Float[Tensor, "*batch frames 22 3"]
    rotations: Float[Tensor, "*batch frames 22 3 3"]


def pose_skeleton(
    rest_joints: Float[Tensor, "*batch 22 3"],
    translation: Float[Tensor, "*batch frames 3"],
    root_orientation: Float[Tensor, "*batch frames 3 3"],
    body_pose: Float[Tensor, "*batch frames 21 3 3"],
) -> PosedSkeleton:
    """Forward kinematics in one pass per level of the tree.

    Args:
        rest_joints: Of `BodyModel.rest_joints`, metres.
        translation: SMPL translation: the root joint is at rest root + translation.
        root_orientation: Frame of the result from body.
        body_pose: Joint rotations relative to the parents.

    Returns:
        Joints and rotations in the frame of `translation` and `root_orientation`.
    """
    parents = torch.tensor(PARENTS[1:], device=rest_joints.device)
    bones = rest_joints[..., 1:, :] - rest_joints[..., parents, :]
    rotations = [root_orientation.unsqueeze(-3)]
    joints = [(rest_joints[..., :1, :].unsqueeze(-3) + translation.unsqueeze(-2))]
    for level in _LEVELS:
        first = _LEVELS[_LEVELS.index(level) - 1].start if level.start > 1 else 0
        inside = [PARENTS[joint] - first for joint in range(level.start, level.stop)]
        parent_rotations = rotations[-1][..., inside, :, :]
        own = slice(level.start - 1, level.stop - 1)
        offsets = parent_rotations @ bones[..., None, own, :, None]
        joints.append(joints[-1][..., inside, :] + offsets.squeeze(-1))
        rotations.append(parent_rotations @ body_pose[..., own, :, :])
    return PosedSkeleton(torch.cat(joints, -2), torch.cat(rotations, -3))


def skin(
    surface: Surface,
    shaped_points: Float[Tensor, "*batch points 3"],
    rest_joints: Float[Tensor, "*batch 22 3"],
    posed: PosedSkeleton,
    body_pose: Float[Tensor, "*batch frames 21 3 3"],
) -> Float[Tensor, "*batch frames points 3"]:
    """Linear blend skinning of surface points.

    Args:
        surface: The points' weights and corrections.
        shaped_points: `surface.shaped(betas)`.
        rest_joints: Of the same shape.
        posed: `pose_skeleton` of the same pose.
        body_pose: The joint rotations that drive the pose corrections.

    Returns:
        Points in the frame of `posed`.
    """
    identity = torch.eye(3, dtype=body_pose.dtype, device=body_pose.device)
    feature = (body_pose - identity).flatten(-3)
    moves = feature @ surface.pose_directions
    corrections = moves.reshape(*moves.shape[:-1], -1, 3)
    rest = shaped_points.unsqueeze(-3) + corrections
    moved_roots = (posed.rotations @ rest_joints.unsqueeze(-3).unsqueeze(-1)).squeeze(-1)
    translations = posed.joints - moved_roots
    blended = torch.einsum("pj,...jrc->...prc", surface.weights, posed.rotations)
    return (blended @ rest.unsqueeze(-1)).squeeze(-1) + surface.weights @ translations


def vertices(
    body: BodyModel,
    betas: Float[Tensor, "*batch 16"],
    translation: Float[Tensor, "*batch frames 3"],
    root_orientation: Float[Tensor, "*batch frames 3 3"],
    body_pose: Float[Tensor, "*batch frames 21 3 3"],
) -> Float[Tensor, "*batch frames vertices 3"]:
    """The whole mesh, metres, in the frame of translation and orientation."""
    rest = body.rest_joints(betas)
    posed = pose_skeleton(rest, translation, root_orientation, body_pose)
    return skin(body.surface, body.surface.shaped(betas), rest, posed, body_pose)


__all__ = ["BODY_JOINTS", "BodyModel", "PosedSkeleton", "Surface", "pose_skeleton", "skin", "vertices"]
