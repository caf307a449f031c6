"""What the application remembers between sessions."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QByteArray, QObject, QSettings, Signal

RECENT_LIMIT = 10
THEMES: tuple[str, ...] = ("system", "dark", "light")


class Preferences(QObject):
    """Typed access to the settings file."""

    recent_changed = Signal()

    def __init__(self, settings: QSettings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._settings = settings

    def recent(self) -> list[Path]:
        """Recently opened clips and projects, newest first."""
        stored = self._settings.value("recent", [])
        texts = stored if isinstance(stored, list) else [stored] if isinstance(stored, str) else []
        return [Path(str(text)) for text in texts]

    def add_recent(self, path: Path) -> None:
        """Put a path at the top of the recent ones."""
        path = path.absolute()
        others = [other for other in self.recent() if other != path]
        self._settings.setValue("recent", [str(other) for other in [path, *others][:RECENT_LIMIT]])
        self.recent_changed.emit()

    def forget_recent(self) -> None:
        """Forget all recent paths."""
        self._settings.setValue("recent", [])
        self.recent_changed.emit()

    def theme(self) -> str:
        """One of `THEMES`."""
        theme = str(self._settings.value("theme", "system"))
        return theme if theme in THEMES else "system"

    def set_theme(self, theme: str) -> None:
        """Remember the theme."""
        self._settings.setValue("theme", theme)

    def last_folder(self) -> str:
        """Where the last file dialog was."""
        return str(self._settings.value("folder", str(Path.home())))

    def set_last_folder(self, folder: Path) -> None:
        """Remember where the last file dialog was."""
        self._settings.setValue("folder", str(folder))

    def layout(self) -> tuple[QByteArray, QByteArray]:
        """Geometry of the window and arrangement of its docks; empty at first."""
        return self._bytes("layout/geometry"), self._bytes("layout/docks")

    def set_layout(self, geometry: QByteArray, docks: QByteArray) -> None:
        """Remember geometry and arrangement."""
        self._settings.setValue("layout/geometry", geometry)
        self._settings.setValue("layout/docks", docks)
        self._settings.sync()

    def _bytes(self, key: str) -> QByteArray:
        value = self._settings.value(key)
        return value if isinstance(value, QByteArray) else QByteArray()
