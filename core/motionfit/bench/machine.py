"""What a benchmark ran on."""

from __future__ import annotations

import os
import platform
from typing import Any

import torch

import motionfit


def machine_facts() -> dict[str, Any]:
    """Processor, cores, versions; goes into every report, since times mean nothing without it."""
    return {
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "threads": torch.get_num_threads(),
        "motionfit": motionfit.__version__,
        "load_average": list(os.getloadavg()) if hasattr(os, "getloadavg") else [],
    }
