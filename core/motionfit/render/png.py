"""PNG files, written with nothing but zlib."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np

from motionfit.files.atomic import atomic_file
from motionfit.render.layers import Picture


def write_png(path: Path, picture: Picture) -> None:
    """Write a picture; the file appears complete or not at all.

    Raises:
        OutputError: The place is not writable or the disk is full.
    """
    with atomic_file(path) as temporary:
        temporary.write_bytes(png_bytes(picture))


def png_bytes(picture: Picture) -> bytes:
    """A picture as the content of a PNG file (8 bit RGB)."""
    height, width = picture.shape[:2]
    rows = np.ascontiguousarray(picture).reshape(height, width * 3)
    # Each row is stored as its difference to the row above (filter 2): rendered pictures shrink by it.
    differences = rows.copy()
    differences[1:] -= rows[:-1]
    filtered = np.concatenate([np.full((height, 1), 2, np.uint8), differences], 1)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(filtered.tobytes(), 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, content) for name, content in parts)


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
