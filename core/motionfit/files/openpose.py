"""OpenPose JSON folders: one file per frame, several people, BODY_25.

People are followed through time by proximity: OpenPose itself gives them in any order.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from motionfit.errors import InputError

KEYPOINTS = 25
CAMERA_FILE = "camera.json"
_LONGEST_GAP = 15
_FARTHEST_STEP = 0.6
_SMALLEST_SIZE = 10.0


@dataclass(frozen=True)
class OpenPoseClip:
    """One person's keypoints.

    Attributes:
        keypoints: (frames, 25, 3) px, px, confidence; 0 where nothing was detected.
        first_frame: Number of the first file.
        people: How many people were found in the clip.
        warnings: What was assumed.
    """

    keypoints: np.ndarray
    first_frame: int
    people: int
    warnings: tuple[str, ...] = ()


@dataclass
class _Track:
    frames: list[int] = field(default_factory=list)
    people: list[np.ndarray] = field(default_factory=list)

    @property
    def visibility(self) -> float:
        return float(sum(person[:, 2].sum() for person in self.people))


def read_openpose(folder: Path, person: int | None = None) -> OpenPoseClip:
    """Read a folder of OpenPose JSON files.

    Args:
        folder: Holds one `…_000000000012_keypoints.json` per frame; frames without a file are unobserved.
        person: Number of the person, counted from 0 by how much is seen; None is the most visible one.

    Raises:
        InputError: There are no such files or no person, a file is damaged, or there is no such person.
    """
    files = _numbered_files(folder)
    first, last = min(files), max(files)
    detections = {number: _read_people(path) for number, path in files.items()}
    tracks = _follow(detections)
    if not tracks:
        raise InputError(
            f"{folder}: no person was detected in any of the {len(files)} files.",
            "Check the detector's output.",
        )
    tracks.sort(key=lambda track: -track.visibility)
    chosen = 0 if person is None else person
    if not 0 <= chosen < len(tracks):
        raise InputError(
            f"There is no person {chosen} in {folder}; it has {len(tracks)}.",
            f"Give --person 0 to {len(tracks) - 1} (0 is the most visible).",
        )
    keypoints = np.zeros((last - first + 1, KEYPOINTS, 3))
    for number, found in zip(tracks[chosen].frames, tracks[chosen].people, strict=True):
        keypoints[number - first] = found
    warnings = []
    if len(tracks) > 1 and person is None:
        warnings.append(f"{len(tracks)} people were found; the most visible one is fitted (--person chooses another).")
    return OpenPoseClip(keypoints, first, len(tracks), tuple(warnings))


def _numbered_files(folder: Path) -> dict[int, Path]:
    paths = sorted(folder.glob("*_keypoints.json"))
    paths = paths or sorted(path for path in folder.glob("*.json") if path.name != CAMERA_FILE)
    if not paths:
        raise InputError(
            f"{folder} holds no OpenPose JSON files.", "They are named like clip_000000000012_keypoints.json."
        )
    numbered: dict[int, Path] = {}
    for place, path in enumerate(paths):
        digits = re.findall(r"\d+", path.stem.removesuffix("_keypoints"))
        number = int(digits[-1]) if digits else place
        if number in numbered:
            raise InputError(
                f"{folder}: {numbered[number].name} and {path.name} are both frame {number}.",
                "Keep the files of one clip in a folder.",
            )
        numbered[number] = path
    if max(numbered) - min(numbered) > 100 * len(numbered) + 1000:
        raise InputError(
            f"{folder}: frame numbers run from {min(numbered)} to {max(numbered)} in {len(numbered)} files.",
            "The last number in a file's name must be the frame.",
        )
    return numbered


def _read_people(path: Path) -> list[np.ndarray]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        people = content["people"]
        found = [_keypoints(entry, path) for entry in people]
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is truncated or is not JSON ({error}).", "Copy or make the file again.") from error
    except (KeyError, TypeError) as error:
        raise InputError(
            f"{path} is not an OpenPose file: it has no people with pose_keypoints_2d.",
            'Each file holds {"people": [{"pose_keypoints_2d": [75 numbers]}]}.',
        ) from error
    return [person for person in found if (person[:, 2] > 0).sum() >= 2]


def _keypoints(entry: dict[str, Any], path: Path) -> np.ndarray:
    try:
        values = np.array(entry["pose_keypoints_2d"], np.float64)
    except ValueError as error:
        raise InputError(f"{path}: pose_keypoints_2d holds something else than numbers.") from error
    if values.shape != (KEYPOINTS * 3,):
        raise InputError(
            f"{path}: pose_keypoints_2d has {values.size} numbers, not {KEYPOINTS * 3} (BODY_25).",
            "Run OpenPose with --model_pose BODY_25.",
        )
    keypoints = values.reshape(KEYPOINTS, 3)
    keypoints[~np.isfinite(keypoints).all(-1)] = 0.0
    keypoints[keypoints[:, 2] <= 0] = 0.0
    return keypoints


def _follow(detections: dict[int, list[np.ndarray]]) -> list[_Track]:
    """Join detections to tracks, frame by frame: the cheapest assignment of near ones (the order matters)."""
    tracks: list[_Track] = []
    for number in sorted(detections):
        people = detections[number]
        alive = [track for track in tracks if number - track.frames[-1] <= _LONGEST_GAP]
        cost = np.array([[_distance(track, person, number) for person in people] for track in alive])
        taken: set[int] = set()
        if cost.size:
            for row, column in zip(*linear_sum_assignment(np.minimum(cost, 1e6)), strict=True):
                if cost[row, column] < 1.0:
                    alive[row].frames.append(number)
                    alive[row].people.append(people[column])
                    taken.add(int(column))
        tracks.extend(_Track([number], [person]) for place, person in enumerate(people) if place not in taken)
    return tracks


def _distance(track: _Track, person: np.ndarray, number: int) -> float:
    """Median move of the shared keypoints, in units of what a person may move in the time; 1 is too far."""
    before = track.people[-1]
    shared = (before[:, 2] > 0) & (person[:, 2] > 0)
    if not shared.any():
        return 1e9
    moved = float(np.median(np.linalg.norm(before[shared, :2] - person[shared, :2], axis=-1)))
    visible = before[before[:, 2] > 0, :2]
    size = max(float(np.ptp(visible, axis=0).max()), _SMALLEST_SIZE)
    gap = number - track.frames[-1]
    return moved / (size * _FARTHEST_STEP * min(float(gap), 3.0))
