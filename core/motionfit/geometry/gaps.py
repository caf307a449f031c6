"""Fill frames without a value from their neighbours in time."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from motionfit.geometry.rotations import interpolate_rotations


def neighbours(
    known: Bool[Tensor, " frames"],
) -> tuple[Int[Tensor, " frames"], Int[Tensor, " frames"], Float[Tensor, " frames"]]:
    """For every frame the known frames before and after it, and how far it lies between them (0..1).

    Before the first and after the last known frame both are that frame. Needs at least one known frame.
    """
    places = known.nonzero()[:, 0]
    frames = torch.arange(known.shape[0], device=known.device)
    after = torch.searchsorted(places, frames).clamp(max=places.shape[0] - 1)
    before = (torch.searchsorted(places, frames, right=True) - 1).clamp(min=0)
    left, right = places[before], places[after]
    span = (right - left).clamp(min=1)
    share = torch.where(right > left, (frames - left) / span, torch.zeros_like(frames, dtype=torch.float32))
    return left, right, share.clamp(0.0, 1.0)


def fill_vectors(
    values: Float[Tensor, "frames features"], known: Bool[Tensor, " frames"]
) -> Float[Tensor, "frames features"]:
    """Linear between known frames, constant beyond them."""
    left, right, share = neighbours(known)
    return torch.lerp(values[left], values[right], share.to(values)[:, None])


def fill_rotations(values: Float[Tensor, "frames 3 3"], known: Bool[Tensor, " frames"]) -> Float[Tensor, "frames 3 3"]:
    """Along the geodesic between known frames, constant beyond them."""
    left, right, share = neighbours(known)
    return interpolate_rotations(values[left], values[right], share.to(values))
