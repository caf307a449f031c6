"""The motion prior also predicts joints: they should be those of the body, with bones of constant length."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

_BONE_PARENTS: tuple[int, ...] = (0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 12, 12, 13, 14, 16, 17, 18, 19)
"""The other end of each joint's bone; as in the reference the collars hang on the neck here."""


def joint_consistency(
    body_joints: Float[Tensor, "*batch frames 22 3"], predicted_joints: Float[Tensor, "*batch frames 22 3"]
) -> Float[Tensor, "*batch frames"]:
    """½ Σ ‖J_body − J_predicted‖² per frame, m²."""
    return 0.5 * (body_joints - predicted_joints).square().sum((-1, -2))


def bone_length(predicted_joints: Float[Tensor, "*batch frames 22 3"]) -> Float[Tensor, "*batch steps"]:
    """½ Σ (ℓ_{t+1} − ℓ_t)² over the 21 bones of the predicted joints per step, m²."""
    bones = predicted_joints[..., 1:, :] - predicted_joints[..., _BONE_PARENTS, :]
    lengths: Tensor = torch.linalg.vector_norm(bones, dim=-1)
    return 0.5 * lengths.diff(dim=-2).square().sum(-1)
