"""Joints should move little from frame to frame (stage II, before a motion prior takes over)."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor


def joint_smoothness(joints: Float[Tensor, "*batch frames joints 3"]) -> Float[Tensor, "*batch steps"]:
    """½ Σ ‖J_{t+1} − J_t‖² per step, m²; one step less than frames."""
    return 0.5 * joints.diff(dim=-3).square().sum((-1, -2))
