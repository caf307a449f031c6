"""Buttons that open a menu, and menus of options that are ticked on and off."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QMenu, QToolButton, QWidget


def menu_button(parent: QWidget, title: str, accessible_name: str, menu: QMenu) -> QToolButton:
    """A small button that opens a menu at once; the keyboard reaches it."""
    button = QToolButton(parent)
    button.setText(title)
    button.setAccessibleName(accessible_name)
    button.setMenu(menu)
    button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button


def add_options(menu: QMenu, titles: Mapping[str, str], checked: Mapping[str, bool], status: str) -> QActionGroup:
    """Add options that are ticked independently of each other.

    Args:
        menu: Where they go; it owns them.
        titles: Text of each option by its key, which the action carries as its data.
        checked: Whether each is ticked at first.
        status: Status tip with {0} for the text.

    Returns:
        A group whose `triggered` tells of every option.
    """
    group = QActionGroup(menu)
    group.setExclusionPolicy(QActionGroup.ExclusionPolicy.None_)
    for key, title in titles.items():
        action = menu.addAction(title)
        action.setData(key)
        action.setCheckable(True)
        action.setChecked(checked[key])
        action.setStatusTip(status.format(title))
        group.addAction(action)
    return group
