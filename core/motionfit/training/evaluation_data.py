"""Recordings to judge priors by: a prepared dataset, or folders train, val and test in AMASS layout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from motionfit.body.model import BodyModel
from motionfit.datasets.clips import FLAT, TRAINING_FPS, Clip, LabelledStates, data_hash, labelled_states, read_clips
from motionfit.datasets.manifest import MANIFEST_FILE, SPLITS
from motionfit.datasets.prepared import open_dataset
from motionfit.errors import InputError

VALIDATION = "val"
LEAST_FRAMES = 4
"""Of a clip that is judged: two states with velocities."""

_PREPARE = "Prepare a dataset with a val split: `motionfit data prepare`."


@dataclass(frozen=True)
class EvaluationData:
    """Held-back and training clips.

    Attributes:
        folder: Where they are.
        hash: Of the content.
        splits: Clips long enough to be judged by split: "train", "val", "test"; empty splits are absent.
    """

    folder: Path
    hash: str
    splits: Mapping[str, list[Clip]]

    def flat(self, split: str) -> list[Clip]:
        """The clips of a split on a flat floor: what motion priors are for."""
        return [clip for clip in self.splits.get(split, []) if clip.floor == FLAT]

    def recordings(self, split: str, body: BodyModel) -> list[LabelledStates]:
        """The states of the clips on a flat floor."""
        return [labelled_states(clip, body) for clip in self.flat(split)]


def read_evaluation_data(folder: Path, body: BodyModel) -> EvaluationData:
    """Read all splits.

    Raises:
        InputError: There is no data there, none of it is validation data on a flat floor with four frames or more, or
            it has another frame rate than priors know.
    """
    if (folder / MANIFEST_FILE).is_file() or not (folder / VALIDATION).is_dir():
        digest, clips = _prepared(folder, body)
    else:
        found = [split for split in SPLITS if (folder / split).is_dir()]
        digest = data_hash(folder / VALIDATION)
        clips = {split: read_clips(folder / split, body) for split in found}
    long_enough = {split: [clip for clip in part if clip.frames >= LEAST_FRAMES] for split, part in clips.items()}
    data = EvaluationData(folder, digest, {split: part for split, part in long_enough.items() if part})
    if not data.flat(VALIDATION):
        counts = ", ".join(f"{split}: {len(part)}" for split, part in clips.items()) or "no clips"
        raise InputError(
            f"{folder} has no validation clip of {LEAST_FRAMES} frames or more on a flat floor ({counts}).", _PREPARE
        )
    return data


def _prepared(folder: Path, body: BodyModel) -> tuple[str, dict[str, list[Clip]]]:
    dataset = open_dataset(folder)
    if abs(dataset.fps - TRAINING_FPS) > 1e-3:
        raise InputError(
            f"{folder} has {dataset.fps:g} frames per second; priors know {TRAINING_FPS:g}.",
            "Prepare it at that rate.",
        )
    return dataset.hash, {split: dataset.clips(split, body) for split in SPLITS if dataset.records(split)}
