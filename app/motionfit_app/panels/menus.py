"""The menus whose entries are not commands: themes and recent paths."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QWidget

from motionfit_app.services.preferences import THEMES, Preferences
from motionfit_app.services.theme import ThemeService


class ThemeMenu(QMenu):
    """Chooses the colours of the window and remembers the choice."""

    def __init__(self, preferences: Preferences, themes: ThemeService, parent: QWidget) -> None:
        super().__init__(parent)
        self.setTitle(self.tr("T&heme"))
        self._preferences, self._themes = preferences, themes
        titles = {"system": self.tr("As the system"), "dark": self.tr("Dark"), "light": self.tr("Light")}
        for name in THEMES:
            action = self.addAction(titles[name])
            action.setData(name)
            action.setCheckable(True)
            action.setStatusTip(self.tr("Colours of the window: {0}").format(titles[name]))
        self.triggered.connect(self._on_chosen)
        themes.changed.connect(self._refresh)
        self._refresh()

    @Slot(QAction)
    def _on_chosen(self, action: QAction) -> None:
        choice = str(action.data())
        self._preferences.set_theme(choice)
        self._themes.choose(choice)

    @Slot()
    def _refresh(self) -> None:
        for action in self.actions():
            action.setChecked(action.data() == self._themes.choice)


class RecentMenu(QMenu):
    """Lists the recent clips and projects."""

    chosen = Signal(Path)

    def __init__(self, preferences: Preferences, parent: QWidget) -> None:
        super().__init__(parent)
        self.setTitle(self.tr("Open &recent"))
        self._preferences = preferences
        self.triggered.connect(self._on_chosen)
        preferences.recent_changed.connect(self._refresh)
        self._refresh()

    @Slot(QAction)
    def _on_chosen(self, action: QAction) -> None:
        self.chosen.emit(Path(str(action.data())))

    @Slot()
    def _refresh(self) -> None:
        self.clear()
        for path in self._preferences.recent():
            self.addAction(str(path)).setData(str(path))
        self.setEnabled(not self.isEmpty())
