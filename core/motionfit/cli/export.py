"""`motionfit export`: a result or a motion in the formats of other programs."""

from __future__ import annotations

import argparse
from pathlib import Path

from motionfit.cli.console import say
from motionfit.cli.options import Commands, add_common, frame_range


def add_command(commands: Commands) -> None:
    """Register `export`."""
    parser = commands.add_parser(
        "export",
        help="write a result in another format",
        description="Write a result, or a motion, in the format that the end of the output's name asks for: "
        ".npz (AMASS), .bvh, .glb, .obj and .ply (one file a frame), .csv (joints, joint angles, contacts), "
        ".json (report), .mp4 (over the video, else a turntable). Units and axes of each are in the README.",
    )
    parser.add_argument("input", type=Path, metavar="RESULT", help="folder of `motionfit fit`, or an AMASS motion .npz")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help="replaced if it exists")
    parser.add_argument("--stage", metavar="KEY", help="stage1, stage2, stage3_init or stage3 (the last there is)")
    parser.add_argument("--frames", type=frame_range, metavar="A:B", help="only these frames, B not included")
    parser.add_argument("--video", type=Path, metavar="FILE", help="that was fitted, for .mp4")
    parser.add_argument("--body", type=Path, metavar="FILE", help="body file of the fit (the open body)")
    add_common(parser)
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> tuple[int, dict[str, object]]:
    """Export and tell what was written."""
    import torch

    from motionfit.cli.export_job import clip_to_export
    from motionfit.export.formats import FORMATS, export

    torch.set_num_threads(given.threads)
    clip = clip_to_export(given.input, given.body, given.stage, given.frames, given.video)
    written = export(given.output, clip)
    title = FORMATS[given.output.suffix.lower()].title
    say(given, f"{clip.name}, {clip.motion.frames} frames, is in {written} ({title}).")
    return 0, {"output": str(written), "frames": clip.motion.frames, "fps": clip.motion.fps, "format": title}
