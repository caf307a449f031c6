"""Neighbouring windows should say the same of the frames that they share."""

from __future__ import annotations

from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor


def overlap_positions(
    points: Float[Tensor, "windows frames points 3"], intervals: tuple[tuple[int, int], ...]
) -> Float[Tensor, " borders"]:
    """½ Σ ‖p_w − p_{w+1}‖² over the frames shared by each pair of neighbours, m².

    Args:
        points: In one frame of reference for all windows.
        intervals: First and last-plus-one frame of each window in the clip.
    """
    return torch.stack([0.5 * (a - b).square().sum() for a, b in _shared(points, intervals)])


def overlap_velocities(
    points: Float[Tensor, "windows frames points 3"], intervals: tuple[tuple[int, int], ...]
) -> Float[Tensor, " borders"]:
    """½ Σ of the squared differences of the frame-to-frame changes over the shared frames, m²."""
    pairs = _shared(points, intervals)
    return torch.stack([0.5 * (a.diff(dim=0) - b.diff(dim=0)).square().sum() for a, b in pairs])


def _shared(points: Tensor, intervals: tuple[tuple[int, int], ...]) -> list[tuple[Tensor, Tensor]]:
    pairs = []
    for window, ((start, stop), (next_start, _)) in enumerate(pairwise(intervals)):
        shared = stop - next_start
        pairs.append((points[window, next_start - start : stop - start], points[window + 1, :shared]))
    return pairs
