"""All candidates of all sources, each content once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from motionfit.datasets.gather import (
    Found,
    Progress,
    Source,
    SourceFile,
    UnpackTask,
    archives_left,
    hash_files,
    look_into,
    nothing_found,
    unpack_task,
)
from motionfit.datasets.parallel import run_tasks
from motionfit.files.archives import Stopped, Unpacked

UNPACKED_FOLDER = "unpacked"
_FEW = 3


@dataclass(frozen=True)
class Collection:
    """What is to be processed.

    Attributes:
        files: Each content once, in the order of the sources and places.
        hashes: SHA-256 of each.
        duplicates: Path, and the path of the same content that counts.
        unreadable: Path and reason of files that cannot be opened.
        skipped: Path and rule of files that are no motion by their name.
        sources: What the manifest says of each source.
        warnings: Sentences for the user.
    """

    files: tuple[SourceFile, ...]
    hashes: tuple[str, ...]
    duplicates: tuple[tuple[str, str], ...]
    unreadable: tuple[tuple[str, str], ...]
    skipped: tuple[tuple[str, str], ...]
    sources: tuple[dict[str, Any], ...]
    warnings: tuple[str, ...]


def input_hashes(
    sources: Sequence[Source], loose: Mapping[Source, Found], workers: int, progress: Progress
) -> dict[str, str]:
    """SHA-256 by name of all that decides what is read: archives, loose files, and the files that they need.

    Raises:
        Stopped: The progress said so.
    """
    named: dict[str, Path] = {}
    for source in sources:
        if source.kind == "archive":
            named[source.shown] = source.path
            continue
        for file in loose[source].files:
            named[file.shown] = file.path
            for beside in (file.skeleton, file.companion):
                if beside is not None:
                    named[str(beside)] = beside
    hashes = hash_files(list(named.values()), workers, "reading", progress)
    return dict(zip(named, hashes, strict=True))


def collect(
    sources: Sequence[Source],
    loose: Mapping[Source, Found],
    inputs: Mapping[str, str],
    unfinished: Path,
    workers: int,
    progress: Progress,
) -> Collection:
    """Unpack the archives and list each content once.

    Args:
        sources: In the order in which they count.
        loose: What is in those that are no archives.
        inputs: Of `input_hashes`.
        unfinished: Archives are unpacked into it.
        workers: Processes; each unpacks one archive.
        progress: Told of archives and files.

    Raises:
        Stopped: The progress said so.
        InputError: There are no candidates, or an archive is not to be trusted.
        OutputError: The place is not writable or the disk is full.
    """
    archives = {source: unfinished / UNPACKED_FOLDER / inputs[source.shown] for source in sources if _packed(source)}
    unpacked = _unpack(archives, workers, progress)
    found = [
        look_into(source, archives[source], unfinished) if _packed(source) else loose[source] for source in sources
    ]
    files = [file for one in found for file in one.files]
    if not files:
        raise nothing_found(sources, found, [])
    members = [file.path for file in files if file.shown not in inputs]
    hashed = dict(zip(members, hash_files(members, workers, "reading", progress), strict=True))
    hashes = [inputs[file.shown] if file.shown in inputs else hashed[file.path] for file in files]
    first: dict[str, SourceFile] = {}
    for file, digest in zip(files, hashes, strict=True):
        first.setdefault(digest, file)
    pairs = list(zip(files, hashes, strict=True))
    kept = [(file, digest) for file, digest in pairs if digest and first[digest] is file]
    return Collection(
        files=tuple(file for file, _ in kept),
        hashes=tuple(digest for _, digest in kept),
        duplicates=tuple((file.shown, first[digest].shown) for file, digest in pairs if first[digest] is not file),
        unreadable=tuple((file.shown, "it cannot be opened") for file, digest in pairs if not digest),
        skipped=tuple(pair for one in found for pair in one.skipped),
        sources=tuple(_facts(source, one, unpacked.get(source)) for source, one in zip(sources, found, strict=True)),
        warnings=tuple(_warnings(sources, found, unpacked)),
    )


def _packed(source: Source) -> bool:
    return source.kind == "archive"


def _unpack(archives: Mapping[Source, Path], workers: int, progress: Progress) -> dict[Source, Unpacked]:
    goes_on = True

    def ask() -> bool:
        nonlocal goes_on
        goes_on = goes_on and progress("unpacking archives", len(unpacked), len(archives))
        return goes_on

    unpacked: dict[Source, Unpacked] = {}
    names = list(archives)
    tasks = [UnpackTask(source.path, folder) for source, folder in archives.items()]
    for number, result in run_tasks(unpack_task, tasks, workers, ask):
        unpacked[names[number]] = result
    if len(unpacked) < len(archives):
        raise Stopped
    return unpacked


def _facts(source: Source, found: Found, unpacked: Unpacked | None) -> dict[str, Any]:
    return {
        "path": source.shown,
        "kind": source.kind,
        "files": len(found.files),
        "other_files": found.others,
        "damage": "" if unpacked is None else unpacked.damage,
        "left_out": [] if unpacked is None else [f"{name}: {why}" for name, why in unpacked.left_out],
    }


def _warnings(sources: Sequence[Source], found: Sequence[Found], unpacked: Mapping[Source, Unpacked]) -> list[str]:
    warnings = [archives_left(source, one.archives) for source, one in zip(sources, found, strict=True) if one.archives]
    for source, result in unpacked.items():
        if result.damage:
            warnings.append(f"{result.damage}. Copy the archive again to have the rest.")
        if result.left_out:
            names = ", ".join(f"{name} ({why})" for name, why in result.left_out[:_FEW])
            more = f" … ({len(result.left_out)} in all)" if len(result.left_out) > _FEW else ""
            warnings.append(f"{source.shown}: left out {names}{more}.")
    return warnings
