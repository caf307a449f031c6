"""A list of all commands that typing narrows down."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Slot
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import QDialog, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget


def matches(text: str, title: str) -> bool:
    """Whether the letters of a text occur in a title in their order."""
    letters = iter(title.casefold())
    return all(letter in letters for letter in text.casefold() if not letter.isspace())


def rank(text: str, title: str) -> tuple[bool, bool, int]:
    """Best first: begins so, contains it, shorter titles."""
    text, title = text.casefold().strip(), title.casefold()
    return (not title.startswith(text), text not in title, len(title))


class CommandPalette(QDialog):
    """Type, choose with the arrows, Enter runs the command."""

    def __init__(self, actions: list[QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("command_palette")
        self.setWindowTitle(self.tr("Commands"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._actions = [action for action in actions if action.text() and not action.isSeparator()]
        layout = QVBoxLayout(self)
        self.line = QLineEdit(self)
        self.line.setPlaceholderText(self.tr("Type a command"))
        self.line.setAccessibleName(self.tr("Command"))
        self.line.textChanged.connect(self._refresh)
        self.line.returnPressed.connect(self._run_current)
        self.line.installEventFilter(self)
        self.list = QListWidget(self)
        self.list.setAccessibleName(self.tr("Commands"))
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.itemClicked.connect(self._run)
        layout.addWidget(self.line)
        layout.addWidget(self.list)
        self.resize(self.fontMetrics().averageCharWidth() * 64, self.fontMetrics().height() * 24)
        self._refresh("")

    @Slot(str)
    def _refresh(self, text: str) -> None:
        self.list.clear()
        found = [action for action in self._actions if matches(text, action.text())]
        if text.strip():
            found.sort(key=lambda action: rank(text, action.text().replace("&", "")))
        for action in found:
            keys = action.shortcut().toString()
            item = QListWidgetItem(action.text().replace("&", "") + (f"    {keys}" if keys else ""))
            item.setData(Qt.ItemDataRole.UserRole, action)
            item.setToolTip(action.statusTip())
            if not action.isEnabled():
                item.setFlags(Qt.ItemFlag.NoItemFlags)
            self.list.addItem(item)
        self.list.setCurrentRow(0)

    @Slot()
    def _run_current(self) -> None:
        item = self.list.currentItem()
        if item is not None:
            self._run(item)

    @Slot(QListWidgetItem)
    def _run(self, item: QListWidgetItem) -> None:
        action = item.data(Qt.ItemDataRole.UserRole)
        if isinstance(action, QAction) and action.isEnabled():
            self.close()
            action.trigger()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The arrows move in the list while the line has the keyboard."""
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()))
            if step is not None and self.list.count():
                self.list.setCurrentRow((self.list.currentRow() + step) % self.list.count())
                return True
        return super().eventFilter(watched, event)
