"""The folder of a dataset while it is made: one writer, work that is kept, and one moment in which it appears."""

from __future__ import annotations

import fcntl
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from motionfit.datasets.manifest import MANIFEST_FILE, UNFINISHED_FOLDER, Manifest, read_manifest
from motionfit.errors import OutputError, SettingsError
from motionfit.files.atomic import atomic_file, output_errors

_LOCK_FILE = ".lock"
_ARRAYS = "arrays-"
_FEW = 8


@contextmanager
def workplace(output: Path, fresh: bool) -> Iterator[Path]:
    """Hold the folder of a dataset alone, and give the folder of unfinished work in it.

    Args:
        output: Folder of the dataset; is made.
        fresh: Forget unfinished work.

    Raises:
        OutputError: It is not writable, holds something else, or is being made by another process.
    """
    unfinished = output / UNFINISHED_FOLDER
    _refuse_other_folders(output)
    with output_errors(output):
        output.mkdir(parents=True, exist_ok=True)
        lock = (output / _LOCK_FILE).open("a")
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise OutputError(
                f"Another `motionfit data prepare` is writing to {output}.", "Wait for it, or choose another place."
            ) from error
        with output_errors(output):
            if fresh:
                shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir(exist_ok=True)
        try:
            yield unfinished
        finally:
            with suppress(OSError):  # it holds work to go on with
                unfinished.rmdir()


def _refuse_other_folders(output: Path) -> None:
    if output.exists() and not output.is_dir():
        raise OutputError(f"{output} is a file.", "Choose another place with -o.")
    if not output.is_dir() or (output / MANIFEST_FILE).is_file() or (output / UNFINISHED_FOLDER).is_dir():
        return
    foreign = sorted(path.name for path in output.iterdir() if path.name != _LOCK_FILE)
    if foreign:
        raise OutputError(
            f"{output} holds other files ({', '.join(foreign[:_FEW])}).", "Choose an empty or a new folder with -o."
        )


def there_already(output: Path, counted: Mapping[str, object], inputs: Mapping[str, str]) -> Manifest | None:
    """The dataset that is there if it is just what would be made; None if there is none.

    Raises:
        SettingsError: It was made with other settings or of other files: the difference is shown.
        InputError: It is damaged.
    """
    if not (output / MANIFEST_FILE).is_file():
        return None
    manifest = read_manifest(output)
    changes = [
        f"{key}: {_short(manifest.counted.get(key))} there, {_short(counted.get(key))} now"
        for key in sorted({*manifest.counted, *counted})
        if json.dumps(manifest.counted.get(key)) != json.dumps(counted.get(key))
    ]
    changes += _input_changes(manifest.inputs, inputs)
    if not changes:
        return manifest
    more = f" … ({len(changes)} differences)" if len(changes) > _FEW else ""
    raise SettingsError(
        f"{output} was prepared differently: {'; '.join(changes[:_FEW])}{more}.",
        "Give --fresh to replace it, or another place with -o.",
    )


def _input_changes(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    groups = {
        "new": [name for name in new if name not in old],
        "gone": [name for name in old if name not in new],
        "changed": [name for name in new if name in old and old[name] != new[name]],
    }
    return [f"{len(names)} files {what} ({_examples(names)})" for what, names in groups.items() if names]


def _examples(names: Sequence[str]) -> str:
    return ", ".join(names[:2]) + (" …" if len(names) > 2 else "")


def _short(value: object) -> str:
    text = "nothing" if value is None else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "…"


def arrays_name(output: Path, content_hash: str) -> str:
    """A name for the folder of the arrays that no other folder there has."""
    name, number = f"{_ARRAYS}{content_hash[:12]}", 1
    while (output / name).exists():
        number += 1
        name = f"{_ARRAYS}{content_hash[:12]}-{number}"
    return name


def publish(output: Path, written: Path, manifest: Manifest) -> None:
    """Let the dataset appear: its arrays take their place, and then one rename makes them count.

    Raises:
        OutputError: The place is not writable or the disk is full.
    """
    with output_errors(output):
        written.rename(output / manifest.arrays)
    with atomic_file(output / MANIFEST_FILE) as temporary:
        temporary.write_text(json.dumps(manifest.to_json(), indent=1, ensure_ascii=False), encoding="utf-8")
    clear_up(output, manifest)


def clear_up(output: Path, manifest: Manifest) -> None:
    """Remove what the dataset does not use: unfinished work and the arrays of one that it replaced."""
    shutil.rmtree(output / UNFINISHED_FOLDER, ignore_errors=True)
    for folder in output.glob(f"{_ARRAYS}*"):
        if folder.name != manifest.arrays:
            shutil.rmtree(folder, ignore_errors=True)
