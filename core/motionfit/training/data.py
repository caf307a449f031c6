"""The recordings of a prepared dataset as training needs them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from motionfit.body.model import BodyModel
from motionfit.datasets.clips import FLAT, TRAINING_FPS, Clip
from motionfit.datasets.prepared import PreparedDataset
from motionfit.errors import InputError

_VALIDATED = 4
"""Frames that validation needs: two states."""

_PREPARE = "Prepare a dataset with `motionfit data prepare`."


@dataclass(frozen=True)
class TrainingData:
    """The clips of each split.

    Attributes:
        train: To learn from.
        validation: Decide what is best.
        test: To measure at the end; may be empty.
    """

    train: list[Clip]
    validation: list[Clip]
    test: list[Clip]


def training_data(dataset: PreparedDataset, body: BodyModel, only_flat: bool) -> TrainingData:
    """Read the clips of a dataset.

    Args:
        dataset: What was prepared.
        body: The body to train with.
        only_flat: Leave out what steps on objects.

    Raises:
        InputError: There is no clip to train on or to validate with, or the frame rate is another.
    """
    if abs(dataset.fps - TRAINING_FPS) > 1e-3:
        raise InputError(
            f"{dataset.folder} has {dataset.fps:g} frames per second; priors are trained on {TRAINING_FPS:g}.",
            "Prepare it at that rate.",
        )
    splits = [
        [clip for clip in dataset.clips(split, body) if clip.floor == FLAT or not only_flat]
        if dataset.records(split)
        else []
        for split in ("train", "val", "test")
    ]
    for name, clips in zip(("train", "val"), splits, strict=False):
        if not clips:
            on_flat = " on a flat floor" if only_flat else ""
            raise InputError(f"{dataset.folder} has no clips{on_flat} in its {name} split.", _PREPARE)
    return TrainingData(*splits)


def require_clips(train: Sequence[Clip], validation: Sequence[Clip], frames: int) -> None:
    """Refuse data of which nothing is long enough.

    Raises:
        InputError: Names the split, and how long its longest clip is.
    """
    for name, clips, least in (("train", train, frames), ("val", validation, min(frames, _VALIDATED))):
        longest = max((clip.frames for clip in clips), default=0)
        if longest < least:
            raise InputError(
                f"No clip of the {name} split has {least} frames; the longest of {len(clips)} has {longest}.",
                "Prepare longer clips, or train with a smaller window.",
            )
