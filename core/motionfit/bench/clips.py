"""The clips that benchmarks run on: short excerpts from a folder of motion capture."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from motionfit.errors import InputError
from motionfit.files.amass import read_amass
from motionfit.files.demo import demo_path
from motionfit.motion import Motion

CLIP_FRAMES = 60
LEAST_FRAMES = 20


@dataclass(frozen=True)
class BenchClip:
    """An excerpt at 30 fps with its name."""

    name: str
    motion: Motion


def bench_clips(folder: Path | None, most: int | None = None) -> list[BenchClip]:
    """The middle 60 frames of every motion of a folder, by name; without a folder the demo's truth.

    A motion of 20 to 59 frames is taken whole, a shorter one is left out.

    Args:
        folder: AMASS-layout npz files, z up, floor at z = 0.
        most: Take so many, evenly spread over the folder.

    Raises:
        InputError: The folder holds no motion of 20 frames.
    """
    paths = [demo_path() / "truth.npz"] if folder is None else sorted(folder.glob("*.npz"))
    clips = []
    for path in paths:
        motion = read_amass(path)
        if motion.frames >= LEAST_FRAMES:
            start = max(motion.frames - CLIP_FRAMES, 0) // 2
            clips.append(BenchClip(path.stem, motion.slice(start, min(start + CLIP_FRAMES, motion.frames))))
    if not clips:
        raise InputError(
            f"{folder} holds no motion of {LEAST_FRAMES} frames (looked for *.npz in the AMASS layout).",
            "Give a folder of AMASS npz files.",
        )
    if most is None or most >= len(clips):
        return clips
    return [clips[round(i * (len(clips) - 1) / max(most - 1, 1))] for i in range(most)]
