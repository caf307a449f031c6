"""What only a process of its own can show: the memory of a fit, and how long starting takes."""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

_STATUS = Path("/proc/self/status")
_PYTHON = (sys.executable, "-c")
_IMPORT = "import motionfit"
_LIBRARIES = "import sys, motionfit.cli.fit_job, motionfit.bench.speed_process as bench; bench.print_memory()"


def measure_memory() -> dict[str, float]:
    """Peak memory of a fit of 60 frames in a process of its own, beside that of the process before it, in MB.

    The process before it has loaded all libraries, numba too where it is installed, but neither body nor priors.
    """
    done = subprocess.run([*_PYTHON, _LIBRARIES], check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def print_memory() -> None:
    """Fit, and print what `measure_memory` returns; run in its own process."""
    from motionfit.bench.clips import bench_clips
    from motionfit.bench.speed_lengths import SHORT
    from motionfit.body.load import load_body
    from motionfit.pipeline.fit import fit
    from motionfit.pipeline.settings import load_preset
    from motionfit.priors.checkpoints import load_priors
    from motionfit.priors.rollout_native_choice import numba_fault
    from motionfit.simulation import simulate

    numba_fault()
    base = _peak_megabytes()
    body, priors = load_body(), load_priors()
    observed = simulate(bench_clips(None)[0].motion, body, "noise=0.04", 0)
    fit(observed, body, priors, replace(load_preset("joints3d"), iterations=SHORT))
    peak = _peak_megabytes()
    print(json.dumps({"base_mb": base, "peak_mb": peak, "above_base_mb": peak - base}))


def measure_starts(repeats: int) -> dict[str, Any]:
    """Median seconds that Python takes to begin, with the library imported, and for the help of the command line."""
    ways = {
        "python": [*_PYTHON, "pass"],
        "import": [*_PYTHON, _IMPORT],
        "command_line": [sys.executable, "-m", "motionfit", "--help"],
    }
    return {f"{name}_seconds": _median_seconds(command, repeats) for name, command in ways.items()}


def _median_seconds(command: Sequence[str], repeats: int) -> float:
    seconds = []
    for _ in range(repeats):
        began = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)


def _peak_megabytes() -> float:
    if _STATUS.is_file():  # Linux hands `ru_maxrss` on from the process that started this one
        line = next(line for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024.0 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e6 / 1024.0)
