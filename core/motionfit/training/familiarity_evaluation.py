"""Calibration of familiarity on validation motion, and how well it tells unusual motion from walking."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from scipy.stats import rankdata
from torch import Tensor

from motionfit.body.model import BodyModel
from motionfit.datasets.clips import FLAT, Clip, labelled_states
from motionfit.priors.familiarity import LEAST_STATES, Familiarity, surprise
from motionfit.priors.initial_state import InitialStateMixture
from motionfit.priors.motion import MotionPrior

USUAL = "walk"
UNUSUAL = ("climb", "floor")
"""Kinds of motion, as recordings name them: on equipment, and lying, crawling, sitting down."""

_LEAST_FRAMES = LEAST_STATES + 2


@dataclass(frozen=True)
class Surprised:
    """The surprise of a clip.

    Attributes:
        split: Of the dataset.
        kind: What is done.
        floor: "flat", or what else it stands on.
        values: Nats per frame.
    """

    split: str
    kind: str
    floor: str
    values: Float[Tensor, " frames"]


def surprise_of_clips(
    prior: MotionPrior, mixture: InitialStateMixture, splits: Mapping[str, Sequence[Clip]], body: BodyModel
) -> list[Surprised]:
    """The surprise of all clips that are long enough and were not trained on."""
    found: list[Surprised] = []
    for split, clips in splits.items():
        for clip in clips:
            if clip.frames < _LEAST_FRAMES or (split == "train" and clip.floor == FLAT):
                continue
            states = labelled_states(clip, body).states.map(lambda tensor: tensor.unsqueeze(0))
            found.append(Surprised(split, clip.kind, clip.floor, surprise(prior, mixture, states)[0]))
    return found


def separation(clips: Sequence[Surprised], familiarity: Familiarity) -> dict[str, float]:
    """How scores of unusual motion differ from those of walking, all of it held back.

    Returns:
        For each kind of `UNUSUAL` that there is, `auc_…_frames` and `auc_…_clips`: the chance that the score of an
        unusual frame (mean score of an unusual clip) is above that of a walking one; mean scores by kind; mean and
        deviation over the validation frames, and the mean size of walking test frames' scores.
    """
    scores = [familiarity.score(clip.values) for clip in clips]
    found: dict[str, float] = {}
    validation = _joined([score for clip, score in zip(clips, scores, strict=True) if is_calibrating(clip)])
    if len(validation) > 1:
        found |= {"validation_mean": float(validation.mean()), "validation_deviation": float(validation.std())}
    walking = [score for clip, score in zip(clips, scores, strict=True) if clip.kind == USUAL and clip.floor == FLAT]
    tested = _joined([
        score for clip, score in zip(clips, scores, strict=True) if (clip.kind, clip.split) == (USUAL, "test")
    ])  # fmt: skip
    if len(tested):
        found |= {"test_walk_mean": float(tested.mean()), "test_walk_mean_size": float(tested.abs().mean())}
    for kind in UNUSUAL:
        unusual = [score for clip, score in zip(clips, scores, strict=True) if clip.kind == kind]
        if not unusual:
            continue
        found[f"{kind}_mean"] = float(_joined(unusual).mean())
        if walking:
            found[f"auc_{kind}_frames"] = area_under_curve(_joined(unusual), _joined(walking))
            found[f"auc_{kind}_clips"] = area_under_curve(_means(unusual), _means(walking))
    return found


def is_calibrating(clip: Surprised) -> bool:
    """Whether a clip is validation motion on a flat floor, which scores are calibrated on."""
    return clip.split == "val" and clip.floor == FLAT


def area_under_curve(positive: Float[Tensor, " first"], negative: Float[Tensor, " second"]) -> float:
    """The area under the receiver operating characteristic: the chance that a positive is above a negative."""
    count, others = len(positive), len(negative)
    ranks = rankdata(np.concatenate([positive.double().numpy(), negative.double().numpy()]))
    return float((ranks[:count].sum() - count * (count + 1) / 2.0) / (count * others))


def _joined(scores: Sequence[Tensor]) -> Float[Tensor, " frames"]:
    return torch.cat(list(scores)) if scores else torch.zeros(0)


def _means(scores: Sequence[Tensor]) -> Float[Tensor, " clips"]:
    return torch.stack([score.mean() for score in scores])
