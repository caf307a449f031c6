"""Draws a timeline: ruler, strips and windows into a picture that is kept, the playhead over it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter, QPen, QPolygonF

from motionfit_app.widgets.timeline_content import (
    Strip,
    TimelineColours,
    TimelineContent,
    TimelineView,
    column_values,
    ruler_step,
)


@dataclass(frozen=True)
class TimelineGeometry:
    """Where things are, in pixels."""

    left: float
    right: float
    ruler: float
    row: float
    gap: float

    @classmethod
    def of(cls, content: TimelineContent, metrics: QFontMetricsF, width: float) -> TimelineGeometry:
        """Fit the rows to the font and the label column to the longest title."""
        titles = [strip.title for strip in content.strips] + [content.windows_title]
        label = max((metrics.horizontalAdvance(title) for title in titles), default=0.0)
        gap = metrics.height() * 0.25
        return cls(label + 3 * gap, width - 2 * gap, metrics.height() * 1.6, metrics.height(), gap)

    def height(self, content: TimelineContent) -> float:
        """Of everything."""
        rows = len(content.strips) + min(len(content.windows), 2)
        return self.ruler + rows * (self.row + self.gap) + self.gap

    def row_top(self, row: int) -> float:
        """Upper edge of a row."""
        return self.ruler + self.gap + row * (self.row + self.gap)

    def x_of(self, frame: float, view: TimelineView) -> float:
        """Left edge of a frame."""
        return self.left + (frame - view.first) / view.count * (self.right - self.left)

    def frame_at(self, x: float, view: TimelineView) -> float:
        """The frame (with its fraction) under a position."""
        return view.first + (x - self.left) / max(self.right - self.left, 1.0) * view.count


class TimelinePainter:
    """Draws one state of a timeline with a QPainter."""

    def __init__(
        self,
        painter: QPainter,
        content: TimelineContent,
        view: TimelineView,
        geometry: TimelineGeometry,
        colours: TimelineColours,
    ) -> None:
        self._painter = painter
        self._content = content
        self._view = view
        self._geometry = geometry
        self._colours = colours

    def draw_static(self) -> None:
        """Everything that does not move with the playhead."""
        self._draw_ruler()
        for row, strip in enumerate(self._content.strips):
            self._draw_strip(strip, self._geometry.row_top(row))
        if self._content.windows:
            self._draw_windows(self._geometry.row_top(len(self._content.strips)))

    def draw_moving(self, frame: int, selected: tuple[int, int] | None, height: float) -> None:
        """Selected range and playhead."""
        painter, geometry = self._painter, self._geometry
        painter.setClipRect(QRectF(geometry.left, 0, geometry.right - geometry.left + 1, height))
        if selected is not None:
            left = geometry.x_of(selected[0], self._view)
            right = geometry.x_of(selected[1] + 1, self._view)
            shade = QColor(self._colours.range)
            shade.setAlpha(56)
            painter.fillRect(QRectF(left, 0, right - left, height), shade)
            painter.setPen(QPen(self._colours.range, 2))
            for x in (left, right):
                painter.drawLine(QPointF(x, 0), QPointF(x, height))
        x = geometry.x_of(frame + 0.5, self._view)
        painter.setPen(QPen(self._colours.playhead, 2))
        painter.drawLine(QPointF(x, 0), QPointF(x, height))
        painter.setBrush(self._colours.playhead)
        painter.setPen(Qt.PenStyle.NoPen)
        size = geometry.gap * 2
        painter.drawPolygon(QPolygonF([QPointF(x - size, 0), QPointF(x + size, 0), QPointF(x, 2 * size)]))
        painter.setClipping(False)

    def _draw_ruler(self) -> None:
        painter, geometry, view = self._painter, self._geometry, self._view
        width = geometry.right - geometry.left
        label = painter.fontMetrics().horizontalAdvance("000000  00.00 s")
        step = ruler_step(view.count / max(width, 1.0), label)
        first = int(view.first // step) * step
        for frame in range(first, int(view.first + view.count) + 1, step):
            x = geometry.x_of(frame, view)
            if x < geometry.left - 1:
                continue
            painter.setPen(self._colours.edge)
            painter.drawLine(QPointF(x, geometry.ruler * 0.55), QPointF(x, geometry.ruler))
            painter.setPen(self._colours.faint)
            text = f"{frame}  {frame / self._content.fps:.2f} s"
            if x + label < geometry.right + geometry.gap:
                painter.drawText(QPointF(x + 1.5 * geometry.gap, geometry.ruler - 1.5 * geometry.gap), text)

    def _draw_title(self, title: str, top: float) -> None:
        self._painter.setPen(self._colours.text)
        area = QRectF(self._geometry.gap, top, self._geometry.left, self._geometry.row)
        self._painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, title)

    def _draw_strip(self, strip: Strip, top: float) -> None:
        geometry = self._geometry
        self._draw_title(strip.title, top)
        area = QRectF(geometry.left, top, geometry.right - geometry.left, geometry.row)
        self._painter.fillRect(area, self._colours.base)
        columns = max(1, round(area.width()))
        values = np.clip(np.nan_to_num(column_values(strip.values, self._view, columns)), 0.0, 1.0)
        pixels = np.empty((1, columns, 4), np.uint8)
        pixels[..., :3] = (strip.colour.red(), strip.colour.green(), strip.colour.blue())
        pixels[0, :, 3] = (values * 255).astype(np.uint8)
        image = QImage(pixels.data, columns, 1, 4 * columns, QImage.Format.Format_RGBA8888)
        self._painter.drawImage(area, image, QRectF(0, 0, columns, 1))
        self._painter.setPen(self._colours.edge)
        self._painter.setBrush(Qt.BrushStyle.NoBrush)
        self._painter.drawRect(area)

    def _draw_windows(self, top: float) -> None:
        """Neighbours overlap, so they take turns on two rows."""
        geometry = self._geometry
        self._draw_title(self._content.windows_title, top)
        height = 2 * geometry.row + geometry.gap
        self._painter.setClipRect(QRectF(geometry.left, top, geometry.right - geometry.left + 1, height + 1))
        for place, (start, stop) in enumerate(self._content.windows):
            left, right = geometry.x_of(start, self._view), geometry.x_of(stop, self._view)
            shade = QColor(self._colours.window)
            shade.setAlpha(70)
            self._painter.setBrush(shade)
            self._painter.setPen(QPen(self._colours.window, 1))
            row = (place % 2) * (geometry.row + geometry.gap)
            area = QRectF(left, top + row, right - left - 1, geometry.row)
            self._painter.drawRect(area)
            self._painter.setPen(self._colours.text)
            self._painter.drawText(area, Qt.AlignmentFlag.AlignCenter, f"{place + 1}: {start}–{stop - 1}")
        self._painter.setClipping(False)
