"""How tall a body stands: the rest pose from sole to crown, linear in the shape."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor

from motionfit.body.model import BodyModel


def height_by_shape(body: BodyModel) -> tuple[Float[Tensor, ""], Float[Tensor, "16"]]:
    """Height of the mean shape, metres, and its change per unit of each shape coefficient.

    It is measured between the highest and the lowest vertex of the mean shape; another shape's highest vertex lies
    millimetres from that one.
    """
    upright = body.surface.template[:, 1]
    crown, sole = int(upright.argmax()), int(upright.argmin())
    directions = body.surface.shape_directions[crown, 1] - body.surface.shape_directions[sole, 1]
    return upright[crown] - upright[sole], directions


def body_height(body: BodyModel, betas: Float[Tensor, "*batch 16"]) -> Float[Tensor, "*batch"]:
    """How tall bodies of these shapes stand, metres."""
    mean, directions = height_by_shape(body)
    found: Tensor = mean + betas @ directions
    return found
