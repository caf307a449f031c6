"""What a timeline shows, apart from how it is drawn."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from PySide6.QtGui import QColor


@dataclass(frozen=True)
class Strip:
    """One row of per-frame values.

    Attributes:
        title: Written at the left.
        values: (frames,), 0 (nothing to see) to 1.
        colour: At 1.
        tip: How the values are to be read.
    """

    title: str
    values: np.ndarray
    colour: QColor
    tip: str = ""


@dataclass(frozen=True)
class TimelineContent:
    """All rows of a clip.

    Attributes:
        frames: Number of frames; 0 = nothing is open.
        fps: Frames per second.
        strips: Rows from top to bottom.
        windows: First and one past the last frame of each window.
        windows_title: Written at the left of the windows.
    """

    frames: int = 0
    fps: float = 30.0
    strips: tuple[Strip, ...] = ()
    windows: tuple[tuple[int, int], ...] = ()
    windows_title: str = ""


@dataclass(frozen=True)
class TimelineColours:
    """The colours of the parts that are not strips."""

    base: QColor = field(default_factory=lambda: QColor("#1b1d21"))
    edge: QColor = field(default_factory=lambda: QColor("#3d424a"))
    text: QColor = field(default_factory=lambda: QColor("#e6e8eb"))
    faint: QColor = field(default_factory=lambda: QColor("#8d949e"))
    playhead: QColor = field(default_factory=lambda: QColor("#f0e442"))
    range: QColor = field(default_factory=lambda: QColor("#3d8fd1"))
    window: QColor = field(default_factory=lambda: QColor("#56b4e9"))


@dataclass(frozen=True)
class TimelineView:
    """The part of the clip that is in sight.

    Attributes:
        first: Frame at the left edge (fractions allowed).
        count: Frames from edge to edge.
    """

    first: float = 0.0
    count: float = 1.0

    def zoomed(self, factor: float, anchor: float, frames: int) -> TimelineView:
        """Show `factor` times as many frames, with the frame `anchor` kept in place."""
        count = min(max(self.count * factor, min(4.0, float(frames))), float(max(frames, 1)))
        share = (anchor - self.first) / self.count
        return TimelineView(anchor - share * count, count).clamped(frames)

    def moved(self, by: float, frames: int) -> TimelineView:
        """Show what lies some frames further."""
        return TimelineView(self.first + by, self.count).clamped(frames)

    def clamped(self, frames: int) -> TimelineView:
        """The nearest view that lies inside the clip."""
        return TimelineView(min(max(self.first, 0.0), max(frames - self.count, 0.0)), self.count)


def column_values(values: np.ndarray, view: TimelineView, columns: int) -> np.ndarray:
    """The largest value under each pixel column: a single bad frame of a long clip stays visible."""
    edges = view.first + np.arange(columns + 1) * (view.count / columns)
    starts = np.clip(edges[:-1].astype(np.int64), 0, len(values) - 1)
    if view.count <= columns:
        return values[starts]
    return np.maximum.reduceat(values, starts)


def ruler_step(frames_per_pixel: float, label_pixels: float) -> int:
    """Distance of ruler marks in frames: 1, 2 or 5 times a power of ten, wide enough for the labels."""
    wanted = max(1.0, frames_per_pixel * label_pixels)
    power = 10 ** int(np.floor(np.log10(wanted)))
    return int(next(power * step for step in (1, 2, 5, 10) if power * step >= wanted))
