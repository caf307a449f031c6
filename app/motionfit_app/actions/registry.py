"""The commands as QActions, and the menus and toolbar that show them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QCoreApplication, QObject
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu, QToolBar

from motionfit_app.actions.table import ACTIONS, MENUS, ActionSpec
from motionfit_app.services.icons import icon
from motionfit_app.services.theme import Theme


class Actions(QObject):
    """All commands by key."""

    def __init__(self, window: QMainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._by_key = {spec.key: self._make(spec) for spec in ACTIONS}
        self.menus: dict[str, QMenu] = {}

    def __getitem__(self, key: str) -> QAction:
        return self._by_key[key]

    def several(self, *keys: str) -> list[QAction]:
        """Actions by their keys."""
        return [self._by_key[key] for key in keys]

    def all(self) -> list[QAction]:
        """Every command, in the order of the table."""
        return list(self._by_key.values())

    def bind(self, key: str, slot: Callable[..., Any]) -> None:
        """Let a command call a bound method."""
        self._by_key[key].triggered.connect(slot)

    def _make(self, spec: ActionSpec) -> QAction:
        action = QAction(_translated(spec.text), self._window)
        tip = _translated(spec.tip)
        keys = [QKeySequence(text) for text in spec.keys]
        action.setObjectName(spec.key)
        action.setShortcuts(keys)
        action.setStatusTip(tip)
        action.setToolTip(f"{tip} ({keys[0].toString()})" if keys else tip)
        action.setCheckable(spec.is_checkable)
        self._window.addAction(action)
        return action

    def fill_menus(self) -> None:
        """Make the menu bar."""
        for key, title in MENUS:
            menu = self._window.menuBar().addMenu(_translated(title))
            menu.setObjectName(f"menu_{key}")
            menu.setToolTipsVisible(True)
            self.menus[key] = menu
        for spec in ACTIONS:
            menu = self.menus[spec.menu]
            if spec.begins_group:
                menu.addSeparator()
            menu.addAction(self._by_key[spec.key])

    def fill_toolbar(self, toolbar: QToolBar) -> None:
        """Add the commands that the toolbar shows."""
        for spec in ACTIONS:
            if spec.in_toolbar:
                toolbar.addAction(self._by_key[spec.key])

    def use_theme(self, theme: Theme) -> None:
        """Draw the icons in the colours of a theme."""
        for spec in ACTIONS:
            if spec.icon:
                self._by_key[spec.key].setIcon(icon(spec.icon, theme.colour("text"), theme.colour("faint")))

    def set_available(self, has_clip: bool) -> None:
        """Grey out what needs a clip while none is open."""
        for spec in ACTIONS:
            if spec.needs_clip:
                self._by_key[spec.key].setEnabled(has_clip)


def _translated(text: str) -> str:
    return QCoreApplication.translate("actions", text)
