"""`motionfit convert`: a motion capture file to clean motion in the AMASS layout."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import Any

from motionfit.cli.console import print_table, say
from motionfit.cli.options import Commands, add_common


def add_command(commands: Commands) -> None:
    """Register `convert`."""
    parser = commands.add_parser(
        "convert",
        help="motion capture to the AMASS layout",
        description="Put a .bvh, an .amc or an AMASS npz on the body: cleaned, calibrated, on the floor, at 30 fps. "
        "Of a recording with cuts the longest part is written.",
    )
    parser.add_argument("input", type=Path, metavar="INPUT", help=".bvh, .amc or AMASS .npz")
    parser.add_argument(
        "-o", "--output", type=npz_path, required=True, metavar="MOTION.npz", help="replaced if it exists"
    )
    parser.add_argument("--asf", type=Path, metavar="FILE", help="skeleton of an .amc (the one beside it)")
    parser.add_argument("--fps", type=rate, metavar="N", help="rate of the source, where the file is wrong")
    parser.add_argument(
        "--reference", type=Path, metavar="FILE", help="a .bvh of the same rig whose first frame is a T-pose"
    )
    parser.add_argument("--subject", metavar="NAME", help="who moves, written to the file (the name of the folder)")
    parser.add_argument("--raw", action="store_true", help="retarget and resample only")
    add_common(parser)
    parser.set_defaults(run=run)


def npz_path(text: str) -> Path:
    """A path that ends in .npz."""
    if not text.lower().endswith(".npz"):
        raise argparse.ArgumentTypeError(f"{text!r} does not end in .npz")
    return Path(text)


def rate(text: str) -> float:
    """Frames per second above 0."""
    try:
        number = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None
    if not (math.isfinite(number) and number > 0):
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return number


def run(given: argparse.Namespace) -> tuple[int, dict[str, object]]:
    """Convert, write, and tell."""
    import logging

    import torch

    from motionfit.body.load import load_body
    from motionfit.files.mocap import MocapFile, conversion_report, convert_file, write_conversion

    torch.set_num_threads(given.threads)
    file = MocapFile(given.input, given.asf, given.fps, given.reference)
    conversion = convert_file(file, load_body(), given.raw)
    for note in conversion.notes:
        logging.getLogger(__name__).warning("%s", note)
    write_conversion(given.output, file, conversion, given.subject)
    report = conversion_report(conversion, conversion.longest)
    print_table(given, given.input.name, ("figure", "value"), _rows(report))
    say(given, f"{report['frames']} frames at {report['fps']:g} fps are in {given.output}.")
    return 0, {**report, "output": str(given.output)}


def _rows(report: dict[str, Any]) -> list[list[str]]:
    from motionfit.retarget.quality import QUALITY_TITLES

    quality = report["quality"]
    rows = [[title, "–" if quality[name] is None else f"{quality[name]:.2f}"] for name, title in QUALITY_TITLES.items()]
    rows.append(["floor", report["floor"]])
    rows += [
        [f"dropped: {each['reason']}", f"{each['frames']} frames from {each['first']}"] for each in report["dropped"]
    ]
    rows += [
        [f"not written: part from source frame {part['first_source_frame']}", f"{part['frames']} frames"]
        for part in report["other_parts"]
    ]
    rows += [[f"repaired: {name.replace('_', ' ')}", str(count)] for name, count in report["repaired"].items() if count]
    rows += [
        [f"calibration: {name.replace('_', ' ')}", f"{value:.1f}"] for name, value in report["calibration"].items()
    ]
    return rows
