"""From the camera to the motion prior's frame by rays that meet the floor, in the published form.

Kept fault: the heading is where the ray along the body's right meets the floor, so it has no value when that ray is
parallel to the floor's normal or to the floor, and its gradient grows near both.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True)
class PriorFrame:
    """The frame of a key frame's body, which stands over its origin and faces +y.

    Attributes:
        rotation: Prior from camera; its rows are the body's right, forward and up.
        key_translation: SMPL translation of the key frame, in the camera frame.
        root_height: Of the key frame's root joint over the floor, metres.
    """

    rotation: Float[Tensor, "batch 3 3"]
    key_translation: Float[Tensor, "batch 3"]
    root_height: Float[Tensor, " batch"]

    def turn_in(self, rotations: Float[Tensor, "batch frames 3 3"]) -> Float[Tensor, "batch frames 3 3"]:
        """Root orientations, from the camera frame to the prior's."""
        return self.rotation.unsqueeze(1) @ rotations

    def turn_out(self, rotations: Float[Tensor, "batch frames 3 3"]) -> Float[Tensor, "batch frames 3 3"]:
        """Root orientations, from the prior's frame to the camera's."""
        return self.rotation.transpose(-1, -2).unsqueeze(1) @ rotations

    def move_in(
        self, translation: Float[Tensor, "batch frames 3"], rest_root: Float[Tensor, "batch 3"]
    ) -> Float[Tensor, "batch frames 3"]:
        """SMPL translations from the camera frame to the prior's; the first frame is the key frame.

        Args:
            translation: Metres.
            rest_root: Root joint of the rest pose: the key frame's root joint comes to its height.
        """
        turned = (translation - self.key_translation.unsqueeze(1)) @ self.rotation.transpose(-1, -2)
        lift = self.root_height - (turned[:, 0, 2] + rest_root[:, 2])
        zero = torch.zeros_like(lift)
        return turned + torch.stack([zero, zero, lift], -1).unsqueeze(1)

    def move_out(self, translation: Float[Tensor, "batch frames 3"]) -> Float[Tensor, "batch frames 3"]:
        """SMPL translations from the prior's frame to the camera's; the first frame is the key frame."""
        return (translation - translation[:, :1]) @ self.rotation + self.key_translation.unsqueeze(1)


def parse_floor(floor: Float[Tensor, "*batch 3"]) -> tuple[Float[Tensor, "*batch 3"], Float[Tensor, "*batch"]]:
    """Normal (up: −y in the camera frame) and offset of a floor that is given as normal times offset.

    Kept fault: a floor through the camera has no such form.
    """
    length = torch.linalg.vector_norm(floor, dim=-1)
    normal = floor / length.unsqueeze(-1)
    points_down = normal[..., 1] > 0.0
    normal = torch.where(points_down.unsqueeze(-1), -normal, normal)
    return normal, torch.where(points_down, -length, length)


def prior_frame(
    floor: Float[Tensor, "batch 3"],
    translation: Float[Tensor, "batch 3"],
    root_orientation: Float[Tensor, "batch 3 3"],
    root_joint: Float[Tensor, "batch 3"],
) -> PriorFrame:
    """The frame of a key frame's body over a floor.

    Args:
        floor: Normal times offset, camera frame.
        translation: SMPL translation, camera frame, metres.
        root_orientation: Camera from body.
        root_joint: Camera frame, metres.
    """
    up, offset = parse_floor(floor)
    foot = translation - _distance(translation, -up, up, offset).unsqueeze(-1) * up
    right_of_body = -root_orientation[..., 0]
    reach = _distance(translation, right_of_body, up, offset).unsqueeze(-1)
    right = translation + reach * right_of_body - foot
    right = _unit(torch.where(reach < 0.0, -right, right))
    forward = _unit(torch.linalg.cross(up, right))
    return PriorFrame(
        rotation=torch.stack([right, forward, up], -2),
        key_translation=translation,
        root_height=_distance(root_joint, -up, up, offset),
    )


def _distance(point: Tensor, direction: Tensor, normal: Tensor, offset: Tensor) -> Tensor:
    """How far along the direction a ray from the point meets the plane; negative behind the point."""
    return (offset - (normal * point).sum(-1)) / (normal * direction).sum(-1)


def _unit(vector: Tensor) -> Tensor:
    length: Tensor = torch.linalg.vector_norm(vector, dim=-1, keepdim=True)
    return vector / length
