"""Which of the points of a body is nearest to each observed one."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

_AT_ONCE = 16


@torch.no_grad()
def nearest_points(
    points: Float[Tensor, "*batch candidates 3"], observed: Float[Tensor, "*batch points 3"]
) -> Int[Tensor, "*batch points"]:
    """Index of the nearest candidate to each observed point, a few frames at a time; no gradient flows through it.

    Distances are taken about the middle of the candidates, so that single precision is enough far from the origin.
    """
    middle = points.mean(-2, keepdim=True)
    candidates, targets = (points - middle).flatten(0, -3), (observed - middle).flatten(0, -3)
    found = [
        torch.cdist(each, some).argmin(-1)
        for each, some in zip(targets.split(_AT_ONCE), candidates.split(_AT_ONCE), strict=True)
    ]
    return torch.cat(found).reshape(observed.shape[:-1])


def taken(points: Float[Tensor, "*batch candidates 3"], which: Int[Tensor, "*batch points"]) -> Tensor:
    """The chosen candidates; gradients flow to them alone."""
    return points.gather(-2, which[..., None].expand(*which.shape, 3))
