"""How many windows of stage III memory holds at once."""

from __future__ import annotations

import os
from pathlib import Path

import torch

CLOSURE_BYTES = 96_000
"""Bytes that a closure of stage III keeps for each frame of each window, with the optimiser's memory.

Measured in float32 with every term on: autograd keeps 35 to 41 kB, the peak of a closure is 44 to 53 kB (3D joints to
3D surface keypoints), the hundred steps and changes of gradient of L-BFGS are 40 kB.
"""

_MOST_ON_CPU = 512 * 2**20
"""Bytes. More windows at once are not faster there, and with a fixed number a clip is cut into the same batches on
every machine but small ones."""

_CPU_SHARE = 0.25
_CUDA_SHARE = 0.5
_UNKNOWN = 2 * 2**30
_MEMORY_TABLE = Path("/proc/meminfo")
_GROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")
_GROUP_USED = Path("/sys/fs/cgroup/memory.current")


def window_bytes(frames: int) -> int:
    """What a fit of one window needs at its peak, beside what does not grow with the number of windows.

    Args:
        frames: Length of the window.
    """
    return CLOSURE_BYTES * frames


def windows_at_once(window_frames: int, clips: int, device: torch.device) -> int:
    """How many windows of each of several clips to fit together: at least one.

    Args:
        window_frames: Length of a window.
        clips: Fitted side by side.
        device: That they are fitted on.
    """
    return max(usable_memory(device) // (window_bytes(window_frames) * clips), 1)


def usable_memory(device: torch.device) -> int:
    """Bytes that a fit may take: half of what is free on a GPU; on the CPU, where other fits may run, a quarter."""
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        return int(free * _CUDA_SHARE)
    return min(int(_free_memory() * _CPU_SHARE), _MOST_ON_CPU)


def _free_memory() -> int:
    """Bytes that the machine has left for new work, no more than the limit of the control group (container)."""
    free = _machine_memory()
    if _GROUP_LIMIT.is_file() and _GROUP_USED.is_file():
        limit = _GROUP_LIMIT.read_text(encoding="ascii").strip()
        if limit.isdigit():
            free = min(free, max(int(limit) - int(_GROUP_USED.read_text(encoding="ascii")), 0))
    return free


def _machine_memory() -> int:
    if _MEMORY_TABLE.is_file():
        for line in _MEMORY_TABLE.read_text(encoding="ascii").splitlines():
            name, _, amount = line.partition(":")
            if name == "MemAvailable":
                return int(amount.split()[0]) * 1024
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    except (ValueError, OSError, AttributeError):
        return _UNKNOWN
