"""How much of a frame was observed, and how much of that is only a repetition."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from motionfit.motion import Observations


def observed_shares(observations: Observations) -> dict[str, Float[Tensor, " frames"]]:
    """Of each frame `observed_share`, and `repeated_share`: that of a frozen detector or tracker.

    Raises:
        ValueError: The observations hold nothing.
    """
    places, seen = observed_places(observations)
    count = seen.sum(-1)
    same = (places[1:] == places[:-1]).all(-1) & seen[1:] & seen[:-1]
    repeated = same.sum(-1) / count[1:].clamp(min=1)
    return {
        "observed_share": (count / seen.shape[-1]).to(places),
        "repeated_share": torch.cat([torch.zeros_like(repeated[:1]), repeated])[: len(count)].to(places),
    }


def observed_places(
    observations: Observations,
) -> tuple[Float[Tensor, "frames points axes"], Bool[Tensor, "frames points"]]:
    """The observed points, metres or pixels, and which of them were observed.

    Raises:
        ValueError: The observations hold nothing.
    """
    if observations.keypoints2d is not None:
        return observations.keypoints2d[..., :2], observations.keypoints2d[..., 2] > 0
    points, mask = observations.joints3d, observations.joints3d_mask
    if points is None:
        points, mask = observations.keypoints3d, observations.keypoints3d_mask
    if points is None:
        raise ValueError("the observations hold nothing")
    return points, torch.ones(points.shape[:-1], dtype=torch.bool) if mask is None else mask
