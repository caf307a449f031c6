"""Icons of one set: line drawings that take the colour of the text."""

from __future__ import annotations

from functools import cache
from importlib import resources

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

_SIZES = (16, 24, 32, 48)


@cache
def _drawing(name: str) -> str:
    path = resources.files("motionfit_resources") / "icons" / f"{name}.svg"
    return path.read_text(encoding="utf-8")


def icon(name: str, colour: QColor, disabled: QColor) -> QIcon:
    """An icon in the colours of a theme.

    Args:
        name: File name in `motionfit_resources/icons`, without its ending.
        colour: Of the lines.
        disabled: Of the lines while the command is not available.
    """
    result = QIcon()
    for mode, tint in ((QIcon.Mode.Normal, colour), (QIcon.Mode.Disabled, disabled)):
        content = QByteArray(_drawing(name).replace("currentColor", tint.name()).encode())
        renderer = QSvgRenderer(content)
        for size in _SIZES:
            pixmap = QPixmap(QSize(size, size))
            pixmap.fill(Qt.GlobalColor.transparent)
            painter = QPainter(pixmap)
            renderer.render(painter, QRectF(0, 0, size, size))
            painter.end()
            result.addPixmap(pixmap, mode)
    return result


def swatch(colour: QColor) -> QIcon:
    """A filled square that stands for a colour in lists."""
    pixmap = QPixmap(QSize(16, 16))
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawRoundedRect(QRectF(1, 1, 14, 14), 3, 3)
    painter.end()
    return QIcon(pixmap)
