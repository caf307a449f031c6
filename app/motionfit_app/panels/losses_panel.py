"""Losses: one plot per stage, a curve per term, live during a run."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QSizePolicy,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from motionfit.files.project import ProjectRun
from motionfit.pipeline.result import ClosureRecord
from motionfit.pipeline.stages import OPTIMISED_STAGES, STAGE_TITLES, TERM_TITLES
from motionfit_app.panels.loss_plot import TOTAL, LossPlot, curve_values, phase_spans
from motionfit_app.services.icons import swatch
from motionfit_app.services.theme import Theme, ThemeService
from motionfit_app.state.document import Document
from motionfit_app.state.live_run import LiveRun

_REFRESH_MILLISECONDS = 100
_GOLDEN_TURN = 0.381966
"""Neighbouring terms get hues far apart; brightness alternates too, for those who cannot tell hues apart."""


def term_colour(term: str, theme: Theme) -> QColor:
    """A colour of its own for each term; the total has the text's."""
    if term == TOTAL:
        return theme.colour("text")
    place = list(TERM_TITLES).index(term)
    is_dark = theme.name == "dark"
    lightness = (0.72 if place % 2 else 0.56) if is_dark else (0.32 if place % 2 else 0.46)
    return QColor.fromHslF((0.55 + place * _GOLDEN_TURN) % 1.0, 0.62, lightness)


class LossesPanel(QWidget):
    """Shows the histories of the current run or of the run in progress."""

    def __init__(self, document: Document, live: LiveRun, themes: ThemeService, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document, self._live, self._themes = document, live, themes
        self.plots = {stage: LossPlot(STAGE_TITLES[stage], self) for stage in OPTIMISED_STAGES}
        self._hidden: set[str] = set()
        self._build()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_REFRESH_MILLISECONDS)
        self._timer.timeout.connect(self.refresh)
        live.changed.connect(self._refresh_soon)
        for signal in (live.started, live.ended, document.opened, document.runs_changed):
            signal.connect(self._refresh_anew)
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 2, 4, 2)
        layout.setSpacing(2)
        bar = QHBoxLayout()
        self.values = QComboBox(self)
        self.values.setAccessibleName(self.tr("Raw or weighted terms"))
        self.values.addItem(self.tr("weighted"), True)
        self.values.addItem(self.tr("raw"), False)
        self.values.currentIndexChanged.connect(self.refresh)
        self.values.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.log = QCheckBox(self.tr("log axis"), self)
        self.log.setChecked(True)
        self.log.toggled.connect(self.refresh)
        self.earlier = QCheckBox(self.tr("earlier run"), self)
        self.earlier.setToolTip(self.tr("The run before this one, dotted"))
        self.earlier.setChecked(True)
        self.earlier.toggled.connect(self.refresh)
        bar.addWidget(self.values)
        bar.addWidget(self.log)
        bar.addWidget(self.earlier)
        bar.addStretch(1)
        layout.addLayout(bar)
        self.message = QLabel(self.tr("No run yet. Press Run to fit; the curves grow while it runs."), self)
        self.message.setProperty("role", "faint")
        self.message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.message.setWordWrap(True)
        layout.addWidget(self.message, 1)
        self.splitter = QSplitter(Qt.Orientation.Horizontal, self)
        for plot in self.plots.values():
            self.splitter.addWidget(plot)
        self.terms = QListWidget(self)
        self.terms.setObjectName("loss_terms")
        self.terms.setAccessibleName(self.tr("Shown terms"))
        self.terms.setToolTip(self.tr("Tick the terms to show"))
        self.terms.itemChanged.connect(self._on_term_toggled)
        self.splitter.addWidget(self.terms)
        self.terms.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.terms.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        layout.addWidget(self.splitter, 1)

    def _histories(self) -> dict[str, Sequence[ClosureRecord]]:
        if self._live.is_active:
            return dict(self._live.histories)
        run = self._document.current_run
        return {} if run is None else {key: stage.history for key, stage in run.result.stages.items()}

    def _earlier_run(self) -> ProjectRun | None:
        """The run before the shown one."""
        current = self._document.current_run
        if self._live.is_active or current is None:
            return current
        earlier = [run for run in self._document.runs if run.number < current.number]
        return earlier[-1] if earlier else None

    @Slot()
    def _refresh_soon(self) -> None:
        if not self._timer.isActive():
            self._timer.start()

    @Slot()
    def _refresh_anew(self) -> None:
        for plot in self.plots.values():
            plot.clear_curves()
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Show what is known now."""
        histories = self._histories()
        earlier = self._earlier_run() if self.earlier.isChecked() else None
        self._offer_terms(histories)
        for stage, plot in self.plots.items():
            before = earlier.result.stages.get(stage) if earlier is not None else None
            self._show_stage(plot, histories.get(stage, ()), () if before is None else before.history)
        has_curves = any(histories.values())
        self.message.setVisible(not has_curves)
        self.splitter.setVisible(has_curves)

    def _show_stage(self, plot: LossPlot, history: Sequence[ClosureRecord], before: Sequence[ClosureRecord]) -> None:
        log, weighted = self.log.isChecked(), bool(self.values.currentData())
        is_same = len(history) == len(before) and tuple(history) == tuple(before)
        plot.set_log(log)
        plot.set_phases(phase_spans(history))
        for row in range(self.terms.count()):
            term = str(self.terms.item(row).data(Qt.ItemDataRole.UserRole))
            colour = term_colour(term, self._themes.theme)
            for is_earlier, records in ((False, history), (True, () if is_same else before)):
                values = None
                if records and term not in self._hidden:
                    values = curve_values(records, term, weighted, log)
                plot.set_curve(term, is_earlier, values, colour)

    def _offer_terms(self, histories: dict[str, Sequence[ClosureRecord]]) -> None:
        """List the terms that occur; ticks of terms that stay are kept."""
        found = {term for records in histories.values() for record in records[-1:] for term in record.raw}
        found |= {term for records in histories.values() for record in records[:1] for term in record.raw}
        terms = [TOTAL, *(term for term in TERM_TITLES if term in found)] if histories else []
        listed = [self.terms.item(row).data(Qt.ItemDataRole.UserRole) for row in range(self.terms.count())]
        if terms == listed:
            return
        self.terms.blockSignals(True)
        self.terms.clear()
        for term in terms:
            item = QListWidgetItem(TERM_TITLES.get(term, self.tr("total")))
            item.setData(Qt.ItemDataRole.UserRole, term)
            item.setIcon(swatch(term_colour(term, self._themes.theme)))
            item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsUserCheckable)
            hidden = term in self._hidden
            item.setCheckState(Qt.CheckState.Unchecked if hidden else Qt.CheckState.Checked)
            self.terms.addItem(item)
        self.terms.setFixedWidth(self.terms.sizeHintForColumn(0) + self.terms.verticalScrollBar().sizeHint().width())
        self.terms.blockSignals(False)

    @Slot(QListWidgetItem)
    def _on_term_toggled(self, item: QListWidgetItem) -> None:
        term = str(item.data(Qt.ItemDataRole.UserRole))
        if item.checkState() == Qt.CheckState.Checked:
            self._hidden.discard(term)
        else:
            self._hidden.add(term)
        self.refresh()

    @Slot()
    def _on_theme_changed(self) -> None:
        for plot in self.plots.values():
            plot.set_theme(self._themes.theme)
        self.terms.clear()
        self._refresh_anew()
