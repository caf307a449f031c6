"""What every frame contributes to the loss of a stage, evaluated once when the stage has ended."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor

from motionfit.pipeline.pose_stage import PoseStage
from motionfit.pipeline.rollout_stage import RolloutStage
from motionfit.pipeline.windows import Windows, blend_weights

Shares = dict[str, Float[Tensor, "clips frames"]]
"""Weighted terms by name; a step between two frames counts for the later one."""


@torch.no_grad()
def shares_of_poses(stage: PoseStage, values: Mapping[str, Tensor], weights: Mapping[str, float]) -> Shares:
    """Stages I and II: over the frames of a clip a term adds up to its part of the loss."""
    frames = stage.batch.frames
    terms = stage.terms_by_frame(values, weights)
    return {name: weights[name] * _by_frames(term, frames) for name, term in terms.items()}


@torch.no_grad()
def shares_of_rollout(stage: RolloutStage, values: Mapping[str, Tensor], weights: Mapping[str, float]) -> Shares:
    """Stage III: where windows overlap a frame counts once, with the mean that their motions are blended with.

    What belongs to a whole window or clip (shape, floor, initial state) is spread evenly, the term of the overlaps
    over the frames that are shared.
    """
    rolled = stage.roll(values)
    terms = {
        name: blended(_by_frames(term, stage.batch.frames), stage.windows)
        for name, term in stage.terms_by_frame(rolled, weights).items()
    }
    frames = stage.windows[-1][1]
    for name, term in stage.terms_of_clips(rolled, values, weights).items():
        places = _shared_frames(stage.windows) if name == "overlap" else torch.ones(frames)
        terms[name] = term[:, None] * (places / places.sum()).to(term)
    return {name: weights[name] * term for name, term in terms.items()}


def blended(parts: Float[Tensor, "rows length"], windows: Windows) -> Float[Tensor, "clips frames"]:
    """Values of the windows of several clips as values of their frames."""
    weights = blend_weights(windows, windows[-1][1]).to(parts)
    rows = parts.unflatten(0, (-1, len(windows)))
    clips = parts.new_zeros(rows.shape[0], weights.shape[1])
    for window, (start, stop) in enumerate(windows):
        clips[:, start:stop] += weights[window, start:stop] * rows[:, window]
    return clips


def _by_frames(term: Tensor, frames: int) -> Tensor:
    if term.shape[1] == frames:
        return term
    if term.shape[1] == frames - 1:
        return torch.cat([torch.zeros_like(term[:, :1]), term], 1)
    return (term / frames).expand(-1, frames)


def _shared_frames(windows: Windows) -> Tensor:
    shared = torch.zeros(windows[-1][1])
    for (_, stop), (start, _) in pairwise(windows):
        shared[start:stop] = 1.0
    return shared
