"""The freeze matrix: variables by phases; a ticked cell holds the variable there."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QCheckBox, QGridLayout, QLabel, QPushButton, QSizePolicy, QWidget

from motionfit.pipeline.settings import FitSettings
from motionfit.pipeline.stages import OPTIMISED_STAGES, PHASES, STAGE_TITLES, VARIABLE_TITLES, phases_of
from motionfit_app.state.freezes import Cell, can_freeze, frozen_cells, with_cell, with_frozen_cells

_FIRST_ROW = 2


class FreezeCell(QCheckBox):
    """One variable in one phase."""

    def __init__(self, cell: Cell, parent: QWidget) -> None:
        super().__init__(parent)
        self.cell = cell
        variable, phase_key = cell
        title = next(phase.title for phase in PHASES if phase.key == phase_key)
        is_free = can_freeze(variable, phase_key)
        self.setObjectName(f"freeze_{variable}_{phase_key}")
        self.setEnabled(is_free)
        self.setAccessibleName(self.tr("Hold {0} in {1}").format(VARIABLE_TITLES[variable], title))
        tip = self.tr("Hold {0} at its value in the phase “{1}”")
        if not is_free:
            tip = self.tr("The phase “{1}” does not change {0}")
        self.setToolTip(tip.format(VARIABLE_TITLES[variable], title))


class FreezeMatrix(QWidget):
    """Shows and edits which variables are held; emits the edited settings."""

    edited = Signal(object, str)
    """The new settings, and the edit in words."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings: FitSettings | None = None
        self.cells: dict[Cell, FreezeCell] = {}
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(4, 4, 4, 4)
        self._grid.setVerticalSpacing(2)
        self._add_headings()
        for row, variable in enumerate(VARIABLE_TITLES):
            self._add_row(row + _FIRST_ROW, variable)
        hint = QLabel(self.tr("Ticked: the variable keeps its value, bit for bit."), self)
        hint.setProperty("role", "faint")
        hint.setWordWrap(True)
        self._grid.addWidget(hint, len(VARIABLE_TITLES) + _FIRST_ROW, 0, 1, len(PHASES) + 1)
        self._grid.setRowStretch(len(VARIABLE_TITLES) + _FIRST_ROW + 1, 1)

    def _add_headings(self) -> None:
        column = 1
        for stage in OPTIMISED_STAGES:
            phases = phases_of(stage)
            heading = QLabel(STAGE_TITLES[stage].split()[0], self)
            heading.setProperty("role", "heading")
            heading.setToolTip(STAGE_TITLES[stage])
            self._grid.addWidget(heading, 0, column, 1, len(phases), Qt.AlignmentFlag.AlignCenter)
            for place, phase in enumerate(phases):
                label = QLabel(phase.title.replace(" ", "\n", 1), self)
                label.setAlignment(Qt.AlignmentFlag.AlignCenter)
                self._grid.addWidget(label, 1, column + place)
            column += len(phases)

    def _add_row(self, row: int, variable: str) -> None:
        button = QPushButton(VARIABLE_TITLES[variable], self)
        button.setFlat(True)
        button.setObjectName(f"freeze_row_{variable}")
        button.setToolTip(self.tr("Hold {0} everywhere, or free it").format(VARIABLE_TITLES[variable]))
        button.setProperty("variable", variable)
        button.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(self._on_row_clicked)
        self._grid.addWidget(button, row, 0)
        for column, phase in enumerate(PHASES):
            cell = FreezeCell((variable, phase.key), self)
            cell.clicked.connect(self._on_cell_clicked)
            self.cells[cell.cell] = cell
            self._grid.addWidget(cell, row, column + 1, Qt.AlignmentFlag.AlignCenter)

    def refresh(self, settings: FitSettings) -> None:
        """Show the freezes of the settings."""
        self._settings = settings
        held = frozen_cells(settings)
        for key, cell in self.cells.items():
            cell.setChecked(key in held)

    @Slot()
    def _on_cell_clicked(self) -> None:
        cell = self.sender()
        if isinstance(cell, FreezeCell) and self._settings is not None:
            held = cell.isChecked()
            text = self.tr("hold {0}") if held else self.tr("free {0}")
            settings = with_cell(self._settings, cell.cell, held)
            self.edited.emit(settings, text.format(VARIABLE_TITLES[cell.cell[0]]))

    @Slot()
    def _on_row_clicked(self) -> None:
        button = self.sender()
        if button is None or self._settings is None:
            return
        variable = str(button.property("variable"))
        row = frozenset((variable, phase.key) for phase in PHASES if can_freeze(variable, phase.key))
        held = frozen_cells(self._settings)
        is_held = row <= held
        text = self.tr("free {0}") if is_held else self.tr("hold {0}")
        settings = with_frozen_cells(self._settings, held - row if is_held else held | row)
        self.edited.emit(settings, text.format(VARIABLE_TITLES[variable]))
