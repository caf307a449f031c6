"""Fill frames without a value from their neighbours in time."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor

from motionfit.geometry.rotations import interpolate_rotations


def neighbours(
    known: Bool[Tensor, " frames"],
) -> tuple[Int[Tensor, " frames"], Int[Tensor, " frames"], Float[Tensor, " frames"]]:
    """For every frame the known frames before and after it, and how far it lies between them (0..1).

    Before the first and after the last known frame both are that frame. Needs at least one known frame.
    """
    places = known.nonzero()[:, 0]
    before, after, share = around(places, torch.arange(known.shape[0], device=known.device))
    return places[before], places[after], share


def around(
    places: Shaped[Tensor, " samples"], at: Shaped[Tensor, " wanted"]
) -> tuple[Int[Tensor, " wanted"], Int[Tensor, " wanted"], Float[Tensor, " wanted"]]:
    """For every wanted place the samples before and after it, and how far it lies between them (0..1).

    Args:
        places: Of the samples, ascending; at least one.
        at: The wanted places.
    """
    after = torch.searchsorted(places, at).clamp(max=places.shape[0] - 1)
    before = (torch.searchsorted(places, at, right=True) - 1).clamp(min=0)
    left, right = places[before], places[after]
    span = torch.where(right > left, right - left, torch.ones_like(left))
    share = torch.where(right > left, (at - left) / span, torch.zeros_like(at, dtype=torch.float32))
    return before, after, share.clamp(0.0, 1.0)


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


def vectors_at(
    samples: Float[Tensor, "samples features"], places: Float[Tensor, " samples"], at: Float[Tensor, " wanted"]
) -> Float[Tensor, "wanted features"]:
    """Linear between samples that lie anywhere (ascending), constant beyond them."""
    before, after, share = around(places, at)
    return torch.lerp(samples[before], samples[after], share.to(samples)[:, None])


def rotations_at(
    samples: Float[Tensor, "samples 3 3"], places: Float[Tensor, " samples"], at: Float[Tensor, " wanted"]
) -> Float[Tensor, "wanted 3 3"]:
    """Along the geodesic between samples that lie anywhere (ascending), constant beyond them."""
    before, after, share = around(places, at)
    return interpolate_rotations(samples[before], samples[after], share.to(samples))
