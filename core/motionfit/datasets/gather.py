"""Finding the files of motion in folders and archives, each of them named as the user can find it again."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal, NamedTuple

from motionfit.datasets.identity import identify, natural_key
from motionfit.datasets.parallel import must_stop
from motionfit.datasets.recordings import COMPANIONS, READERS, companion_of, is_helper
from motionfit.errors import InputError
from motionfit.files.archives import ARCHIVE_SUFFIXES, Stopped, Unpacked, archive_stem, archive_suffix, unpack

SKELETON_FILE = "skeleton_used.npz"
_SKELETON_ABOVE = 2
_BLOCK = 1 << 20
_FEW = 5

Progress = Callable[[str, int, int], bool]
"""Called with what is done now, how many are done and of how many; returns whether to go on."""


class Source(NamedTuple):
    """What the user named.

    Attributes:
        shown: As it was given.
        path: Where it is.
        kind: What it is.
    """

    shown: str
    path: Path
    kind: Literal["folder", "archive", "file"]

    @property
    def name(self) -> str:
        """The name of its data set, if its folders tell no other."""
        if self.kind == "archive":
            return archive_stem(self.path)
        return self.path.resolve().name if self.kind == "folder" else self.path.resolve().parent.name


@dataclass(frozen=True)
class SourceFile:
    """A file that may be a recording.

    Attributes:
        path: Where it can be read now.
        shown: The source as given, and the place in it.
        place: In its source.
        source: Data set, told by the place.
        subject: Who is recorded, told by the place; may be empty.
        skeleton: File with the rest joints of the body that it was made for.
        companion: File that it cannot be read without: the skeleton of an .amc.
    """

    path: Path
    shown: str
    place: str
    source: str
    subject: str
    skeleton: Path | None
    companion: Path | None


@dataclass(frozen=True)
class Found:
    """What is in one source.

    Attributes:
        files: Candidates, in the natural order of their places.
        skipped: Shown path and rule of files that are no motion by their name.
        archives: Archives that lie in a folder; they are not read.
        others: Files of other kinds, by their ending.
    """

    files: tuple[SourceFile, ...]
    skipped: tuple[tuple[str, str], ...]
    archives: tuple[str, ...]
    others: dict[str, int]


class UnpackTask(NamedTuple):
    """An archive to be unpacked into a folder of its own."""

    archive: Path
    folder: Path


def classify(shown: Sequence[str]) -> list[Source]:
    """What the user's sources are.

    Raises:
        InputError: One is missing or is a file that is not read.
    """
    if not shown:
        raise InputError("No source is given.", "Name folders, archives or files of motion.")
    return [_classified(text) for text in shown]


def _classified(text: str) -> Source:
    path = Path(text).expanduser()
    if path.is_dir():
        return Source(text, path, "folder")
    if not path.exists():
        raise InputError(f"There is no {text}.", "Check the path.")
    if archive_suffix(path):
        return Source(text, path, "archive")
    if path.suffix.lower() in READERS:
        return Source(text, path, "file")
    raise InputError(
        f"{text} is not a kind of file that is read.",
        f"Give folders, motion ({', '.join(READERS)}) or archives ({', '.join(ARCHIVE_SUFFIXES)}).",
    )


def is_wanted(name: str) -> bool:
    """Whether a member of an archive is worth unpacking."""
    return PurePosixPath(name).suffix.lower() in (*READERS, *COMPANIONS)


def unpack_task(task: UnpackTask) -> Unpacked:
    """Unpack in whatever process."""
    return unpack(task.archive, task.folder, is_wanted, must_stop)


def look_into(source: Source, folder: Path, leave_out: Path) -> Found:
    """Find the files of a source.

    Args:
        source: Folder, archive or file.
        folder: Where its files are: itself, or what an archive was unpacked to.
        leave_out: A folder that is not looked into: that of the dataset.
    """
    if source.kind == "file":
        places = [PurePosixPath(source.path.name)]
        folder = source.path.parent
    else:
        places = sorted(_walk(folder, leave_out), key=lambda place: [natural_key(part) for part in place.parts])
    motion: list[PurePosixPath] = []
    skipped, archives, others = [], [], Counter[str]()
    for place in places:
        rule = is_helper(place.name)
        if place.suffix.lower() in READERS and not rule:
            motion.append(place)
        elif rule:
            skipped.append((f"{source.shown}/{place}", rule))
        elif archive_suffix(Path(place.name)):
            archives.append(str(place))
        else:
            others[place.suffix.lower() or "(none)"] += 1
    above = _SKELETON_ABOVE if source.kind == "folder" else 0
    files = tuple(
        SourceFile(
            path=folder / place,
            shown=source.shown if source.kind == "file" else f"{source.shown.rstrip('/')}/{place}",
            place=str(place),
            source=identity.source,
            subject=identity.subject,
            skeleton=_skeleton_of(folder, place, above) if place.suffix.lower() == ".npz" else None,
            companion=companion_of(folder / place),
        )
        for place, identity in zip(motion, identify(motion, source.name), strict=True)
    )
    return Found(files, tuple(skipped), tuple(archives), dict(sorted(others.items())))


def _walk(root: Path, leave_out: Path) -> Iterator[PurePosixPath]:
    """All files below a folder; links to folders are followed, but not in circles."""
    seen: set[Path] = set()
    for parent, folders, names in os.walk(root, followlinks=True):
        place = Path(parent).resolve()
        if place in seen or place == leave_out:
            folders.clear()
            continue
        seen.add(place)
        for name in names:
            if not name.startswith("."):
                yield PurePosixPath((Path(parent) / name).relative_to(root).as_posix())


def _skeleton_of(root: Path, place: PurePosixPath, above: int) -> Path | None:
    inside = [root / parent for parent in place.parents]
    for folder in (*inside, *root.resolve().parents[:above]):
        path = folder / SKELETON_FILE
        if path.is_file():
            return path
    return None


def nothing_found(sources: Sequence[Source], found: Sequence[Found], dropped: Sequence[tuple[str, str]]) -> InputError:
    """Why there is nothing to prepare."""
    under = ", ".join(source.shown for source in sources)
    archives = [archive for one in found for archive in one.archives]
    others = sum((Counter(one.others) for one in found), Counter[str]())
    looked = "looked for *.npz with poses and trans" + "".join(f", *{end}" for end in READERS if end != ".npz")
    facts = []
    if dropped:
        examples = "; ".join(f"{path}: {reason}" for path, reason in dropped[:_FEW])
        facts.append(f"{len(dropped)} files were left out ({examples}{' …' if len(dropped) > _FEW else ''})")
    skipped = sum(len(one.skipped) for one in found)
    if skipped:
        facts.append(f"{skipped} files of AMASS that tell of bodies were skipped")
    if others:
        facts.append("there are " + ", ".join(f"{count} {end} files" for end, count in others.most_common(_FEW)))
    hint = "Check the path."
    if archives:
        facts.append(f"there are {_of_archives(archives)}")
        hint = "Give the archives to `motionfit data prepare` as they are, or unpack them with tar or unzip."
    message = f"Found 0 sequences under {under}: {looked}" + ("; " + "; ".join(facts) if facts else "") + "."
    return InputError(message, hint)


def archives_left(source: Source, archives: Sequence[str]) -> str:
    """The warning about archives in a folder."""
    return f"{source.shown} holds {_of_archives(archives)} that were not read: name them as sources if they count."


def _of_archives(archives: Sequence[str]) -> str:
    kinds = Counter(archive_suffix(Path(archive)) for archive in archives)
    return " and ".join(f"{count} {kind} file{'s' if count > 1 else ''}" for kind, count in sorted(kinds.items()))


def hash_files(paths: Sequence[Path], workers: int, title: str, progress: Progress) -> list[str]:
    """SHA-256 of each file; empty for one that cannot be read.

    Raises:
        Stopped: The progress said so.
    """
    hashes: list[str] = []
    with ThreadPoolExecutor(workers) as pool:
        for digest in pool.map(hash_file, paths):
            hashes.append(digest)
            if not progress(title, len(hashes), len(paths)):
                pool.shutdown(wait=True, cancel_futures=True)
                raise Stopped
    return hashes


def hash_file(path: Path) -> str:
    """SHA-256 of a file's content; empty where it cannot be read."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as stream:
            while block := stream.read(_BLOCK):
                digest.update(block)
    except OSError:
        return ""
    return digest.hexdigest()
