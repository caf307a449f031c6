"""Where a fit computes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from motionfit.errors import SettingsError


def resolve_device(name: str) -> torch.device:
    """The torch device for "auto", "cpu" or "cuda[:n]".

    Raises:
        SettingsError: There is no such device here.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise SettingsError(f"Unknown device: {name!r}.", "Use auto, cpu or cuda[:n].") from error
    if device.type not in ("cpu", "cuda"):
        raise SettingsError(f"Fits run on cpu or cuda, not on {name!r}.", "Use auto, cpu or cuda[:n].")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise SettingsError(
            f"There is no {name}: torch sees {torch.cuda.device_count()} CUDA device(s).", "Use --device cpu."
        )
    return device


@contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """Use so many torch threads inside; more than one per fit only pays when cores are idle."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
