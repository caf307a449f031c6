"""The pinhole camera (OpenCV frame: x right, y down, z forward)."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor

_NEAREST = 1e-3


def project(points: Float[Tensor, "*batch 3"], intrinsics: Float[Tensor, "*#batch 3 3"]) -> Float[Tensor, "*batch 2"]:
    """Pixels of points in the camera frame.

    Args:
        points: Metres. Points nearer than 1 mm or behind the camera are treated as being at 1 mm.
        intrinsics: Focal lengths and principal point in pixels; one matrix, or one that broadcasts.
    """
    depth = points[..., 2:].clamp(min=_NEAREST)
    rays = points / depth
    return (intrinsics[..., :2, :] @ rays.unsqueeze(-1)).squeeze(-1)
