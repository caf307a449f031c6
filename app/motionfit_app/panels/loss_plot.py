"""The loss curves of one stage."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QLabel, QSizePolicy, QVBoxLayout, QWidget

from motionfit.pipeline.result import ClosureRecord
from motionfit.pipeline.stages import PHASES
from motionfit_app.services.theme import Theme

TOTAL = "total"
_LEAST_ON_LOG = 1e-6
"""What is smaller does not matter beside the rest, and would squeeze it."""
_LABEL_STEP = 0.1
"""Labels of neighbouring phases stand at different heights: short phases would cover each other's."""
_PHASE_TITLES = {phase.key: phase.title for phase in PHASES}


def phase_spans(history: Sequence[ClosureRecord]) -> list[tuple[str, int, int]]:
    """Phase, first closure and one past the last closure, in order."""
    spans: list[tuple[str, int, int]] = []
    for place, record in enumerate(history):
        if spans and spans[-1][0] == record.phase:
            spans[-1] = (record.phase, spans[-1][1], place + 1)
        else:
            spans.append((record.phase, place, place + 1))
    return spans


def curve_values(history: Sequence[ClosureRecord], term: str, weighted: bool, log: bool) -> np.ndarray:
    """One term per closure; NaN where the term did not count, or where a log axis cannot show it."""
    if term == TOTAL:
        values = np.array([record.loss for record in history])
    else:
        values = np.array(
            [(record.weighted if weighted else record.raw).get(term, np.nan) for record in history], np.float64
        )
    if log:
        values = np.where(values > _LEAST_ON_LOG, values, np.nan)
        return np.asarray(np.log10(values))
    return values


class LossPlot(QWidget):
    """Curves over the closures of one stage, phases shaded, an earlier run thin."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self.plot = pg.PlotWidget(self, enableMenu=False)
        self.plot.setAccessibleName(title)
        self.item.showGrid(x=True, y=True, alpha=0.15)
        self.plot.setToolTip(self.tr("Loss terms over the closures of the stage; the wheel zooms, dragging moves"))
        self.item.getAxis("left").enableAutoSIPrefix(False)
        heading = QLabel(title, self)
        heading.setAlignment(Qt.AlignmentFlag.AlignCenter)
        heading.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        layout.addWidget(heading)
        layout.addWidget(self.plot, 1)
        self._lines: dict[tuple[str, bool], pg.PlotDataItem] = {}
        self._regions: list[pg.LinearRegionItem] = []
        self._labels: list[pg.TextItem] = []
        self._spans: list[tuple[str, int, int]] = []
        self._shade = QColor("#3d424a")
        self._text = QColor("#8d949e")

    @property
    def item(self) -> pg.PlotItem:
        """The plot inside the widget, which owns it: a reference kept elsewhere outlives it and crashes."""
        found = self.plot.getPlotItem()
        assert found is not None
        return found

    def set_theme(self, theme: Theme) -> None:
        """Use the colours of a theme."""
        self.plot.setBackground(theme.colour("plot"))
        self._shade, self._text = theme.colour("edge"), theme.colour("faint")
        for name in ("left", "bottom"):
            axis = self.item.getAxis(name)
            axis.setPen(self._text)
            axis.setTextPen(self._text)
        self._spans = []

    def set_log(self, log: bool) -> None:
        """Whether values come as log10."""
        self.item.getAxis("left").setLogMode(y=log)

    def set_curve(self, term: str, is_earlier: bool, values: np.ndarray | None, colour: QColor) -> None:
        """Show, change or hide (None) one curve."""
        key = (term, is_earlier)
        line = self._lines.get(key)
        if values is None or not np.isfinite(values).any():
            if line is not None:
                line.setVisible(False)
            return
        if line is None:
            line = pg.PlotDataItem(connect="finite")
            self._lines[key] = line
            self.item.addItem(line)
        style = Qt.PenStyle.DotLine if is_earlier else Qt.PenStyle.SolidLine
        width = 1 if is_earlier else (3 if term == TOTAL else 2)
        line.setPen(pg.mkPen(colour, width=width, style=style))
        line.setData(np.arange(len(values), dtype=np.float64), values)
        line.setVisible(True)

    @property
    def visible_terms(self) -> set[str]:
        """Terms of the current run that are shown."""
        return {term for (term, earlier), line in self._lines.items() if not earlier and line.isVisible()}

    def set_phases(self, spans: list[tuple[str, int, int]]) -> None:
        """Shade every second phase and name each."""
        if spans == self._spans:
            return
        is_same = [span[0] for span in spans] == [span[0] for span in self._spans]
        self._spans = spans
        if is_same:
            for (_phase, start, stop), region in zip(spans, self._regions, strict=True):
                region.setRegion((start, stop))
            return
        for item in (*self._regions, *self._labels):
            self.item.removeItem(item)
        self._regions, self._labels = [], []
        for place, span in enumerate(spans):
            self._add_phase(place, span)

    def _add_phase(self, place: int, span: tuple[str, int, int]) -> None:
        phase, start, stop = span
        shade = QColor(self._shade)
        shade.setAlpha(110 if place % 2 else 30)
        region = pg.LinearRegionItem((start, stop), movable=False, brush=shade, pen=pg.mkPen(None))
        region.setZValue(-10)
        self.item.addItem(region, ignoreBounds=True)
        self._regions.append(region)
        label = pg.InfLineLabel(
            region.lines[0],
            _PHASE_TITLES.get(phase, phase),
            position=0.98 - _LABEL_STEP * (place % 2),
            anchors=[(0, 0), (0, 0)],
            color=self._text,
        )
        self._labels.append(label)

    def clear_curves(self) -> None:
        """Show nothing."""
        for line in self._lines.values():
            self.item.removeItem(line)
        self._lines = {}
        self.set_phases([])
