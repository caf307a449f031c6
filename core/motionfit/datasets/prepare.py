"""`motionfit data prepare` in its steps: gather, process, split, write."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from motionfit.datasets.assemble import select, write_dataset
from motionfit.datasets.collect import Collection, collect, input_hashes
from motionfit.datasets.gather import Progress, SourceFile, classify, hash_file, look_into
from motionfit.datasets.manifest import Manifest
from motionfit.datasets.parallel import run_tasks
from motionfit.datasets.parts import PartTask, load_settings_body, make_part, part_key, read_facts
from motionfit.datasets.settings import PrepareSettings
from motionfit.datasets.workplace import clear_up, publish, there_already, workplace
from motionfit.files.archives import Stopped

_PARTS_FOLDER = "parts"
_ARRAYS_FOLDER = "arrays"


class Outcome(NamedTuple):
    """What came of preparing.

    Attributes:
        manifest: Of the dataset.
        is_new: Whether it was written now; else it was up to date.
        processed: Recordings that were processed now.
        kept: Recordings whose work was there from an earlier run.
    """

    manifest: Manifest
    is_new: bool
    processed: int
    kept: int


def prepare(settings: PrepareSettings, workers: int, fresh: bool, progress: Progress) -> Outcome:
    """Make one dataset of the sources.

    What is done is kept when it is stopped, killed or fails, and a later call goes on from there. The result does not
    depend on the number of workers.

    Args:
        settings: What and how.
        workers: Processes.
        fresh: Replace a dataset that is there, and use nothing of earlier work.
        progress: Told what is done; says whether to go on.

    Raises:
        Stopped: `progress` said so.
        InputError: A source is missing, nothing is found, or a split would be empty.
        SettingsError: The settings make no sense, or the dataset that is there was made differently.
        OutputError: The place is not writable or the disk is full.
    """
    output = Path(settings.output)
    sources = classify(settings.sources)
    body = load_settings_body(settings.body)
    with workplace(output, fresh) as unfinished:
        folders = [source for source in sources if source.kind != "archive"]
        loose = {source: look_into(source, source.path, output.resolve()) for source in folders}
        inputs = input_hashes(sources, loose, workers, progress)
        there = None if fresh else there_already(output, settings.what_counts(body.content_hash), inputs)
        if there is not None:
            clear_up(output, there)
            return Outcome(there, False, 0, 0)
        collection = collect(sources, loose, inputs, unfinished, workers, progress)
        parts = _parts(collection, unfinished, settings.processing_hash(body.content_hash))
        missing = [number for number, part in enumerate(parts) if read_facts(part) is None]
        tasks = [_task(collection.files[number], parts[number], settings, body.content_hash) for number in missing]
        _make_parts(tasks, len(parts), workers, progress)
        selection = select(collection, parts, settings)
        written = unfinished / _ARRAYS_FOLDER
        shutil.rmtree(written, ignore_errors=True)
        manifest = write_dataset(selection, collection, settings, body, inputs, written, output)
        publish(output, written, manifest)
    return Outcome(manifest, True, len(missing), len(parts) - len(missing))


def _parts(collection: Collection, unfinished: Path, processing_hash: str) -> list[Path]:
    needed = {path for file in collection.files for path in (file.skeleton, file.companion) if path is not None}
    hashes: dict[Path | None, str] = {None: "", **{path: hash_file(path) for path in needed}}
    return [
        unfinished / _PARTS_FOLDER / f"{part_key(digest, beside, processing_hash)}.npz"
        for file, digest in zip(collection.files, collection.hashes, strict=True)
        for beside in ((hashes[file.skeleton], hashes[file.companion]),)
    ]


def _task(file: SourceFile, part: Path, settings: PrepareSettings, body_hash: str) -> PartTask:
    return PartTask(file.path, file.shown, file.skeleton, part, settings, body_hash)


def _make_parts(tasks: Sequence[PartTask], total: int, workers: int, progress: Progress) -> None:
    done = total - len(tasks)
    goes_on = True

    def ask() -> bool:
        nonlocal goes_on
        goes_on = goes_on and progress("processing", done, total)
        return goes_on

    for _ in run_tasks(make_part, tasks, workers, ask):
        done += 1
    if not ask() or done < total:
        raise Stopped
