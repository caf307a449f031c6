"""A dataset that `motionfit data prepare` made, opened for training and evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from motionfit.body.model import BodyModel
from motionfit.datasets.clips import Clip
from motionfit.datasets.manifest import SPLITS, ClipRecord, Manifest, Split, read_manifest
from motionfit.datasets.store import PER_FRAME, SHAPES, Arrays, array_digest, map_arrays
from motionfit.errors import InputError
from motionfit.geometry.rotations import rotation_from_axis_angle


@dataclass(frozen=True)
class PreparedDataset:
    """Recordings at one frame rate on the floor z = 0, split, with what they touch.

    Attributes:
        folder: Where it is.
        manifest: All that is known about it.
        arrays: Memory maps of each split; a split that was left out is absent.
    """

    folder: Path
    manifest: Manifest
    arrays: Mapping[str, Arrays]

    @property
    def hash(self) -> str:
        """SHA-256 of the content: the numbers and what the clips are, wherever the files were."""
        return self.manifest.hash

    @property
    def fps(self) -> float:
        """Frames per second."""
        return self.manifest.fps

    def records(self, split: Split) -> tuple[ClipRecord, ...]:
        """What is known of the clips of a split, in their order."""
        return tuple(clip for clip in self.manifest.clips if clip.split == split)

    def clips(self, split: Split, body: BodyModel) -> list[Clip]:
        """All clips of a split.

        The root joint stands where it was recorded; `pose_clip` scales its path for `body` and seats the feet.

        Args:
            split: "train", "val" or "test".
            body: The body to train with. The recorded shapes count where it is the one that the dataset was made
                with; else clips have the mean shape.

        Raises:
            InputError: The dataset has no such split.
        """
        if split not in self.arrays:
            there = ", ".join(self.arrays)
            raise InputError(f"{self.folder} has no {split} split (it has {there}).", "Prepare it with another rule.")
        arrays, records = self.arrays[split], self.records(split)
        ends = np.cumsum([record.frames for record in records])
        is_same_body = self.manifest.body["sha256"] == body.content_hash
        return [
            _clip(arrays, place, slice(int(end) - record.frames, int(end)), record, is_same_body)
            for place, (record, end) in enumerate(zip(records, ends, strict=True))
        ]

    def summary(self) -> dict[str, dict[str, Any]]:
        """Per split: clips, minutes, minutes by kind, clips by source, subjects and minutes by licence."""
        return {split: self._summary(split) for split in self.arrays if split in SPLITS}

    def _summary(self, split: Split) -> dict[str, Any]:
        records = self.records(split)
        return {
            "clips": len(records),
            "minutes": round(sum(record.frames for record in records) / self.fps / 60.0, 2),
            "minutes_by_kind": self._minutes((record.kind, record.frames) for record in records),
            "sources": {
                source: sum(record.source == source for record in records)
                for source in sorted({record.source for record in records})
            },
            "subjects": len({record.subject for record in records}),
            "minutes_by_licence": self._minutes((record.licence or "unknown", record.frames) for record in records),
        }

    def _minutes(self, counted: Any) -> dict[str, float]:  # noqa: ANN401 - pairs of a name and frames
        frames: dict[str, int] = {}
        for name, count in counted:
            frames[name] = frames.get(name, 0) + count
        return {name: round(count / self.fps / 60.0, 2) for name, count in sorted(frames.items())}

    def damaged_arrays(self) -> list[str]:
        """Names of the array files whose numbers are not those that were written; reads them all."""
        return [
            name
            for name, file in self.manifest.files.items()
            if array_digest(self.folder / self.manifest.arrays / name, self._numbers_bytes(name)) != file["sha256"]
        ]

    def _numbers_bytes(self, name: str) -> int:
        split, _, file = name.partition("/")
        return int(self.arrays[split][file.removesuffix(".npy")].nbytes)


def open_dataset(folder: Path) -> PreparedDataset:
    """Open a dataset; nothing but the manifest is read yet.

    Raises:
        InputError: The folder is no dataset, a half prepared one, a damaged one or one of another layout.
    """
    manifest = read_manifest(folder)
    arrays: dict[str, Arrays] = {}
    for split in SPLITS:
        lengths = [clip.frames for clip in manifest.clips if clip.split == split]
        if lengths:
            rows = {name: sum(lengths) if name in PER_FRAME else len(lengths) for name in SHAPES}
            arrays[split] = map_arrays(folder / manifest.arrays / split, rows, manifest.files)
    return PreparedDataset(folder, manifest, arrays)


def _clip(arrays: Arrays, place: int, rows: slice, record: ClipRecord, is_same_body: bool) -> Clip:
    poses = torch.from_numpy(np.array(arrays["poses"][rows])).unflatten(-1, (22, 3))
    rotations = rotation_from_axis_angle(poses)
    rest = torch.from_numpy(np.array(arrays["rest_joints"][place]))
    keeps_betas = record.uses_betas and is_same_body
    return Clip(
        name=record.name,
        kind=record.kind,
        floor=record.floor,
        root=torch.from_numpy(np.array(arrays["trans"][rows])) + rest[0],
        root_orientation=rotations[:, 0],
        body_pose=rotations[:, 1:],
        made_for=rest,
        betas=torch.from_numpy(np.array(arrays["betas"][place])) if keeps_betas else torch.zeros(16),
        source=record.source,
        subject=record.subject,
        contacts=torch.from_numpy(np.array(arrays["contacts"][rows], np.float32)),
    )
