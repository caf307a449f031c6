"""A message that says what happened and what to do, with the details folded away."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget


class MessageDialog(QDialog):
    """Shows an error; the details can be unfolded and copied."""

    def __init__(
        self, title: str, message: str, hint: str = "", details: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("message_dialog")
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._layout = QVBoxLayout(self)
        self.message = self._add_label(message, "heading")
        self.hint = self._add_label(hint, "")
        self.hint.setVisible(bool(hint))
        self.details = QPlainTextEdit(details, self)
        self.details.setReadOnly(True)
        self.details.setAccessibleName(self.tr("Details"))
        self.details.hide()
        self._layout.addWidget(self.details, 1)
        self._add_buttons(bool(details))
        self.setMinimumWidth(self.fontMetrics().averageCharWidth() * 70)

    def _add_label(self, text: str, role: str) -> QLabel:
        label = QLabel(text, self)
        label.setProperty("role", role)
        label.setWordWrap(True)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._layout.addWidget(label)
        return label

    def _add_buttons(self, has_details: bool) -> None:
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.rejected.connect(self.close)
        self.fold = QPushButton(self.tr("Show details"), self)
        self.fold.setCheckable(True)
        self.fold.toggled.connect(self._on_folded)
        self.copy = QPushButton(self.tr("Copy report"), self)
        self.copy.clicked.connect(self._on_copy)
        for button in (self.fold, self.copy):
            button.setVisible(has_details)
            buttons.addButton(button, QDialogButtonBox.ButtonRole.ActionRole)
        self._layout.addWidget(buttons)

    @Slot(bool)
    def _on_folded(self, is_open: bool) -> None:
        self.details.setVisible(is_open)
        self.fold.setText(self.tr("Hide details") if is_open else self.tr("Show details"))
        lines = self.fontMetrics().height() * 14 if is_open else 0
        self.resize(self.width(), self.minimumSizeHint().height() + lines)

    @Slot()
    def _on_copy(self) -> None:
        texts = (self.message.text(), self.hint.text(), self.details.toPlainText())
        QGuiApplication.clipboard().setText("\n\n".join(text for text in texts if text))
