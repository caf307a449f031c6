"""`python -m motionfit.demo_clip`: make the demo clip again."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

from motionfit.body.load import load_body, open_body_path
from motionfit.demo_clip.film import film
from motionfit.demo_clip.reconstruct import perform
from motionfit.demo_clip.scene import set_up
from motionfit.demo_clip.write import write_clip
from motionfit.errors import MotionFitError
from motionfit.files.amass import read_amass
from motionfit.files.demo import TRUTH_FILE, demo_path
from motionfit.priors.checkpoints import load_priors


def main(arguments: list[str] | None = None) -> int:
    """Make the clip; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m motionfit.demo_clip", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    parser.add_argument(
        "--motion",
        type=Path,
        help="motion (AMASS layout) for the motion prior to perform; by default that of the shipped clip",
    )
    parser.add_argument("--start", type=int, default=0, help="first frame of the motion")
    parser.add_argument("--iterations", type=int, help="limit of each phase of the fit; by default many")
    parser.add_argument("--seed", type=int, default=0, help="of the keypoints' noise")
    given = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        body = load_body(open_body_path())
        source = read_amass(demo_path() / TRUTH_FILE if given.motion is None else given.motion)
        truth = perform(source, body, load_priors(), given.start, given.iterations)
        scene = set_up(truth, body)
        write_clip(given.out, truth, scene, film(scene, body, given.seed), body)
    except MotionFitError as error:
        print(f"motionfit.demo_clip: {error}", file=sys.stderr)
        return 1
    print(f"wrote the demo clip to {given.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
