"""A line that says which colour is which motion."""

from __future__ import annotations

from PySide6.QtGui import QColor
from PySide6.QtWidgets import QLabel, QWidget


class Legend(QLabel):
    """Coloured squares with names; wraps where it is narrow."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWordWrap(True)
        self.setMargin(3)
        self.setAccessibleName(self.tr("Legend"))
        self.hide()

    def set_entries(self, entries: list[tuple[str, QColor]]) -> None:
        """Show names with their colours; nothing where there are none."""
        marks = [
            f'<span style="color:{colour.name()}">■</span>&nbsp;{name.replace(" ", "&nbsp;")}'
            for name, colour in entries
        ]
        self.setText(" &nbsp; ".join(marks))
        self.setVisible(bool(entries))
