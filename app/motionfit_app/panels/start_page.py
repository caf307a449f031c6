"""What the window shows while nothing is open: open, recent, demo."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from motionfit_app.services.preferences import Preferences


class StartPage(QWidget):
    """Large buttons for the first step, and the recent clips and projects."""

    recent_chosen = Signal(Path)

    def __init__(self, preferences: Preferences, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._preferences = preferences
        outer = QHBoxLayout(self)
        column = QVBoxLayout()
        outer.addStretch(1)
        outer.addLayout(column, 3)
        outer.addStretch(1)
        column.addStretch(1)
        column.addWidget(self._label(self.tr("MotionFit"), "title"))
        intro = self.tr(
            "Fit a body to a video or to 3D observations, see frame by frame where the fit fails, and repair it."
        )
        column.addWidget(self._label(intro, "faint"))
        column.addSpacing(self.fontMetrics().height())
        self._buttons = QHBoxLayout()
        column.addLayout(self._buttons)
        drop = self.tr("… or drop a clip, a folder of OpenPose JSON, or a project anywhere on this window.")
        column.addWidget(self._label(drop, "faint"))
        column.addSpacing(self.fontMetrics().height())
        self.heading = self._label(self.tr("Recent"), "heading")
        column.addWidget(self.heading)
        self.recent = QListWidget(self)
        self.recent.setObjectName("recent")
        self.recent.setAccessibleName(self.tr("Recent clips and projects"))
        self.recent.setFrameShape(QFrame.Shape.NoFrame)
        self.recent.itemActivated.connect(self._on_chosen)
        self.recent.itemClicked.connect(self._on_chosen)
        column.addWidget(self.recent, 4)
        self.busy = self._label("", "heading")
        column.addWidget(self.busy)
        column.addStretch(1)
        preferences.recent_changed.connect(self.refresh)
        self.refresh()

    def _label(self, text: str, role: str) -> QLabel:
        label = QLabel(text, self)
        label.setProperty("role", role)
        label.setWordWrap(True)
        return label

    def set_actions(self, actions: list[QAction]) -> None:
        """Show these commands as large buttons."""
        for action in actions:
            button = QToolButton(self)
            button.setDefaultAction(action)
            button.setObjectName(f"start_{action.objectName()}")
            button.setAccessibleName(action.text())
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
            button.setIconSize(button.iconSize() * 2)
            button.setMinimumSize(self.fontMetrics().averageCharWidth() * 22, self.fontMetrics().height() * 5)
            self._buttons.addWidget(button)
        self._buttons.addStretch(1)

    def set_busy(self, text: str) -> None:
        """Say what is being opened; an empty text ends it."""
        self.busy.setText(text)

    @Slot()
    def refresh(self) -> None:
        """List the recent paths."""
        self.recent.clear()
        paths = self._preferences.recent()
        for path in paths:
            item = QListWidgetItem(f"{path.name}    {path.parent}")
            item.setData(Qt.ItemDataRole.UserRole, str(path))
            item.setToolTip(str(path))
            self.recent.addItem(item)
        self.heading.setText(self.tr("Recent") if paths else self.tr("Nothing was opened yet: try the demo."))
        self.recent.setVisible(bool(paths))

    @Slot(QListWidgetItem)
    def _on_chosen(self, item: QListWidgetItem) -> None:
        self.recent_chosen.emit(Path(str(item.data(Qt.ItemDataRole.UserRole))))
