"""`python -m motionfit.training.release RUN…`: put the best priors of run folders among those that are shipped."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from motionfit.errors import MotionFitError
from motionfit.files.atomic import atomic_file
from motionfit.priors.checkpoints import read_card, shipped_path
from motionfit.training.run_folder import BEST

LICENCE = "CC BY-SA 3.0"
"""HDM05, under this licence, is among the motion that the shipped priors are trained on."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Release each run; 0 when it went through, 1 when the user has to act."""
    parser = argparse.ArgumentParser(prog="python -m motionfit.training.release", description=__doc__)
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN", help="run folder of `motionfit train`")
    parser.add_argument("--folder", type=Path, help="where to put them (where the shipped priors are)")
    given = parser.parse_args(arguments)
    try:
        for run in given.runs:
            print(release(run, given.folder))
    except MotionFitError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def release(run: Path, folder: Path | None = None) -> Path:
    """Copy the best prior of a run with its licence on the card, and its curves beside it.

    Args:
        run: Run folder of `motionfit train`.
        folder: Where to put it; by default where the shipped priors are.

    Returns:
        The released checkpoint.

    Raises:
        CheckpointError: There is no prior in the run folder.
        OutputError: It cannot be written.
    """
    best = run / BEST
    card = read_card(best)
    shipped = shipped_path(card["kind"])
    place = shipped if folder is None else folder / shipped.name
    curves = place.with_suffix(".csv")
    for source, target in ((best, place), (run / "metrics.csv", curves)):
        with atomic_file(target) as temporary:
            shutil.copyfile(source, temporary)
    with atomic_file(place.with_suffix(".json")) as temporary:
        released = {**card, "licence": LICENCE, "curves": curves.name}
        temporary.write_text(json.dumps(released, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return place


if __name__ == "__main__":
    sys.exit(main())
