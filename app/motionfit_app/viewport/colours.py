"""Colours of the views: two themes, and a scale of confidence that colour-blind people can read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtGui import QColor, QPalette

from motionfit_app.viewport.shapes import Colour

_CIVIDIS = np.array([[0, 34, 78], [53, 69, 109], [102, 105, 112], [148, 142, 119], [200, 184, 102], [254, 232, 56]])


@dataclass(frozen=True)
class SceneColours:
    """What surrounds the bodies."""

    top: Colour
    bottom: Colour
    ground: Colour
    grid: Colour
    x_axis: Colour
    y_axis: Colour
    z_axis: Colour
    frustum: Colour
    contact: Colour
    shadow: Colour
    text: QColor

    def contrasting(self, colour: QColor) -> QColor:
        """A stronger tone of a colour: lighter on dark, darker on light ground."""
        return colour.lighter(150) if self.text.lightness() > 128 else colour.darker(230)


def _colour(name: str, alpha: float = 1.0) -> Colour:
    value = QColor(name)
    return (value.redF(), value.greenF(), value.blueF(), alpha)


DARK = SceneColours(
    top=_colour("#3b4149"),
    bottom=_colour("#1f2226"),
    ground=_colour("#14171a", 0.30),
    grid=_colour("#aeb9c5", 0.42),
    x_axis=_colour("#e0604f", 0.9),
    y_axis=_colour("#4fb286", 0.9),
    z_axis=_colour("#5b9bf0", 0.9),
    frustum=_colour("#d7dde4", 0.75),
    contact=_colour("#f2a93b"),
    shadow=_colour("#000000", 0.38),
    text=QColor("#c9d1d9"),
)
LIGHT = SceneColours(
    top=_colour("#dfe4e9"),
    bottom=_colour("#f7f8f9"),
    ground=_colour("#c9d0d7", 0.35),
    grid=_colour("#56616c", 0.45),
    x_axis=_colour("#c0392b", 0.9),
    y_axis=_colour("#1e8a5f", 0.9),
    z_axis=_colour("#2467c2", 0.9),
    frustum=_colour("#3a444e", 0.75),
    contact=_colour("#d97b00"),
    shadow=_colour("#1b222a", 0.28),
    text=QColor("#3a444e"),
)


def scene_colours(palette: QPalette) -> SceneColours:
    """The colours that go with an application's palette."""
    return DARK if palette.color(QPalette.ColorRole.Window).lightness() < 128 else LIGHT


def confidence_colour(confidence: float) -> QColor:
    """Cividis: dark blue for 0, yellow for 1 (also told apart with a colour vision deficiency)."""
    place = float(np.clip(confidence, 0, 1)) * (len(_CIVIDIS) - 1)
    red, green, blue = (np.interp(place, np.arange(len(_CIVIDIS)), _CIVIDIS[:, k]) for k in range(3))
    return QColor(round(float(red)), round(float(green)), round(float(blue)))


def rgba(colour: QColor, alpha: float = 1.0) -> Colour:
    """A Qt colour as four floats."""
    return (colour.redF(), colour.greenF(), colour.blueF(), colour.alphaF() * alpha)
