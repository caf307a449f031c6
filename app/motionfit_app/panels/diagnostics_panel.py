"""Per-frame plots: the error against the observations and the measures that the fit reported."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from motionfit_app.panels.frame_errors import frame_error
from motionfit_app.panels.legend import Legend
from motionfit_app.panels.shown_tracks import colour_of, shown_keys, title_of
from motionfit_app.services.theme import ThemeService
from motionfit_app.state.document import Document
from motionfit_app.state.playback import Playback
from motionfit_app.widgets.frame_plot import Curve, FramePlot

_ERROR = "observed error"


class DiagnosticsPanel(QWidget):
    """One measure over the frames; a click moves the playhead."""

    frame_chosen = Signal(int)

    def __init__(
        self, document: Document, playback: Playback, themes: ThemeService, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._document, self._themes = document, themes
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 2, 4, 2)
        layout.setSpacing(2)
        bar = QHBoxLayout()
        bar.addWidget(QLabel(self.tr("Measure"), self))
        self.measure = QComboBox(self)
        self.measure.setAccessibleName(self.tr("Measure"))
        self.measure.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.measure.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.measure.currentIndexChanged.connect(self._refresh_plot)
        bar.addWidget(self.measure)
        bar.addStretch(1)
        layout.addLayout(bar)
        self.message = QLabel(self.tr("No run yet. Run a fit to see its errors per frame."), self)
        self.message.setProperty("role", "faint")
        self.message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.message.setWordWrap(True)
        layout.addWidget(self.message, 1)
        self.plot = FramePlot(self.tr("Error"), "", self)
        self.plot.frame_clicked.connect(self.frame_chosen)
        layout.addWidget(self.plot, 1)
        self.legend = Legend(self)
        layout.addWidget(self.legend)
        playback.frame_changed.connect(self.plot.set_frame)
        document.opened.connect(self.refresh)
        document.runs_changed.connect(self.refresh)
        document.shown_changed.connect(self._refresh_plot)
        themes.changed.connect(self._refresh_plot)
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Offer the measures of the current run."""
        run = self._document.current_run
        names = [_ERROR, *(run.result.diagnostics if run is not None else ())]
        chosen = self.measure.currentData()
        self.measure.blockSignals(True)
        self.measure.clear()
        for name in names:
            self.measure.addItem(name.replace("_", " "), name)
        self.measure.setCurrentIndex(max(0, self.measure.findData(chosen)))
        self.measure.blockSignals(False)
        self._refresh_plot()

    @Slot()
    def _refresh_plot(self) -> None:
        theme = self._themes.theme
        self.plot.set_colours(theme.colour("plot"), theme.colour("faint"), theme.colour("playhead"))
        name = self.measure.currentData()
        curves = self._error_curves() if name == _ERROR else self._diagnostic_curves(str(name))
        self.plot.set_curves(curves)
        self.plot.setVisible(bool(curves))
        self.message.setVisible(not curves)
        self.legend.set_entries([(curve.title, curve.colour) for curve in curves])

    def _error_curves(self) -> list[Curve]:
        """The error of every shown motion against the observations."""
        document = self._document
        project, body = document.project, document.body
        curves: list[Curve] = []
        if project is None or body is None:
            return curves
        for key in shown_keys(document):
            motion = document.motion(key)
            if motion is None or motion.frames != project.observations.frames:
                continue
            error = frame_error(body, motion, project.observations)
            if error is not None:
                self.plot.set_title(error.title, error.unit)
                colour = colour_of(document, self._themes.theme, key)
                curves.append(Curve(title_of(document, key), error.values, colour))
        return curves

    def _diagnostic_curves(self, name: str) -> list[Curve]:
        run = self._document.current_run
        if run is None or name not in run.result.diagnostics:
            return []
        self.plot.set_title(name.replace("_", " "), "")
        values = np.asarray(run.result.diagnostics[name].detach().cpu().numpy())
        return [Curve(run.name, values, self._themes.theme.colour("stage3"))]
