"""From parts to one dataset: split, counted once, written in one order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from motionfit.body.model import BodyModel
from motionfit.datasets.collect import Collection
from motionfit.datasets.gather import SourceFile
from motionfit.datasets.manifest import SPLITS, ClipRecord, Manifest
from motionfit.datasets.parts import read_arrays, read_facts
from motionfit.datasets.process import ClipFacts
from motionfit.datasets.recordings import Unusable
from motionfit.datasets.settings import DATASET_FPS, PrepareSettings, hash_of
from motionfit.datasets.splits import Candidate, assign_splits
from motionfit.datasets.store import PER_FRAME, SHAPES, write_arrays
from motionfit.datasets.workplace import arrays_name
from motionfit.errors import InputError

_NO_SPLIT = "in no split"
_FEW = 5


@dataclass(frozen=True)
class _Entry:
    """A recording that was processed well, with its part."""

    file: SourceFile
    sha256: str
    part: Path
    facts: ClipFacts

    @property
    def source(self) -> str:
        return self.facts.source or self.file.source

    @property
    def subject(self) -> str:
        """As the file or its place tells, else each file is of a person of its own."""
        return self.facts.subject or self.file.subject or f"{self.source}/{PurePosixPath(self.file.place).stem}"


@dataclass(frozen=True)
class Selection:
    """What goes into a dataset and what does not.

    Attributes:
        clips: In the order of the arrays.
        parts: Of each clip.
        dropped: Path, reason and detail.
        duplicates: Path and what it duplicates.
        warnings: Sentences for the user.
    """

    clips: tuple[ClipRecord, ...]
    parts: tuple[Path, ...]
    dropped: tuple[dict[str, str], ...]
    duplicates: tuple[dict[str, str], ...]
    warnings: tuple[str, ...]


def select(collection: Collection, parts: Sequence[Path], settings: PrepareSettings) -> Selection:
    """Split what was processed, and say of the rest why it is left out.

    Raises:
        SettingsError: A recording is in two splits, or the list file makes no sense.
        InputError: Nothing is left, or a split is empty.
    """
    entries: list[_Entry] = []
    dropped = [_dropped(path, "unreadable", why) for path, why in collection.unreadable]
    duplicates = [_duplicate(path, of) for path, of in collection.duplicates]
    first: dict[str, str] = {}
    for file, digest, part in zip(collection.files, collection.hashes, parts, strict=True):
        facts = read_facts(part)
        assert facts is not None, f"{part} was written and is not there"
        if isinstance(facts, Unusable):
            dropped.append(_dropped(file.shown, facts.reason, facts.detail))
        elif facts.motion_sha256 in first:
            duplicates.append(_duplicate(file.shown, first[facts.motion_sha256]))
        else:
            first[facts.motion_sha256] = file.shown
            entries.append(_Entry(file, digest, part, facts))
    if not entries:
        raise _nothing_left(dropped)
    candidates = [Candidate(entry.file.place, entry.source, entry.subject) for entry in entries]
    assignment = assign_splits(candidates, settings)
    chosen = []
    for entry, place in zip(entries, assignment.places, strict=True):
        if place.split:
            chosen.append((_record(entry, place.split, place.rule), entry.part))
        else:
            dropped.append(_dropped(entry.file.shown, _NO_SPLIT, f"the rule {settings.split} names it nowhere"))
    chosen.sort(key=lambda pair: SPLITS.index(pair[0].split))
    return Selection(
        tuple(record for record, _ in chosen),
        tuple(part for _, part in chosen),
        tuple(dropped),
        tuple(duplicates),
        (*collection.warnings, *assignment.warnings, *_warnings(entries)),
    )


def write_dataset(
    selection: Selection,
    collection: Collection,
    settings: PrepareSettings,
    body: BodyModel,
    inputs: dict[str, str],
    folder: Path,
    output: Path,
) -> Manifest:
    """Write the arrays of all splits into a folder, and return the manifest that will make them count.

    Raises:
        OutputError: The place is not writable or the disk is full.
    """
    files: dict[str, dict[str, Any]] = {}
    for split in SPLITS:
        chosen = [pair for pair in zip(selection.clips, selection.parts, strict=True) if pair[0].split == split]
        if chosen:
            frames = sum(record.frames for record, _ in chosen)
            rows = {name: frames if name in PER_FRAME else len(chosen) for name in SHAPES}
            files |= write_arrays(folder / split, rows, (read_arrays(part) for _, part in chosen))
    content_hash = _content_hash(selection.clips, files)
    return Manifest(
        hash=content_hash,
        arrays=arrays_name(output, content_hash),
        fps=DATASET_FPS,
        body={"kind": body.kind, "gender": body.gender, "sha256": body.content_hash},
        settings=settings.to_mapping(),
        counted=settings.what_counts(body.content_hash),
        inputs=inputs,
        sources=collection.sources,
        clips=selection.clips,
        dropped=selection.dropped,
        duplicates=selection.duplicates,
        skipped=tuple({"path": path, "rule": rule} for path, rule in collection.skipped),
        warnings=selection.warnings,
        files=files,
    )


def _content_hash(clips: Sequence[ClipRecord], files: dict[str, dict[str, Any]]) -> str:
    """Of the numbers and of what the clips are, not of where their files were."""
    told = [
        [clip.name, clip.split, clip.source, clip.subject, clip.kind, clip.floor, clip.frames, clip.uses_betas]
        for clip in clips
    ]
    return hash_of([DATASET_FPS, told, {name: file["sha256"] for name, file in files.items()}])


def _record(entry: _Entry, split: str, rule: str) -> ClipRecord:
    facts = {name: value for name, value in asdict(entry.facts).items() if name != "warning"}
    placed: dict[str, Any] = {
        "name": PurePosixPath(entry.file.place).stem,
        "path": entry.file.shown,
        "split": split,
        "rule": rule,
    }
    return ClipRecord(**{**facts, **placed, "source": entry.source, "subject": entry.subject, "sha256": entry.sha256})


def _dropped(path: str, reason: str, detail: str) -> dict[str, str]:
    return {"path": path, "reason": reason, "detail": detail}


def _duplicate(path: str, of: str) -> dict[str, str]:
    return {"path": path, "duplicate_of": of}


def _nothing_left(dropped: Sequence[dict[str, str]]) -> InputError:
    examples = "; ".join(f"{item['path']}: {item['reason']} ({item['detail']})" for item in dropped[:_FEW])
    more = f" … ({len(dropped)} in all)" if len(dropped) > _FEW else ""
    return InputError(f"No recording can be used: {examples}{more}.", "Give other recordings, or change the limits.")


def _warnings(entries: Sequence[_Entry]) -> list[str]:
    warnings = [f"{entry.file.shown}: {entry.facts.warning}." for entry in entries if entry.facts.warning]
    unknown = sum(not entry.facts.subject and not entry.file.subject for entry in entries)
    if unknown:
        warnings.append(
            f"Of {unknown} recordings neither the file nor its place (data set / subject / file) tells the subject: "
            "each counts as a person of its own."
        )
    return warnings
