"""Measures that mean nothing where motion has no ground."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

NEED_GROUND: frozenset[str] = frozenset(
    {
        "skating_cm",
        "penetration_cm",
        "floating_cm",
        "skating_cm_per_frame",
        "penetration_rate",
        "float_cm",
        "contact_f1",
    }
)
"""Names of metrics and of diagnostics per frame."""

Measure = TypeVar("Measure")


def without_ground(found: Mapping[str, Measure]) -> dict[str, Measure]:
    """The measures that do not ask where the ground is."""
    return {name: value for name, value in found.items() if name not in NEED_GROUND}
