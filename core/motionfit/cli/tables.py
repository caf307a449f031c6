"""Metrics as rows for people."""

from __future__ import annotations

from collections.abc import Mapping

from motionfit.metrics import METRIC_TITLES


def metric_rows(columns: Mapping[str, Mapping[str, float]]) -> list[list[str]]:
    """A row per metric that any column has: its title, then each column's value."""
    names = [name for name in METRIC_TITLES if any(name in values for values in columns.values())]
    return [
        [METRIC_TITLES[name], *(f"{values[name]:.3f}" if name in values else "–" for values in columns.values())]
        for name in names
    ]
