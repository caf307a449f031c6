"""The surface points of the feet that stand on the ground."""

from __future__ import annotations

import torch
from jaxtyping import Int
from torch import Tensor

from motionfit.body.model import BodyModel

_FEET: tuple[tuple[int, int], ...] = ((7, 10), (8, 11))
"""Ankle and ball of either foot, left first."""

_SOLE_DEPTH = 0.006
"""What lies within this height (m) over the lowest point of a foot at rest belongs to its sole."""


def sole_vertices(body: BodyModel) -> Int[Tensor, "feet=2 points=4"]:
    """Vertices of the heel, the inner and outer ball and the tip of the toes, left foot first."""
    template = body.surface.template
    owner = body.surface.weights.argmax(-1)
    feet = []
    for ankle, ball in _FEET:
        of_foot = (owner == ankle) | (owner == ball)
        is_sole = of_foot & (template[:, 1] < template[of_foot, 1].min() + _SOLE_DEPTH)
        sole = is_sole.nonzero()[:, 0]
        ahead = template[sole, 2]
        across = template[sole, 0]
        is_ball = (ahead - template[sole, 2].quantile(0.6)).abs() < 0.25 * (ahead.max() - ahead.min())
        ball_points = sole[is_ball]
        ball_across = across[is_ball]
        feet.append(
            torch.stack(
                [sole[ahead.argmin()], ball_points[ball_across.argmin()], ball_points[ball_across.argmax()],
                 sole[ahead.argmax()]]
            )
        )  # fmt: skip
    return torch.stack(feet)
