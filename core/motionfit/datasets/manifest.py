"""What a prepared dataset says about itself: every clip, and every file that did not become one, and why.

The manifest is written last and atomically; a folder without it is no dataset. It names the folder of the arrays, so
that one file decides which arrays count.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal, get_args

from motionfit.errors import InputError

MANIFEST_FILE = "manifest.json"
UNFINISHED_FOLDER = "unfinished"
"""Where the work of a `motionfit data prepare` that is not done yet is kept."""

KIND = "motionfit dataset"
LAYOUT = 1
Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)


@dataclass(frozen=True)
class ClipRecord:
    """One recording in a dataset.

    Attributes:
        name: Of its file, without the ending.
        path: Where it was found: the source as given, and the path in it.
        split: "train", "val" or "test".
        rule: What put it there.
        source: Its data set.
        subject: Who is recorded, told apart across data sets.
        kind: What is done; "unknown" where the file does not say.
        label: The file's own words for it; may be empty.
        licence: As the file says; may be empty.
        floor: "flat", or what else it stands on.
        floor_origin: "file" (the file says that z = 0 is the floor), "found" (lowest cluster of static toes),
            "unsure" (found, and parts of the body are far below) or "unknown" (no toe is ever still): with the
            last two z = 0 of the file is kept.
        floor_height: Where the floor was in the file, m; the motion is moved down by it.
        flips: Frames in which a joint turns impossibly fast.
        frames: At the frame rate of the dataset.
        source_fps: Frame rate of the file.
        source_frames: Frames of the file.
        uses_betas: Whether the shape of the file counts; else the motion is that of the mean shape.
        sha256: Of the file.
        motion_sha256: Of its poses, translations and frame rate, whatever the file adds.
    """

    name: str
    path: str
    split: str
    rule: str
    source: str
    subject: str
    kind: str
    label: str
    licence: str
    floor: str
    floor_origin: str
    floor_height: float
    flips: int
    frames: int
    source_fps: float
    source_frames: int
    uses_betas: bool
    sha256: str
    motion_sha256: str


@dataclass(frozen=True)
class Manifest:
    """All that is known about a dataset.

    Attributes:
        hash: SHA-256 of the arrays and of what the clips are; cards name it.
        arrays: Folder of the arrays, in the dataset.
        fps: Frames per second.
        body: Kind, gender and sha256 of the body that floors and contacts were found with.
        settings: As resolved.
        counted: What of the settings and the body changes the result, by dotted names.
        inputs: SHA-256 of each loose file and each archive that was read.
        sources: What was read: path, kind, files, damage of an archive, files of other kinds by their ending.
        clips: In the order of the arrays: by split, source and path.
        dropped: Recordings that were left out: path, reason (for counting), detail.
        duplicates: Recordings that were there before: path, duplicate_of.
        skipped: Files that are no recordings: path, rule.
        warnings: Sentences for the user.
        files: Of the arrays: size in bytes and sha256 by name.
    """

    hash: str
    arrays: str
    fps: float
    body: Mapping[str, str]
    settings: Mapping[str, Any]
    counted: Mapping[str, Any]
    inputs: Mapping[str, str]
    sources: Sequence[Mapping[str, Any]]
    clips: Sequence[ClipRecord]
    dropped: Sequence[Mapping[str, str]]
    duplicates: Sequence[Mapping[str, str]]
    skipped: Sequence[Mapping[str, str]]
    warnings: Sequence[str]
    files: Mapping[str, Mapping[str, Any]]

    def to_json(self) -> dict[str, Any]:
        """As it is written."""
        content = asdict(self)
        return {"kind": KIND, "layout": LAYOUT, **content}


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a dataset.

    Raises:
        InputError: The folder is no dataset, a half prepared one, a damaged one or one of another layout.
    """
    path = folder / MANIFEST_FILE
    if not path.is_file():
        raise _no_manifest(folder)
    again = "Prepare it again with `motionfit data prepare … --fresh`."
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is damaged ({error}).", again) from error
    if not isinstance(content, dict) or content.get("kind") != KIND:
        raise InputError(
            f"{path} is not the manifest of a dataset of MotionFit.", "Make one: `motionfit data prepare`."
        )
    if content.get("layout") != LAYOUT:
        raise InputError(
            f"{folder} has the layout {content.get('layout')}, and this version reads layout {LAYOUT}.", again
        )
    missing = [field.name for field in fields(Manifest) if field.name not in content]
    if missing:
        raise InputError(f"{path} is damaged: it has no {', '.join(missing)}.", again)
    try:
        clips = tuple(ClipRecord(**clip) for clip in content["clips"])
    except TypeError as error:
        raise InputError(f"{path} is damaged: a clip is not complete ({error}).", again) from error
    known = {field.name: content[field.name] for field in fields(Manifest)}
    return Manifest(**{**known, "clips": clips})


def _no_manifest(folder: Path) -> InputError:
    if not folder.is_dir():
        return InputError(f"There is no dataset {folder}.", "Make one: `motionfit data prepare SOURCE… -o DATASET`.")
    if (folder / UNFINISHED_FOLDER).is_dir():
        return InputError(
            f"{folder} is a dataset that is not finished.",
            "Run the same `motionfit data prepare` again: it goes on where it stopped.",
        )
    found = sum(1 for _ in folder.rglob("*.npz"))
    what = f"it holds {found} npz files: give the folder to" if found else "make one with"
    return InputError(
        f"{folder} is not a prepared dataset (it has no {MANIFEST_FILE}).",
        f"{what[0].upper()}{what[1:]} `motionfit data prepare SOURCE… -o DATASET`.",
    )
