"""Moved points at the times of the observations: between two frames of the grid, so both of them move it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from motionfit.geometry.nearest import taken
from motionfit.pipeline.pose_jacobian import MovedPoints


@dataclass(frozen=True)
class SlotPoints:
    """Points of one slot of each frame, and their derivatives.

    Attributes:
        points: Metres.
        moves: By the free tangent numbers of their own frame, then by the shape.
        next_moves: By the free tangent numbers of the next frame; None = the slot lies on its frame.
    """

    points: Float[Tensor, "clips frames points 3"]
    moves: Float[Tensor, "clips frames points 3 columns"]
    next_moves: Float[Tensor, "clips frames points 3 tangents"] | None = None

    def taken(self, which: Int[Tensor, "clips frames chosen"]) -> SlotPoints:
        """Some of the points of each frame, other ones in each."""

        def of(moves: Tensor) -> Tensor:
            return moves.gather(2, which[..., None, None].expand(*which.shape, *moves.shape[3:]))

        following = None if self.next_moves is None else of(self.next_moves)
        return SlotPoints(taken(self.points, which), of(self.moves), following)


def points_in_slot(
    moved: MovedPoints, share: Float[Tensor, "clips frames"] | None, frames: int, tangents: int
) -> SlotPoints:
    """Points between a frame and the next.

    Args:
        moved: Of a stretch of frames, and of the frame after it where the clip goes on.
        share: How far each slot of the stretch lies towards the next frame; None = nowhere.
        frames: Of the stretch.
        tangents: How many columns are the frame's own; the others are the shape's.
    """
    if share is None:
        return SlotPoints(moved.points[:, :frames], moved.moves[:, :frames])
    own, following = _pairs(moved.points, frames)
    at = share[..., None, None]
    own_moves, following_moves = _pairs(moved.moves, frames)
    towards = at[..., None] * following_moves
    moves = (1.0 - at[..., None]) * own_moves
    moves = torch.cat([moves[..., :tangents], moves[..., tangents:] + towards[..., tangents:]], -1)
    return SlotPoints(own + at * (following - own), moves, towards[..., :tangents])


def _pairs(values: Tensor, frames: int) -> tuple[Tensor, Tensor]:
    """The frames of a stretch and those after them; the last frame of a clip is its own."""
    following = values[:, 1 : frames + 1]
    if following.shape[1] < frames:
        following = torch.cat([following, values[:, -1:]], 1)
    return values[:, :frames], following
