"""A main window of docks only, arranged by presets and remembered by a versioned state."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QByteArray, Qt
from PySide6.QtWidgets import QDockWidget, QMainWindow, QTabWidget, QWidget

LAYOUT_VERSION = 1


@dataclass(frozen=True)
class Row:
    """Places beside each other.

    Attributes:
        places: Keys of docks; docks of one tuple share a place as tabs.
        widths: Share of the width of each place.
        share: Of the height of the column.
    """

    places: tuple[tuple[str, ...], ...]
    widths: tuple[int, ...]
    share: int

    @property
    def head(self) -> str:
        """The dock at the left."""
        return self.places[0][0]


@dataclass(frozen=True)
class Column:
    """Rows above each other.

    Attributes:
        rows: From top to bottom.
        share: Of the width of the window.
    """

    rows: tuple[Row, ...]
    share: int


@dataclass(frozen=True)
class Layout:
    """A preset: columns from left to right above one dock that spans them all."""

    key: str
    columns: tuple[Column, ...]
    bottom: str


class Workbench(QMainWindow):
    """Holds the docks; a widget inside another window."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Widget)
        self.setObjectName("workbench")
        self.setDockNestingEnabled(True)
        self.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        for corner in (Qt.Corner.BottomLeftCorner, Qt.Corner.BottomRightCorner):
            self.setCorner(corner, Qt.DockWidgetArea.BottomDockWidgetArea)
        self.docks: dict[str, QDockWidget] = {}

    def add_dock(self, key: str, title: str, widget: QWidget) -> QDockWidget:
        """Put a panel into a dock of its own."""
        dock = QDockWidget(title, self)
        dock.setObjectName(f"dock_{key}")
        dock.setAccessibleName(title)
        dock.setWidget(widget)
        self.addDockWidget(Qt.DockWidgetArea.TopDockWidgetArea, dock)
        dock.hide()
        self.docks[key] = dock
        return dock

    def arrange(self, layout: Layout) -> None:
        """Arrange the docks as a preset says; docks that it does not name are hidden."""
        for dock in self.docks.values():
            if dock.isFloating():
                dock.setFloating(False)
            self.removeDockWidget(dock)
        self._place(layout)
        bottom = self.docks[layout.bottom]
        self.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, bottom)
        bottom.show()
        for dock in self.docks.values():
            if dock.isHidden():
                # In the layout although hidden: a saved state says nothing about docks outside of it.
                self.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, dock)
                dock.hide()
        self.size_docks(layout)

    def _place(self, layout: Layout) -> None:
        """Split columns first, then their rows, then the places of a row: Qt nests the splits in that order."""
        before: QDockWidget | None = None
        for column in layout.columns:
            before = self._beside(before, column.rows[0].head, Qt.Orientation.Horizontal)
        for column in layout.columns:
            above = self.docks[column.rows[0].head]
            for row in column.rows[1:]:
                above = self._beside(above, row.head, Qt.Orientation.Vertical)
        for column in layout.columns:
            for row in column.rows:
                self._fill_row(row)

    def _fill_row(self, row: Row) -> None:
        left = self.docks[row.head]
        for keys in row.places[1:]:
            left = self._beside(left, keys[0], Qt.Orientation.Horizontal)
        for keys in row.places:
            first = self.docks[keys[0]]
            for key in keys[1:]:
                self.tabifyDockWidget(first, self.docks[key])
                self.docks[key].show()
            first.show()
            first.raise_()

    def _beside(self, before: QDockWidget | None, key: str, orientation: Qt.Orientation) -> QDockWidget:
        dock = self.docks[key]
        if before is None:
            self.addDockWidget(Qt.DockWidgetArea.TopDockWidgetArea, dock)
        else:
            self.splitDockWidget(before, dock, orientation)
        dock.show()
        return dock

    def size_docks(self, layout: Layout) -> None:
        """Give the docks their shares of the window; Qt takes them as pixels."""
        total = sum(column.share for column in layout.columns)
        height = self.height() - self.docks[layout.bottom].minimumSizeHint().height()
        heads = [self.docks[column.rows[0].head] for column in layout.columns]
        self._resize(heads, [column.share for column in layout.columns], self.width(), Qt.Orientation.Horizontal)
        for column in layout.columns:
            rows = [self.docks[row.head] for row in column.rows]
            self._resize(rows, [row.share for row in column.rows], height, Qt.Orientation.Vertical)
            width = self.width() * column.share // total
            for row in column.rows:
                docks = [self.docks[keys[0]] for keys in row.places]
                self._resize(docks, list(row.widths), width, Qt.Orientation.Horizontal)
        bottom = self.docks[layout.bottom]
        self.resizeDocks([bottom], [bottom.minimumSizeHint().height()], Qt.Orientation.Vertical)

    def _resize(self, docks: list[QDockWidget], shares: list[int], pixels: int, orientation: Qt.Orientation) -> None:
        if len(docks) > 1:
            self.resizeDocks(docks, [pixels * share // sum(shares) for share in shares], orientation)

    def save(self) -> QByteArray:
        """The arrangement, with the version of the layout."""
        return self.saveState(LAYOUT_VERSION)

    def restore(self, state: QByteArray) -> bool:
        """Arrange as saved; False for another version or a damaged state."""
        return not state.isEmpty() and self.restoreState(state, LAYOUT_VERSION)
