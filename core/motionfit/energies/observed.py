"""Distance of predicted points to observed 3D points (joints or surface keypoints)."""

from __future__ import annotations

from jaxtyping import Bool, Float
from torch import Tensor


def observed_points(
    predicted: Float[Tensor, "*batch frames points 3"],
    observed: Float[Tensor, "*batch frames points 3"],
    mask: Bool[Tensor, "*batch frames points"],
) -> Float[Tensor, "*batch frames"]:
    """½ Σ ‖observed − predicted‖² over the observed points of each frame, m² (HuMoR, E_data)."""
    squared = (observed - predicted).square().sum(-1)
    return 0.5 * (squared * mask).sum(-1)
