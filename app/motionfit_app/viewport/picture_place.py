"""Where the picture lies in the camera view: scale and shift between picture and widget pixels.

Picture pixels are continuous: (0, 0) is the upper left corner of the picture, (width, height) the lower right one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF

from motionfit.motion import Camera

Matrix = NDArray[np.float64]

_MARGIN = 0.97
_LEAST_ZOOM, _MOST_ZOOM = 0.25, 60.0
_NEAR, _FAR = 0.05, 200.0

EYE_FROM_CAMERA: Matrix = np.diag([1.0, -1.0, -1.0, 1.0])
"""From OpenCV's camera frame (y down, z forward) to OpenGL's eye frame (y up, z towards the viewer)."""


@dataclass(frozen=True)
class PicturePlace:
    """A picture in a widget.

    Attributes:
        picture: Width and height of the picture in its pixels.
        widget: Width and height of the widget in its pixels.
        zoom: 1 fits the picture into the widget.
        shift: Of the picture's centre from the widget's centre, widget pixels.
    """

    picture: tuple[int, int]
    widget: tuple[int, int]
    zoom: float = 1.0
    shift: tuple[float, float] = (0.0, 0.0)

    @property
    def scale(self) -> float:
        """Widget pixels per picture pixel."""
        fit = min(self.widget[0] / self.picture[0], self.widget[1] / self.picture[1])
        return max(fit, 1e-3) * _MARGIN * self.zoom

    @property
    def origin(self) -> tuple[float, float]:
        """The picture's upper left corner in the widget."""
        x, y = (self.widget[axis] / 2 + self.shift[axis] - self.scale * self.picture[axis] / 2 for axis in (0, 1))
        return x, y

    @property
    def rectangle(self) -> QRectF:
        """The picture's place in the widget."""
        return QRectF(*self.origin, self.scale * self.picture[0], self.scale * self.picture[1])

    def to_widget(self, x: float, y: float) -> QPointF:
        """A picture pixel in the widget."""
        left, top = self.origin
        return QPointF(left + self.scale * x, top + self.scale * y)

    def to_picture(self, point: QPointF) -> QPointF:
        """A widget pixel in the picture."""
        left, top = self.origin
        return QPointF((point.x() - left) / self.scale, (point.y() - top) / self.scale)

    def fitted(self) -> PicturePlace:
        """The whole picture in the middle."""
        return replace(self, zoom=1.0, shift=(0.0, 0.0))

    def dragged(self, by: QPointF) -> PicturePlace:
        """Moved by widget pixels."""
        return replace(self, shift=(self.shift[0] + by.x(), self.shift[1] + by.y()))

    def zoomed(self, factor: float, at: QPointF) -> PicturePlace:
        """Larger or smaller while the picture pixel under `at` stays there."""
        pixel = self.to_picture(at)
        zoom = float(np.clip(self.zoom * factor, _LEAST_ZOOM, _MOST_ZOOM))
        larger = replace(self, zoom=zoom)
        there = larger.to_widget(pixel.x(), pixel.y())
        return larger.dragged(at - there)

    def projection(self, camera: Camera) -> Matrix:
        """Clip space from eye frame, so that a camera's picture lands exactly on this one."""
        width, height = self.widget
        to_clip = np.array([[2 / width, 0, -1], [0, -2 / height, 1], [0, 0, 1]])
        left, top = self.origin
        place = np.array([[self.scale, 0, left], [0, self.scale, top], [0, 0, 1]])
        flat = to_clip @ place @ camera.intrinsics.detach().cpu().double().numpy()
        matrix = np.zeros((4, 4))
        matrix[0, :3], matrix[1, :3], matrix[3, :3] = flat
        matrix[2, 2], matrix[2, 3] = (_FAR + _NEAR) / (_FAR - _NEAR), -2 * _FAR * _NEAR / (_FAR - _NEAR)
        return matrix @ EYE_FROM_CAMERA
