"""A plot of curves over the frames of a clip, with a playhead that a click moves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyqtgraph as pg
from pyqtgraph.GraphicsScene.mouseEvents import MouseClickEvent
from PySide6.QtCore import QPointF, Qt, Signal, Slot
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QVBoxLayout, QWidget


@dataclass(frozen=True)
class Curve:
    """One line of a plot; NaN leaves a gap."""

    title: str
    values: np.ndarray
    colour: QColor


class FramePlot(QWidget):
    """Curves over frames; a click asks for a frame."""

    frame_clicked = Signal(int)

    def __init__(self, title: str, unit: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self.plot = pg.PlotWidget(self, enableMenu=False)
        self.plot.setAccessibleName(title)
        # Equal widths keep the frames of plots above each other in line.
        self.item.getAxis("left").setWidth(self.fontMetrics().horizontalAdvance("00000.0"))
        self._name = pg.LabelItem(justify="left")
        self._name.setParentItem(self.item.getViewBox())
        self._name.anchor(itemPos=(0, 0), parentPos=(0, 0), offset=(4, 0))
        self._text = QColor("#e6e8eb")
        self.item.showGrid(x=True, y=True, alpha=0.15)
        self.item.getAxis("left").enableAutoSIPrefix(False)
        scene: Any = self.plot.scene()  # pyqtgraph's own scene, which has this signal
        scene.sigMouseClicked.connect(self._on_clicked)
        layout.addWidget(self.plot)
        self._playhead = pg.InfiniteLine(angle=90, movable=False)
        self.item.addItem(self._playhead, ignoreBounds=True)
        self._lines: list[pg.PlotDataItem] = []
        self.set_title(title, unit)

    @property
    def item(self) -> pg.PlotItem:
        """The plot inside the widget, which owns it: a reference kept elsewhere outlives it and crashes."""
        found = self.plot.getPlotItem()
        assert found is not None
        return found

    def hide_frame_numbers(self) -> None:
        """Save the room of the lower axis where a plot below has the same one."""
        self.item.getAxis("bottom").setStyle(showValues=False)

    def set_colours(self, base: QColor, text: QColor, playhead: QColor) -> None:
        """Use the colours of a theme."""
        self.plot.setBackground(base)
        self._text = text
        self._name.setText(self._name.text, color=text)
        for name in ("left", "bottom"):
            axis = self.item.getAxis(name)
            axis.setPen(text)
            axis.setTextPen(text)
        self._playhead.setPen(pg.mkPen(playhead, width=2))

    def set_title(self, title: str, unit: str) -> None:
        """Name the values inside the plot, where the name has room however low the plot is."""
        self._name.setText(f"{title}, {unit}" if unit else title, color=self._text, size="9pt")
        self.plot.setAccessibleName(title)

    def set_curves(self, curves: list[Curve]) -> None:
        """Show these curves instead of those before."""
        for line in self._lines:
            self.item.removeItem(line)
        self._lines = []
        for curve in curves:
            frames = np.arange(len(curve.values), dtype=np.float64)
            line = pg.PlotDataItem(
                frames, curve.values, pen=pg.mkPen(curve.colour, width=2), connect="finite", antialias=True
            )
            self.item.addItem(line)
            self._lines.append(line)
        longest = max((len(curve.values) for curve in curves), default=0)
        if longest:
            self.item.getViewBox().setXRange(0, longest - 1, padding=0.01)
            self.item.getViewBox().enableAutoRange(axis="y")

    @property
    def curve_count(self) -> int:
        """How many curves are shown."""
        return len(self._lines)

    @Slot(int)
    def set_frame(self, frame: int) -> None:
        """Move the playhead."""
        self._playhead.setPos(frame)

    def position_of(self, frame: int) -> QPointF:
        """Where a frame is on the plot widget, in the middle of its height."""
        box = self.item.getViewBox()
        bottom, top = box.viewRange()[1]
        scene = box.mapViewToScene(QPointF(frame, (bottom + top) / 2))
        return QPointF(self.plot.mapFromScene(scene))

    def _on_clicked(self, event: MouseClickEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            point = self.item.getViewBox().mapSceneToView(event.scenePos())
            self.frame_clicked.emit(round(point.x()))
