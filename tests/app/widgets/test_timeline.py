"""The timeline as a widget: clicks, drags, wheel, zoom, and long clips."""

import time

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QWheelEvent
from PySide6.QtWidgets import QApplication

from motionfit_app.widgets.timeline import Timeline
from motionfit_app.widgets.timeline_content import (
    Strip,
    TimelineContent,
    TimelineView,
    column_values,
    ruler_step,
)

FRAMES = 100


@pytest.fixture
def timeline(qtbot):
    widget = Timeline()
    qtbot.addWidget(widget)
    values = np.zeros(FRAMES)
    values[40] = 1.0
    strips = (Strip("missing", values, QColor("red")), Strip("error", values, QColor("blue")))
    widget.set_content(TimelineContent(FRAMES, 30.0, strips, ((0, 60), (40, 100)), "windows"))
    widget.resize(900, widget.minimumSizeHint().height())
    widget.show()
    qtbot.waitUntil(widget.windowHandle().isExposed, timeout=30_000)
    return widget


def ruler_point(timeline, frame):
    return QPoint(round(timeline.x_of_frame(frame)), 8)


def row_point(timeline, frame):
    return QPoint(round(timeline.x_of_frame(frame)), timeline.height() - 12)


def wheel(timeline, frame, notches, modifier=Qt.KeyboardModifier.NoModifier):
    place = QPointF(ruler_point(timeline, frame))
    event = QWheelEvent(
        place, timeline.mapToGlobal(place), QPoint(), QPoint(0, 120 * notches), Qt.MouseButton.NoButton, modifier,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(timeline, event)


def drag(qtbot, timeline, start, end, button=Qt.MouseButton.LeftButton, modifier=Qt.KeyboardModifier.NoModifier):
    qtbot.mousePress(timeline, button, modifier, start)
    for share in (0.3, 0.7, 1.0):
        qtbot.mouseMove(timeline, start + (end - start) * share)
        # QTest moves carry no buttons; the widget keeps its own state of the drag.
    qtbot.mouseRelease(timeline, button, modifier, end)


@pytest.mark.parametrize("frame", [0, 1, 37, 99])
def test_a_click_asks_for_the_frame_under_it(qtbot, timeline, frame):
    with qtbot.waitSignal(timeline.seek_requested) as asked:
        qtbot.mouseClick(timeline, Qt.MouseButton.LeftButton, pos=ruler_point(timeline, frame))
    assert asked.args == [frame]


def test_dragging_scrubs(qtbot, timeline):
    frames = []
    timeline.seek_requested.connect(frames.append)
    drag(qtbot, timeline, ruler_point(timeline, 10), ruler_point(timeline, 80))
    assert frames[0] == 10
    assert frames[-1] == 80
    assert frames == sorted(frames)


def test_shift_drag_selects(qtbot, timeline):
    ranges = []
    timeline.range_requested.connect(lambda first, last: ranges.append((first, last)))
    drag(qtbot, timeline, row_point(timeline, 20), row_point(timeline, 50), modifier=Qt.KeyboardModifier.ShiftModifier)
    assert ranges[-1] == (20, 50)


def test_the_wheel_zooms_about_the_pointer(timeline):
    before = timeline.x_of_frame(30)
    wheel(timeline, 30, 5)
    assert timeline.view.count < FRAMES / 2
    assert timeline.x_of_frame(30) == pytest.approx(before, abs=6)
    wheel(timeline, 30, -50)
    assert timeline.view == TimelineView(0.0, FRAMES)


def test_a_zoomed_timeline_is_panned_by_dragging_its_rows_and_still_clicked(qtbot, timeline):
    wheel(timeline, 50, 6)
    first = timeline.view.first
    drag(qtbot, timeline, row_point(timeline, 50), row_point(timeline, 45))
    assert timeline.view.first > first
    frame = round(timeline.view.first + timeline.view.count / 2)
    with qtbot.waitSignal(timeline.seek_requested) as asked:
        qtbot.mouseClick(timeline, Qt.MouseButton.LeftButton, pos=row_point(timeline, frame))
    assert asked.args == [frame]


def test_a_zoomed_timeline_follows_the_playhead(timeline):
    wheel(timeline, 10, 8)
    timeline.set_frame(95)
    assert timeline.view.first <= 95 < timeline.view.first + timeline.view.count


def test_a_single_bad_frame_of_a_long_clip_stays_visible():
    values = np.zeros(100_000)
    values[77_777] = 1.0
    columns = column_values(values, TimelineView(0.0, 100_000.0), 800)
    assert columns.max() == 1.0
    assert columns.argmax() == 77_777 * 800 // 100_000


def test_a_long_clip_is_drawn_fast(timeline):
    frames = 100_000
    strips = tuple(Strip(str(row), np.random.default_rng(row).random(frames), QColor("red")) for row in range(6))
    timeline.set_content(TimelineContent(frames, 30.0, strips))
    began = time.process_time()
    timeline.grab()
    assert time.process_time() - began < 0.25


def test_ruler_marks_leave_room_for_their_labels():
    assert ruler_step(0.01, 80) == 1
    assert ruler_step(0.1, 80) == 10
    assert ruler_step(0.2, 80) == 20
    assert ruler_step(100.0, 80) == 10_000


def test_nothing_open_draws_nothing_and_asks_for_nothing(qtbot):
    widget = Timeline()
    qtbot.addWidget(widget)
    widget.resize(400, 60)
    with qtbot.assertNotEmitted(widget.seek_requested):
        qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)
    assert not widget.grab().isNull()


def test_rows_are_coloured_where_their_values_are(timeline):
    image = timeline.grab().toImage()
    ratio = image.width() / timeline.width()
    geometry_row = timeline.height() * 0.4
    column = [
        image.pixelColor(round(timeline.x_of_frame(40) * ratio), row).red()
        - image.pixelColor(round(timeline.x_of_frame(40) * ratio), row).blue()
        for row in range(round(geometry_row * ratio))
    ]
    assert max(column) > 150
