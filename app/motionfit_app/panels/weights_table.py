"""The weights of all terms per stage, with a mark on what differs from the preset."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from motionfit.errors import SettingsError
from motionfit.pipeline.settings import FitSettings
from motionfit.pipeline.stages import DATA_TERMS, OPTIMISED_STAGES, STAGE_TITLES, TERM_TITLES, phases_of

_CHANGED = "● "


def terms_for(kind: str) -> list[str]:
    """The terms that can count for a kind of observations."""
    return [term for term in TERM_TITLES if term not in DATA_TERMS or term == kind]


def counts_in(stage: str, term: str) -> bool:
    """Whether any phase of a stage uses the term."""
    return any(term in phase.terms for phase in phases_of(stage))


class WeightsTable(QWidget):
    """Shows and edits weights; emits the edited settings."""

    edited = Signal(object, str)
    rejected = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings: FitSettings | None = None
        self._preset: FitSettings | None = None
        self._terms: list[str] = []
        self._changed_colour = QColor("#e69f00")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self.table = QTableWidget(0, len(OPTIMISED_STAGES), self)
        self.table.setObjectName("weights_table")
        self.table.setAccessibleName(self.tr("Weights per stage"))
        self.table.setHorizontalHeaderLabels([STAGE_TITLES[s].split()[0] for s in OPTIMISED_STAGES])
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.table.itemChanged.connect(self._on_item_changed)
        layout.addWidget(self.table, 1)
        layout.addLayout(self._build_buttons())

    def _build_buttons(self) -> QHBoxLayout:
        bar = QHBoxLayout()
        bar.setContentsMargins(4, 0, 4, 4)
        self.reset_selected = QPushButton(self.tr("Reset selected"), self)
        self.reset_selected.setToolTip(self.tr("Give the selected weights the preset's values"))
        self.reset_selected.clicked.connect(self._on_reset_selected)
        self.reset_all = QPushButton(self.tr("Reset all"), self)
        self.reset_all.setToolTip(self.tr("Give all weights the preset's values"))
        self.reset_all.clicked.connect(self._on_reset_all)
        for button in (self.reset_selected, self.reset_all):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            bar.addWidget(button)
        bar.addStretch(1)
        return bar

    def set_changed_colour(self, colour: QColor) -> None:
        """Use another colour for changed weights."""
        self._changed_colour = colour

    def refresh(self, settings: FitSettings, preset: FitSettings, kind: str) -> None:
        """Show weights beside those of the preset."""
        self._settings, self._preset = settings, preset
        self._terms = terms_for(kind)
        self.table.blockSignals(True)
        self.table.setRowCount(len(self._terms))
        self.table.setVerticalHeaderLabels([TERM_TITLES[term] for term in self._terms])
        for row, term in enumerate(self._terms):
            for column, stage in enumerate(OPTIMISED_STAGES):
                self.table.setItem(row, column, self._item(stage, term))
        self.table.blockSignals(False)
        is_changed = any(self._is_changed(s, t) for s in OPTIMISED_STAGES for t in self._terms)
        self.reset_all.setEnabled(is_changed)

    def _weight(self, settings: FitSettings | None, stage: str, term: str) -> float:
        return 0.0 if settings is None else float(settings.weights.get(stage, {}).get(term, 0.0))

    def _is_changed(self, stage: str, term: str) -> bool:
        return self._weight(self._settings, stage, term) != self._weight(self._preset, stage, term)

    def _item(self, stage: str, term: str) -> QTableWidgetItem:
        if not counts_in(stage, term):
            item = QTableWidgetItem("–")
            item.setFlags(Qt.ItemFlag.NoItemFlags)
            item.setToolTip(self.tr("Stage {0} does not use this term").format(STAGE_TITLES[stage]))
        else:
            weight = self._weight(self._settings, stage, term)
            is_changed = self._is_changed(stage, term)
            item = QTableWidgetItem(f"{_CHANGED if is_changed else ''}{weight:g}")
            before = self._weight(self._preset, stage, term)
            item.setToolTip(self.tr("Preset: {0:g}. Double-click to edit; 0 = does not count.").format(before))
            if is_changed:
                font = self.table.font()
                font.setBold(True)
                item.setFont(font)
                item.setForeground(self._changed_colour)
        item.setTextAlignment(Qt.AlignmentFlag.AlignCenter)
        return item

    @Slot(QTableWidgetItem)
    def _on_item_changed(self, item: QTableWidgetItem) -> None:
        if self._settings is None or self._preset is None:
            return
        stage, term = OPTIMISED_STAGES[item.column()], self._terms[item.row()]
        text = item.text().replace(_CHANGED.strip(), "").strip().replace(",", ".")
        settings = self._settings
        try:
            settings = settings.with_weight(stage, term, float(text))
        except ValueError:
            self.rejected.emit(self.tr("“{0}” is not a number; the weight stays as it was.").format(text))
        except SettingsError as error:
            self.rejected.emit(str(error))
        self._show_again()
        if settings is not self._settings:
            self.edited.emit(settings, self.tr("weight of {0}").format(TERM_TITLES[term]))

    def _show_again(self) -> None:
        """Undo what was typed; an accepted weight comes back through `refresh`."""
        self.table.blockSignals(True)
        for row, term in enumerate(self._terms):
            for column, stage in enumerate(OPTIMISED_STAGES):
                self.table.setItem(row, column, self._item(stage, term))
        self.table.blockSignals(False)

    @Slot()
    def _on_reset_selected(self) -> None:
        cells = [(index.row(), index.column()) for index in self.table.selectedIndexes()]
        self._reset([(OPTIMISED_STAGES[column], self._terms[row]) for row, column in cells])

    @Slot()
    def _on_reset_all(self) -> None:
        self._reset([(stage, term) for stage in OPTIMISED_STAGES for term in self._terms])

    def _reset(self, cells: list[tuple[str, str]]) -> None:
        settings = self._settings
        if settings is None:
            return
        for stage, term in cells:
            if self._is_changed(stage, term):
                settings = settings.with_weight(stage, term, self._weight(self._preset, stage, term))
        if settings is not self._settings:
            self.edited.emit(settings, self.tr("reset weights"))
