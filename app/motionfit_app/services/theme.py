"""Dark and light colours: Qt's Fusion style with a palette and a little QSS of our own.

Colours are in `motionfit_resources/themes/*.toml`. Accents are of Okabe and Ito's set, which colour-blind people can
tell apart (https://jfly.uni-koeln.de/color/).
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib import resources

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QPalette
from PySide6.QtWidgets import QApplication

from motionfit_app.services.icons import icon

_ROLES = {
    "window": QPalette.ColorRole.Window,
    "text": QPalette.ColorRole.WindowText,
    "base": QPalette.ColorRole.Base,
    "alternate": QPalette.ColorRole.AlternateBase,
    "button": QPalette.ColorRole.Button,
    "accent": QPalette.ColorRole.Highlight,
    "accent_text": QPalette.ColorRole.HighlightedText,
    "tooltip": QPalette.ColorRole.ToolTipBase,
    "faint": QPalette.ColorRole.PlaceholderText,
    "edge": QPalette.ColorRole.Mid,
    "link": QPalette.ColorRole.Link,
}
_TEXT_ROLES = (QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText, QPalette.ColorRole.ToolTipText)


@dataclass(frozen=True)
class Theme:
    """Named colours of one theme."""

    name: str
    colours: dict[str, QColor]

    def colour(self, name: str) -> QColor:
        """A colour by its name in the theme file."""
        return self.colours[name]


def load_theme(name: str) -> Theme:
    """Read "dark" or "light"."""
    text = (resources.files("motionfit_resources") / "themes" / f"{name}.toml").read_text(encoding="utf-8")
    return Theme(name, {key: QColor(value) for key, value in tomllib.loads(text)["colours"].items()})


class ThemeService(QObject):
    """Applies the theme that was chosen, or that the system has."""

    changed = Signal()

    def __init__(self, application: QApplication, choice: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._application = application
        self._choice = choice
        if not application.styleSheet():  # else a window before this one has set it: style sheets hide its name
            application.setStyle("Fusion")
        self.theme = load_theme("dark")
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._on_system_changed)
        self._apply()

    @property
    def choice(self) -> str:
        """ "system", "dark" or "light"."""  # noqa: D210
        return self._choice

    def choose(self, choice: str) -> None:
        """Follow the system, or stay dark or light."""
        self._choice = choice
        self._apply()

    def icon(self, name: str) -> QIcon:
        """An icon in the colours of the theme."""
        return icon(name, self.theme.colour("text"), self.theme.colour("faint"))

    @Slot()
    def _on_system_changed(self) -> None:
        if self._choice == "system":
            self._apply()

    def _apply(self) -> None:
        name = self._choice
        if name == "system":
            is_light = QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Light
            name = "light" if is_light else "dark"
        self.theme = load_theme(name)
        palette = _palette(self.theme)
        if self._application.palette() != palette:
            self._application.setPalette(palette)
        folder = resources.files("motionfit_resources")
        style = (folder / "themes" / "style.qss").read_text(encoding="utf-8").replace("@icons", str(folder / "icons"))
        for key in sorted(self.theme.colours, key=len, reverse=True):
            style = style.replace(f"@{key}", self.theme.colour(key).name())
        if self._application.styleSheet() != style:
            self._application.setStyleSheet(style)
        self.changed.emit()


def _palette(theme: Theme) -> QPalette:
    palette = QPalette()
    for name, role in _ROLES.items():
        palette.setColor(role, theme.colour(name))
    for role in _TEXT_ROLES:
        palette.setColor(role, theme.colour("text"))
    for role in (*_TEXT_ROLES, QPalette.ColorRole.WindowText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, theme.colour("faint"))
    return palette
