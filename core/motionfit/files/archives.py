"""Archives of motion unpacked safely: nothing outside the folder, no links, no bombs, no half files."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from io import BufferedIOBase
from pathlib import Path, PurePosixPath
from typing import NamedTuple, cast

from motionfit.errors import InputError
from motionfit.files.atomic import atomic_file, output_errors

ARCHIVE_SUFFIXES = (".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".tar.gz", ".tgz", ".tar", ".zip")
_ZIP = ".zip"
_RECORD = ".unpacked.json"
_LEAST_LIMIT = 2 << 30
_GROWTH_LIMIT = 200
_BLOCK = 1 << 20
_END_OF_TAR = 1024
_CUT = (EOFError, tarfile.ReadError, lzma.LZMAError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile)


class Stopped(Exception):  # noqa: N818 - no error
    """Unpacking was asked to stop; what is unpacked stays for the next time."""


@dataclass(frozen=True)
class Unpacked:
    """What came out of an archive.

    Attributes:
        files: Files that were wanted and are there.
        size: Their bytes.
        damage: What is wrong with the archive, empty where it was read to its end.
        left_out: Members that were not unpacked though they were wanted, with the reason.
    """

    files: int
    size: int
    damage: str
    left_out: tuple[tuple[str, str], ...]


class _Member(NamedTuple):
    name: str
    size: int
    fault: str
    open: Callable[[], BufferedIOBase]


def archive_suffix(path: Path) -> str:
    """The ending that makes a file an archive, in small letters; empty where it is none."""
    return next((suffix for suffix in ARCHIVE_SUFFIXES if path.name.lower().endswith(suffix)), "")


def archive_stem(path: Path) -> str:
    """The name of an archive without its ending."""
    return path.name[: len(path.name) - len(archive_suffix(path))]


def unpack(
    archive: Path, folder: Path, wanted: Callable[[str], bool], should_stop: Callable[[], bool] = lambda: False
) -> Unpacked:
    """Unpack the wanted files of an archive into a folder of its own.

    Each file appears complete or not at all, so that an unpacking that was killed goes on: files that are there are
    kept, and a folder whose unpacking came to its end is not touched again.

    Args:
        archive: A tar (plain, bz2, xz, gz) or zip file.
        folder: Belongs to this content of the archive alone.
        wanted: Whether a member is wanted, by its path.
        should_stop: Asked before each member.

    Raises:
        InputError: A member would be written outside of the folder, or the archive is far larger than its size lets
            expect: then nothing of it counts. A truncated archive is no error but `damage`.
        OutputError: The place is not writable or the disk is full.
        Stopped: `should_stop` said so.
    """
    record = folder / _RECORD
    if record.is_file():
        content = json.loads(record.read_text(encoding="utf-8"))
        return Unpacked(**{**content, "left_out": tuple(tuple(pair) for pair in content["left_out"])})
    with output_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    unpacked = _unpack_members(archive, folder, wanted, should_stop)
    with atomic_file(record) as temporary:
        temporary.write_text(json.dumps(asdict(unpacked)), encoding="utf-8")
    return unpacked


def _unpack_members(
    archive: Path, folder: Path, wanted: Callable[[str], bool], should_stop: Callable[[], bool]
) -> Unpacked:
    limit = max(_LEAST_LIMIT, _GROWTH_LIMIT * archive.stat().st_size)
    names: set[str] = set()
    left_out: list[tuple[str, str]] = []
    size, damage = 0, ""
    try:
        for member in _members(archive):
            if should_stop():
                raise Stopped
            target = _target(folder, member.name, archive)
            if not wanted(member.name):
                continue
            fault = member.fault or ("it is there twice" if member.name in names else "")
            if fault:
                left_out.append((member.name, fault))
                continue
            size += member.size
            if size > limit:
                raise _bomb(archive, limit)
            _write(member, target, archive)
            names.add(member.name)
    except _CUT as error:
        damage = f"{archive} is truncated or damaged ({error}): {len(names)} files were recovered"
    except PermissionError as error:
        raise InputError(f"{archive} cannot be read ({error}).", "Change its permissions.") from error
    return Unpacked(len(names), size, damage, tuple(left_out))


def _target(folder: Path, name: str, archive: Path) -> Path:
    path = PurePosixPath(name)
    escapes = path.is_absolute() or ".." in path.parts or "\\" in name or ":" in path.parts[0] if path.parts else False
    if escapes or "\0" in name:
        raise InputError(
            f"{archive} holds {name!r}, which would be written outside of its folder; nothing of it is used.",
            "Do not trust this archive; get it from where it was published.",
        )
    return folder / path


def _write(member: _Member, target: Path, archive: Path) -> None:
    if target.is_file() and target.stat().st_size == member.size:
        return
    with atomic_file(target) as temporary, temporary.open("wb") as stream, member.open() as content:
        copied = _copy(content, stream, member.size)
        if copied > member.size:
            raise _bomb(archive, member.size)
        if copied < member.size:
            raise EOFError(f"{member.name} ends early")


def _copy(content: BufferedIOBase, stream: BufferedIOBase, size: int) -> int:
    """Copy, and stop where more comes than was announced."""
    copied = 0
    while copied <= size and (block := _read(content)):
        copied += len(block)
        stream.write(block)
    return copied


def _read(content: BufferedIOBase) -> bytes:
    try:
        return content.read(_BLOCK)
    except OSError as error:  # so that it is not taken for one of writing
        raise tarfile.ReadError(str(error)) from error


def _bomb(archive: Path, limit: int) -> InputError:
    return InputError(
        f"{archive} unpacks to more than {limit / 2**30:.1f} GiB, far more than its size lets expect.",
        "Look at what it holds; unpack it yourself if you trust it, and give the folder.",
    )


def _members(archive: Path) -> Iterator[_Member]:
    return _zip_members(archive) if archive_suffix(archive) == _ZIP else _tar_members(archive)


def _tar_members(archive: Path) -> Iterator[_Member]:
    """Members in one pass: a compressed stream cannot go back. Its own end mark tells a cut."""
    with ExitStack() as opened:
        stream = opened.enter_context(_decompressed(archive))
        try:
            tar = opened.enter_context(tarfile.open(fileobj=stream, mode="r|"))
        except OSError as error:  # bz2 says so where there is another kind of content
            raise tarfile.ReadError(str(error)) from error
        iterator = iter(tar)
        while (member := _next(iterator)) is not None:
            if member.isdir():
                _target(archive.parent, member.name, archive)
                continue
            fault = "" if member.isreg() else "it is a link or a device"
            yield _Member(member.name, member.size, fault, _opener(tar, member))
        _drain(stream)
    if archive_suffix(archive) == ".tar" and not _ends_as_tar(archive):
        raise tarfile.ReadError("its end mark is missing")


def _zip_opener(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Callable[[], BufferedIOBase]:
    def open_member() -> BufferedIOBase:
        return cast("BufferedIOBase", archive.open(member))

    return open_member


def _decompressed(archive: Path) -> BufferedIOBase:
    suffix = archive_suffix(archive)
    if suffix.endswith("bz2"):
        return bz2.open(archive, "rb")
    if suffix.endswith("xz"):
        return lzma.open(archive, "rb")
    if suffix.endswith("gz"):
        return gzip.open(archive, "rb")
    return archive.open("rb")


def _next(iterator: Iterator[tarfile.TarInfo]) -> tarfile.TarInfo | None:
    try:
        return next(iterator, None)
    except OSError as error:
        raise tarfile.ReadError(str(error)) from error


def _opener(tar: tarfile.TarFile, member: tarfile.TarInfo) -> Callable[[], BufferedIOBase]:
    def open_member() -> BufferedIOBase:
        return cast("BufferedIOBase", tar.extractfile(member))  # a regular file's is never None

    return open_member


def _drain(stream: BufferedIOBase) -> None:
    """Read what follows the tar, so that a cut compressed stream is seen."""
    while _read(stream):
        pass


def _ends_as_tar(archive: Path) -> bool:
    with archive.open("rb") as stream:
        stream.seek(0, os.SEEK_END)
        stream.seek(max(0, stream.tell() - _END_OF_TAR))
        return stream.read() == bytes(_END_OF_TAR)


def _zip_members(archive: Path) -> Iterator[_Member]:
    with zipfile.ZipFile(archive) as content:
        for member in content.infolist():
            if member.is_dir():
                _target(archive.parent, member.filename, archive)
                continue
            kind = (member.external_attr >> 16) & 0o170000
            fault = "it is a link or a device" if kind not in (0, 0o100000) else ""
            fault = "it is encrypted" if member.flag_bits & 1 else fault
            yield _Member(member.filename, member.file_size, fault, _zip_opener(content, member))


__all__ = ["ARCHIVE_SUFFIXES", "Stopped", "Unpacked", "archive_stem", "archive_suffix", "unpack"]
