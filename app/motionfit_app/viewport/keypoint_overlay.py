"""Keypoints over the picture: detections by confidence, the body's own points, lines between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QLinearGradient, QPainter, QPen

from motionfit.body.keypoints import BODY25_EDGES
from motionfit_app.viewport.colours import confidence_colour
from motionfit_app.viewport.picture_place import PicturePlace

_DOT, _RING = 4.5, 5.0
_HALO = QColor(10, 12, 14, 190)
_RESIDUAL = QColor("#ff5fa2")

Keypoints = NDArray[np.floating]


@dataclass(frozen=True)
class KeypointOverlay:
    """Paints keypoints given in picture pixels.

    Attributes:
        painter: Of the widget.
        place: Of the picture in the widget.
    """

    painter: QPainter
    place: PicturePlace

    def observed(self, keypoints: Keypoints) -> None:
        """Detections (25, 3) with a thin stick figure; those of confidence 0 are left out."""
        places = self._places(keypoints)
        for one, other in BODY25_EDGES:
            if keypoints[one, 2] > 0 and keypoints[other, 2] > 0:
                colour = confidence_colour(float(min(keypoints[one, 2], keypoints[other, 2])))
                self._line(places[one], places[other], colour, 1.6)
        for place, confidence in zip(places, keypoints[:, 2], strict=True):
            if confidence > 0:
                self.painter.setPen(QPen(_HALO, 1.6))
                self.painter.setBrush(confidence_colour(float(confidence)))
                self.painter.drawEllipse(place, _DOT, _DOT)

    def reprojected(self, points: Keypoints, colour: QColor) -> None:
        """The body's points (25, 2) as rings."""
        for place in self._places(points):
            self.painter.setBrush(Qt.BrushStyle.NoBrush)
            self.painter.setPen(QPen(_HALO, 3.6))
            self.painter.drawEllipse(place, _RING, _RING)
            self.painter.setPen(QPen(colour.lighter(130), 1.8))
            self.painter.drawEllipse(place, _RING, _RING)

    def residuals(self, keypoints: Keypoints, points: Keypoints) -> None:
        """Lines from the detections to the body's points."""
        starts, ends = self._places(keypoints), self._places(points)
        for start, end, confidence in zip(starts, ends, keypoints[:, 2], strict=True):
            if confidence > 0:
                self._line(start, end, _RESIDUAL, 2.0)

    def legend(self, corner: QPointF, words: str) -> None:
        """The scale of confidence, its lower right end at a corner."""
        width, height = 90.0, 7.0
        bar = QRectF(corner.x() - width, corner.y() - height, width, height)
        gradient = QLinearGradient(bar.topLeft(), bar.topRight())
        for step in range(6):
            gradient.setColorAt(step / 5, confidence_colour(step / 5))
        self.painter.setPen(QPen(_HALO, 1.0))
        self.painter.setBrush(gradient)
        self.painter.drawRoundedRect(bar, 2, 2)
        shown_text(self.painter, QPointF(bar.left(), bar.top() - 6), words)

    def _places(self, points: Keypoints) -> list[QPointF]:
        return [self.place.to_widget(float(point[0]), float(point[1])) for point in points]

    def _line(self, start: QPointF, end: QPointF, colour: QColor, width: float) -> None:
        self.painter.setPen(QPen(_HALO, width + 1.8, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        self.painter.drawLine(QLineF(start, end))
        self.painter.setPen(QPen(colour, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        self.painter.drawLine(QLineF(start, end))


def shown_text(painter: QPainter, baseline: QPointF, words: str) -> None:
    """Light text on a dark patch: readable on any picture."""
    metrics = painter.fontMetrics()
    box = QRectF(metrics.boundingRect(words)).translated(baseline).adjusted(-5, -2, 5, 2)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(12, 14, 17, 165))
    painter.drawRoundedRect(box, 4, 4)
    painter.setPen(QColor("#f2f4f7"))
    painter.drawText(baseline, words)
