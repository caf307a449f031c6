"""Picture and widget pixels map back and forth; zooming keeps the pixel under the cursor."""

import pytest
from PySide6.QtCore import QPointF

from motionfit_app.viewport.picture_place import PicturePlace


@pytest.mark.parametrize("widget", [(800, 300), (300, 800)])
def test_the_whole_picture_fits(widget):
    rectangle = PicturePlace((640, 360), widget).rectangle
    assert rectangle.left() >= 0
    assert rectangle.top() >= 0
    assert rectangle.right() <= widget[0]
    assert rectangle.bottom() <= widget[1]
    assert rectangle.width() / rectangle.height() == pytest.approx(640 / 360)


def test_to_widget_and_back():
    place = PicturePlace((640, 360), (500, 400), 2.5, (31.0, -12.0))
    there = place.to_widget(123.25, 77.5)
    back = place.to_picture(there)
    assert (back.x(), back.y()) == pytest.approx((123.25, 77.5))


def test_zooming_keeps_the_pixel_under_the_cursor():
    place = PicturePlace((640, 360), (500, 400)).dragged(QPointF(20, 10))
    cursor = QPointF(333, 120)
    before, after = place.to_picture(cursor), place.zoomed(3.0, cursor).to_picture(cursor)
    assert (after.x(), after.y()) == pytest.approx((before.x(), before.y()))


def test_zoom_has_limits():
    assert PicturePlace((640, 360), (500, 400)).zoomed(1e9, QPointF(0, 0)).scale < 100
    assert PicturePlace((640, 360), (500, 400)).zoomed(1e-9, QPointF(0, 0)).scale > 0.01
