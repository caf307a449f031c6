"""Text files of motion capture: read with clear errors whatever was given instead."""

from __future__ import annotations

from pathlib import Path

from motionfit.errors import InputError

_MARKS = ((b"Kaydara FBX Binary", "FBX"), (b"; FBX", "FBX"), (b"PK\x03\x04", "zip"), (b"BZh", "bzip2"))


def text_of(path: Path, kind: str) -> str:
    """The text of a file, in whatever encoding its comments are.

    Args:
        path: The file.
        kind: What it should be, for messages: "BVH", "ASF" or "AMC".

    Raises:
        InputError: The file is missing, empty, or not text.
    """
    if not path.is_file():
        raise InputError(f"There is no file {path}.", "Check the path.")
    content = path.read_bytes()
    if not content.strip():
        raise InputError(f"{path} is empty.", "Copy the file again from where it comes from.")
    found = next((name for mark, name in _MARKS if content.startswith(mark)), None)
    if found == "FBX":
        raise InputError(f"{path} is an FBX file, which is not read.", "Export the motion as BVH (Blender does).")
    if found is not None:
        raise InputError(f"{path} is a {found} archive, not a {kind} file.", "Unpack it first.")
    if b"\x00" in content:
        raise InputError(f"{path} is not a {kind} file: it holds binary data.", f"Give a {kind} file.")
    return content.decode("utf-8-sig", errors="replace")
