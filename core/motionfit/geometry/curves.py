"""Smooth curves through evenly spaced samples: position and velocity are continuous, samples come back exactly."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from motionfit.geometry.rotations import axis_angle_from_rotation, rotation_from_axis_angle, skew

_SMALL = 1e-4


def curve_of_vectors(
    samples: Float[Tensor, " frames *features"], frame: Int[Tensor, " places"], share: Float[Tensor, " places"]
) -> Float[Tensor, " places *features"]:
    """A cubic Hermite spline whose velocities are central differences (one-sided at the ends).

    Args:
        samples: At the frames 0, 1, ….
        frame: The sample at or before each place; the last sample has no curve after it.
        share: How far each place lies towards the next sample, in steps; above 1 the curve is continued.
    """
    following = (frame + 1).clamp(max=samples.shape[0] - 1)
    slopes = _slopes(samples)
    at = _over(share, samples)
    curve = _hermite(at, samples[frame], samples[following], slopes[frame], slopes[following])
    return torch.where(at == 0, samples[frame], curve)


def curve_of_rotations(
    samples: Float[Tensor, "frames *joints 3 3"], frame: Int[Tensor, " places"], share: Float[Tensor, " places"]
) -> Float[Tensor, "places *joints 3 3"]:
    """The same for rotations: cubic in the tangent space at the sample before each place.

    The angular velocity at each sample is that of the turn between its neighbours, so it is the same from both sides.
    """
    last = samples.shape[0] - 1
    following = (frame + 1).clamp(max=last)
    everything = torch.arange(samples.shape[0], device=samples.device)
    before, after = (everything - 1).clamp(min=0), (everything + 1).clamp(max=last)
    steps = (after - before).clamp(min=1).to(samples)
    spins = axis_angle_from_rotation(samples[before].mT @ samples[after])
    spins = spins / _over(steps, spins)
    apart = axis_angle_from_rotation(samples[frame].mT @ samples[following])
    arriving = (_tangent_of_spin(apart) @ spins[following][..., None])[..., 0]
    vector = _hermite(_over(share, apart), torch.zeros_like(apart), apart, spins[frame], arriving)
    turned = samples[frame] @ rotation_from_axis_angle(vector)
    return torch.where(_over(share, samples) == 0, samples[frame], turned)


def _over(share: Tensor, like: Tensor) -> Tensor:
    """One number per place, spread over the other axes."""
    return share.to(like).reshape(-1, *[1] * (like.ndim - 1))


def _slopes(samples: Tensor) -> Tensor:
    if samples.shape[0] < 2:
        return torch.zeros_like(samples)
    steps = samples.diff(dim=0)
    return torch.cat([steps[:1], (steps[1:] + steps[:-1]) / 2.0, steps[-1:]])


def _hermite(at: Tensor, start: Tensor, end: Tensor, leaving: Tensor, arriving: Tensor) -> Tensor:
    squared, cubed = at * at, at * at * at
    return (
        (2.0 * cubed - 3.0 * squared + 1.0) * start
        + (cubed - 2.0 * squared + at) * leaving
        + (3.0 * squared - 2.0 * cubed) * end
        + (cubed - squared) * arriving
    )


def _tangent_of_spin(vector: Tensor) -> Tensor:
    """Inverse of the right Jacobian of the exponential: how a rotation vector changes with a spin about body axes."""
    angle = vector.norm(dim=-1)[..., None, None]
    is_small = angle < _SMALL
    safe = torch.where(is_small, torch.ones_like(angle), angle)
    factor = 1.0 / safe.square() - (1.0 + safe.cos()) / (2.0 * safe * safe.sin())
    cross = skew(vector)
    identity = torch.eye(3, dtype=vector.dtype, device=vector.device)
    return identity + 0.5 * cross + torch.where(is_small, torch.full_like(angle, 1.0 / 12.0), factor) * (cross @ cross)
