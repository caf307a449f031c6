"""Which keys belong to the control that has the keyboard, before they are taken as shortcuts of the window."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QTabBar,
)

_EDITING = (QAbstractSpinBox, QComboBox, QAbstractItemView, QAbstractSlider, QTabBar)
_EDITING_KEYS = (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Home, Qt.Key.Key_End, Qt.Key.Key_Space)


def is_for_control(event: QKeyEvent) -> bool:
    """Whether the focused control uses the key itself: Space on a button, arrows in a list or a number."""
    focused = QApplication.focusWidget()
    key = Qt.Key(event.key())
    if event.modifiers() & ~Qt.KeyboardModifier.ShiftModifier:
        return False
    if isinstance(focused, QAbstractButton):
        return key == Qt.Key.Key_Space
    return isinstance(focused, _EDITING) and key in _EDITING_KEYS
