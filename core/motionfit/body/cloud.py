"""A few vertices spread evenly over the body, to compare with unordered surface points."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from motionfit.body.model import BodyModel, Surface

CLOUD_POINTS = 800


def cloud_surface(body: BodyModel, count: int = CLOUD_POINTS) -> Surface:
    """The body restricted to evenly spread vertices; a smaller count gives the first ones of a larger."""
    return body.points(spread_vertices(body.surface.template, count))


def spread_vertices(points: Float[Tensor, "points 3"], count: int) -> Int[Tensor, " chosen"]:
    """Each vertex is the one farthest from those before it (Gonzalez 1985), so that the gaps are about equal."""
    away = torch.full_like(points[:, 0], torch.inf)
    chosen = [int(points[:, 1].argmax())]
    for _ in range(min(count, points.shape[0]) - 1):
        away = torch.minimum(away, (points - points[chosen[-1]]).square().sum(-1))
        chosen.append(int(away.argmax()))
    return torch.tensor(chosen, device=points.device)
