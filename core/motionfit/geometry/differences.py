"""Velocities from positions and rotations that were sampled in time.

All results are per second and in the frame that the samples are in.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor

_LEAST_SPREAD = 1e-9


def velocity(samples: Float[Tensor, "*shape"], fps: float, frame_axis: int = -2) -> Float[Tensor, "*shape"]:
    """Central differences, one-sided at both ends (HuMoR's `estimate_linear_velocity`).

    Args:
        samples: At least two frames along `frame_axis`.
        fps: Frames per second.
        frame_axis: The axis of time.
    """
    data = samples.movedim(frame_axis, 0)
    if data.shape[0] < 2:
        raise ValueError(f"a velocity needs two frames, and there is {data.shape[0]}")
    steps = data[1:] - data[:-1]
    middle = (steps[1:] + steps[:-1]) / 2.0
    return (torch.cat([steps[:1], middle, steps[-1:]]) * fps).movedim(0, frame_axis)


def central_velocity(samples: Float[Tensor, "*shape"], fps: float, frame_axis: int = -2) -> Float[Tensor, "*inner"]:
    """Central differences of the inner frames only: the first and last frame are lost."""
    count = samples.shape[frame_axis]
    if count < 3:
        raise ValueError(f"central differences need three frames, and there are {count}")
    later, sooner = samples.narrow(frame_axis, 2, count - 2), samples.narrow(frame_axis, 0, count - 2)
    return (later - sooner) * (fps / 2.0)


def angular_velocity(rotations: Float[Tensor, "*batch frames 3 3"], fps: float) -> Float[Tensor, "*batch frames 3"]:
    """The rotation vector per second, from the antisymmetric part of Ṙ·Rᵀ with `velocity`'s differences."""
    spin = velocity(rotations, fps, frame_axis=-3) @ rotations.transpose(-1, -2)
    rows = (
        spin[..., 2, 1] - spin[..., 1, 2],
        spin[..., 0, 2] - spin[..., 2, 0],
        spin[..., 1, 0] - spin[..., 0, 1],
    )
    return torch.stack(rows, -1) / 2.0


def local_line(
    times: Float[Tensor, " frames"],
    samples: Float[Tensor, "*#batch frames features"],
    observed: Bool[Tensor, "*batch frames"],
    at: float,
    reach: float,
) -> tuple[Float[Tensor, "*batch features"], Float[Tensor, "*batch features"]]:
    """Position and velocity at an instant by a weighted least-squares line through the samples near it.

    Weights fall off with (1 − (Δt/reach)²)² (bisquare). Where fewer than two samples are within reach the
    nearest observed ones are taken, so gaps are bridged by their true time difference; with a single sample
    the velocity is zero.

    Args:
        times: Time stamps, s, ascending.
        samples: What was sampled; entries that were not observed are not read.
        observed: Which frames count.
        at: The instant, s.
        reach: Half-width of the window, s.

    Returns:
        Value and slope (per second).
    """
    apart = times - at
    distance = torch.where(observed, apart.abs().expand(observed.shape), torch.full_like(apart, torch.inf))
    nearest = distance.sort(-1).values[..., :2]
    farther = torch.where(torch.isfinite(nearest), nearest, torch.zeros_like(nearest)).amax(-1, keepdim=True)
    width = (1.5 * farther).clamp(min=reach)
    weights = (1.0 - (apart / width) ** 2).clamp(min=0.0) ** 2
    weights = torch.where(observed, weights, torch.zeros_like(weights))
    total = weights.sum(-1, keepdim=True)
    weights = weights / torch.where(total > 0, total, torch.ones_like(total))
    clean = torch.where(observed.unsqueeze(-1), samples, torch.zeros_like(samples))
    mean_time = (weights * apart).sum(-1, keepdim=True)
    centred = weights * (apart - mean_time)
    spread = (centred * apart).sum(-1, keepdim=True)
    slope = (centred.unsqueeze(-1) * clean).sum(-2) / torch.where(
        spread > _LEAST_SPREAD, spread, torch.ones_like(spread)
    )
    slope = torch.where(spread > _LEAST_SPREAD, slope, torch.zeros_like(slope))
    mean = (weights.unsqueeze(-1) * clean).sum(-2)
    return mean - slope * mean_time, slope
