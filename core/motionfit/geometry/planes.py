"""Floor planes and the frames that hang on them.

A floor is a unit normal n pointing up and an offset d with n·p = d on the plane (`motion.Floor`). The world frame of
a floor has z up and the floor at z = 0. The prior frame is a world frame turned about the vertical so that the body
of a key frame has its right along +x (it faces +y) and stands over the origin (HuMoR, ICCV 2021, section 4.3).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from motionfit.motion import Floor

_STEEP = 0.15
"""A body's right whose projection on the floor is shorter than this (sine of 9 degrees) does not tell the heading."""


@dataclass(frozen=True)
class RigidTransform:
    """p ↦ rotation @ p + translation."""

    rotation: Float[Tensor, "*batch 3 3"]
    translation: Float[Tensor, "*batch 3"]

    def apply(self, points: Float[Tensor, "*batch points 3"]) -> Float[Tensor, "*batch points 3"]:
        """Transform points; the batch axes of the transform stand before the one point axis."""
        return points @ self.rotation.transpose(-1, -2) + self.translation.unsqueeze(-2)

    def inverse(self) -> RigidTransform:
        """The transform back."""
        back = self.rotation.transpose(-1, -2)
        return RigidTransform(back, -(back @ self.translation.unsqueeze(-1)).squeeze(-1))


def project_on_plane(
    direction: Float[Tensor, "*batch 3"], normal: Float[Tensor, "*batch 3"]
) -> Float[Tensor, "*batch 3"]:
    """The part of a direction that lies in the plane of the unit normal."""
    return direction - (direction * normal).sum(-1, keepdim=True) * normal


def flat_unit(
    direction: Float[Tensor, "*batch 3"],
    normal: Float[Tensor, "*batch 3"],
    fallback: Float[Tensor, "*batch 3"],
) -> Float[Tensor, "*batch 3"]:
    """A direction projected on the plane, at unit length; the fallback's where it is (nearly) along the normal."""
    flat = project_on_plane(direction, normal)
    is_steep = torch.linalg.vector_norm(flat, dim=-1, keepdim=True) < 1e-4
    flat = torch.where(is_steep, project_on_plane(fallback, normal), flat)
    length: Tensor = torch.linalg.vector_norm(flat, dim=-1, keepdim=True)
    return flat / length


def heading(
    root_orientation: Float[Tensor, "*batch 3 3"], normal: Float[Tensor, "*batch 3"]
) -> Float[Tensor, "*batch 3"]:
    """The body's right along the floor, at unit length.

    It is the right projected on the floor, while the right is 9 degrees or more off the vertical. Nearer to it, a body
    that rolls over its side would turn its heading by 180 degrees at once, so what its front says (right = front × up)
    is mixed in, up to all where the right is vertical: the heading turns smoothly, and its gradient stays finite.
    (No heading is smooth for all orientations: this one is not for a body on its side, head down by a few degrees.)

    Args:
        root_orientation: Its -x is the body's right, its z the front.
        normal: Unit floor normal, up.
    """
    right = project_on_plane(-root_orientation[..., 0], normal)
    by_front = torch.linalg.cross(root_orientation[..., 2], normal)
    steepness = (1.0 - right.square().sum(-1, keepdim=True) / _STEEP**2).clamp(min=0.0)
    return flat_unit(right + _STEEP * steepness.square() * by_front, normal, by_front)


def prior_from_observed(
    normal: Float[Tensor, "*batch 3"],
    offset: Float[Tensor, "*batch"],
    root_orientation: Float[Tensor, "*batch 3 3"],
    root_joint: Float[Tensor, "*batch 3"],
    rest_root: Float[Tensor, "*batch 3"],
) -> RigidTransform:
    """From the frame of the observations to the prior frame of a key frame.

    The key frame's SMPL translation (root joint − rest root) goes to x = y = 0 and heights are over the floor.

    Args:
        normal: Unit floor normal, up.
        offset: Floor offset, metres.
        root_orientation: Of the key frame; its -x is the body's right.
        root_joint: Root joint of the key frame.
        rest_root: Root joint of the rest pose, which SMPL adds to the translation without turning it.

    Returns:
        The transform; its heading is that of `heading`.
    """
    right = heading(root_orientation, normal)
    forward = torch.linalg.cross(normal, right)
    rotation = torch.stack([right, forward, normal], -2)
    turned_root = (rotation @ root_joint.unsqueeze(-1)).squeeze(-1)
    height = (root_joint * normal).sum(-1, keepdim=True) - offset.unsqueeze(-1)
    wanted = torch.cat([rest_root[..., :2], height], -1)
    return RigidTransform(rotation, wanted - turned_root)


def world_from_floor(floor: Floor) -> RigidTransform:
    """From the frame that a floor is given in to its world frame: z up, floor at z = 0, y away from the camera.

    For the world floor (normal z, offset 0) this is the identity.
    """
    normal = floor.normal
    z = normal.new_tensor([0.0, 0.0, 1.0])
    y = normal.new_tensor([0.0, 1.0, 0.0])
    is_world = (normal @ z) > 0.9
    forward = flat_unit(torch.where(is_world, y, z), normal, y)
    right = torch.linalg.cross(forward, normal)
    rotation = torch.stack([right, forward, normal])
    return RigidTransform(rotation, -floor.offset * z)


def world_floor(dtype: torch.dtype = torch.float32, device: torch.device | str = "cpu") -> Floor:
    """The floor of the world frame: z = 0."""
    normal = torch.tensor([0.0, 0.0, 1.0], dtype=dtype, device=device)
    return Floor(normal, torch.zeros((), dtype=dtype, device=device))
