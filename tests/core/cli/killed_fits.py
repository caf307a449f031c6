"""A program: fits a clip, then again with kill −9 at random moments and --resume after each.

    killed_fits.py FOLDER SEED KILLS WORDS…

`motionfit WORDS -o FOLDER/whole` is run to its end and its moments are counted: every closure, the middle of every file
that is written, before and after everything that is moved into place. Then `-o FOLDER/N` is killed at a moment drawn at
random, in turn among those of all kinds and those of writing, and run again with --resume. Each run is a process of its
own; they are forked from this one, which has imported all modules and computed nothing. What came of it is printed.
"""

import json
import os
import random
import signal
import sys
from io import BytesIO
from pathlib import Path

import numpy as np

from motionfit.cli import fit_job, main
from motionfit.cli.progress import FitMonitor


class Moments:
    """Counts moments and kills the process at one of them."""

    def __init__(self, last):
        self.kinds = []
        self.last = last

    def pass_one(self, kind):
        self.kinds.append(kind)
        if len(self.kinds) - 1 == self.last:
            os.kill(os.getpid(), signal.SIGKILL)


def watch(moments):
    """Pass a moment wherever one is."""
    tell = FitMonitor.__call__
    FitMonitor.__call__ = lambda monitor, progress: (moments.pass_one("closure"), tell(monitor, progress))[1]
    for name in ("savez", "savez_compressed"):
        setattr(np, name, half_written(getattr(np, name), moments))
    for name in ("rename", "replace"):
        setattr(Path, name, moved(getattr(Path, name), moments))


def half_written(save, moments):
    def write(target, **arrays):
        whole = BytesIO()
        save(whole, **arrays)
        stream = target.open("wb") if isinstance(target, Path) else target
        content = whole.getvalue()
        stream.write(content[: len(content) // 2])
        stream.flush()
        moments.pass_one("write")
        stream.write(content[len(content) // 2 :])
        stream.flush()

    return write


def moved(move, moments):
    def run(path, target):
        moments.pass_one("write")
        done = move(path, target)
        moments.pass_one("write")
        return done

    return run


def run(words, moments):
    """One command line in a process of its own: its exit code, or minus the signal that ended it."""
    child = os.fork()
    if child == 0:
        watch(moments)
        code = main([*words, "--quiet"])
        Path(words[words.index("-o") + 1] + ".moments").write_text(json.dumps(moments.kinds))
        os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def experiment(folder, seed, kills, words):
    assert fit_job
    codes = [run([*words, "-o", f"{folder}/whole"], Moments(None))]
    kinds = json.loads(Path(f"{folder}/whole.moments").read_text())
    draw = random.Random(seed)
    writes = [place for place, kind in enumerate(kinds) if kind == "write"]
    killed_at = [draw.choice(writes if kill % 2 else range(len(kinds))) for kill in range(kills)]
    for kill, moment in enumerate(killed_at):
        again = [*words, "-o", f"{folder}/{kill}"]
        codes += [run(again, Moments(moment)), run([*again, "--resume"], Moments(None))]
    return {"codes": codes, "moments": len(kinds), "killed_at": killed_at, "kinds": [kinds[k] for k in killed_at]}


if __name__ == "__main__":
    print(json.dumps(experiment(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])))
