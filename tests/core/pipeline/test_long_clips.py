"""A long clip needs little more memory than a short one: what is kept of it, not what is made along the way."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

# Without these the C library keeps what was freed, now more, now less, and the most memory is a matter of chance.
GIVE_BACK = {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536"}
BYTES_PER_FRAME = 12_000
"""Observations, and rotations and latents of four stages with their copies, are about 6 kB."""


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="only Linux tells the most memory of a stretch")
def test_memory_grows_by_the_data_alone():
    program = Path(__file__).with_name("long_clips.py")
    short, long = 200, 1000
    folders = [str(Path(__file__).parents[2] / "data" / "goldens"), os.environ.get("PYTHONPATH", "")]
    places = os.environ | GIVE_BACK | {"PYTHONPATH": os.pathsep.join(filter(None, folders))}
    line = [sys.executable, str(program), str(short), str(long)]
    told = json.loads(subprocess.run(line, capture_output=True, text=True, check=True, env=places).stdout)
    for what in ("fit", "evaluate"):
        grown = (told[1][what] - told[0][what]) * 2**20 / (long - short)
        assert grown < BYTES_PER_FRAME, f"{what}: {told}"
    assert told[1]["fit"] < 250.0
