"""Read pictures as arrays and compare silhouettes."""

import numpy as np
from PySide6.QtGui import QImage


def pixels(image: QImage) -> np.ndarray:
    """An image as (height, width, 3)."""
    image = image.convertToFormat(QImage.Format.Format_RGBX8888)
    flat = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine() // 4, 4)
    return flat[:, : image.width(), :3].astype(np.int16)


def changed(before: QImage, after: QImage, least: int = 6) -> np.ndarray:
    """Where two pictures differ."""
    return np.abs(pixels(after) - pixels(before)).max(-1) >= least


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    """Intersection over union."""
    return float((one & other).sum() / max((one | other).sum(), 1))


def filled(corners: np.ndarray, triangles: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The silhouette of projected triangles, by an independent painter without OpenGL."""
    from PySide6.QtCore import QPointF, Qt
    from PySide6.QtGui import QPainter, QPolygonF

    image = QImage(*size, QImage.Format.Format_Grayscale8)
    image.fill(Qt.GlobalColor.black)
    painter = QPainter(image)
    painter.setBrush(Qt.GlobalColor.white)
    painter.setPen(Qt.PenStyle.NoPen)
    for triangle in corners[triangles]:
        painter.drawPolygon(QPolygonF([QPointF(float(x), float(y)) for x, y in triangle]))
    painter.end()
    flat = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return flat[:, : image.width()] > 127
