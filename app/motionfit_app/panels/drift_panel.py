"""Drift: how far the roll-out and the result are from stage II, per frame."""

from __future__ import annotations

import torch
from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from motionfit.metrics.drift import Drift, drift
from motionfit.pipeline.stages import STAGE_TITLES
from motionfit_app.panels.legend import Legend
from motionfit_app.services.theme import ThemeService
from motionfit_app.state.document import TRUTH, Document, ShownKey
from motionfit_app.state.playback import Playback
from motionfit_app.widgets.frame_plot import Curve, FramePlot

_COMPARED = ("stage2", "stage3_init", "stage3")


class DriftPanel(QWidget):
    """Three plots over the frames: root, heading, joints."""

    frame_chosen = Signal(int)

    def __init__(
        self, document: Document, playback: Playback, themes: ThemeService, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._document, self._themes = document, themes
        self.plots = {
            "root_cm": FramePlot(self.tr("Root distance"), self.tr("cm"), self),
            "heading_degrees": FramePlot(self.tr("Heading difference"), self.tr("deg"), self),
            "joints_cm": FramePlot(self.tr("Mean joint distance"), self.tr("cm"), self),
        }
        self._build()
        for plot in self.plots.values():
            plot.frame_clicked.connect(self.frame_chosen)
            playback.frame_changed.connect(plot.set_frame)
        document.runs_changed.connect(self.refresh)
        document.opened.connect(self.refresh)
        themes.changed.connect(self.refresh)
        self.refresh()

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 2, 4, 2)
        layout.setSpacing(2)
        self._bar = QHBoxLayout()
        self._bar.addWidget(QLabel(self.tr("Distance to"), self))
        self.reference = QComboBox(self)
        self.reference.setAccessibleName(self.tr("Reference of the drift"))
        self.reference.addItem(STAGE_TITLES["stage2"], "stage2")
        self.reference.addItem(self.tr("true motion"), "truth")
        self.reference.currentIndexChanged.connect(self.refresh)
        self.reference.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._bar.addWidget(self.reference)
        self._bar.addStretch(1)
        layout.addLayout(self._bar)
        self.message = QLabel(self)
        self.message.setProperty("role", "faint")
        self.message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.message.setWordWrap(True)
        layout.addWidget(self.message, 1)
        for plot in self.plots.values():
            layout.addWidget(plot, 1)
        for name in ("root_cm", "heading_degrees"):
            self.plots[name].hide_frame_numbers()
        self.legend = Legend(self)
        layout.addWidget(self.legend)

    def set_action(self, action: QAction) -> None:
        """Offer a command as a button."""
        button = QToolButton(self)
        button.setDefaultAction(action)
        button.setAccessibleName(action.text())
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._bar.addWidget(button)

    @Slot()
    def refresh(self) -> None:
        """Compare the stages of the current run with the reference."""
        has_truth = self._document.motion(TRUTH) is not None
        self.reference.setEnabled(has_truth)
        if not has_truth and self.reference.currentIndex() != 0:
            self.reference.setCurrentIndex(0)
            return
        theme = self._themes.theme
        for plot in self.plots.values():
            plot.set_colours(theme.colour("plot"), theme.colour("faint"), theme.colour("playhead"))
        drifts = self._drifts()
        for name, plot in self.plots.items():
            plot.setVisible(bool(drifts))
            plot.set_curves(
                [
                    Curve(STAGE_TITLES[stage], getattr(found, name).cpu().numpy(), theme.colour(stage))
                    for stage, found in drifts.items()
                ]
            )
        self.message.setVisible(not drifts)
        self.message.setText(self._why_empty())
        self.legend.set_entries([(STAGE_TITLES[stage], theme.colour(stage)) for stage in drifts])

    def _why_empty(self) -> str:
        if self._document.current_run is None:
            return self.tr("No run yet. Run a fit to see how far the roll-out drifts from stage II.")
        return self.tr("This run did not reach stage III: there is no roll-out to compare.")

    def _drifts(self) -> dict[str, Drift]:
        run, body = self._document.current_run, self._document.body
        key = str(self.reference.currentData())
        if run is None or body is None:
            return {}
        reference = self._document.motion(TRUTH if key == "truth" else ShownKey(run.number, key))
        if reference is None:
            return {}
        stages = run.result.stages
        with torch.no_grad():
            return {
                stage: drift(body, stages[stage].motion, reference, stages[stage].floor)
                for stage in _COMPARED
                if stage in stages and stage != key and stages[stage].motion.frames == reference.frames
            }
