"""Scrub, step, play, loop and select in the whole window, by keys and mouse."""

import pytest
from PySide6.QtCore import QPoint, Qt

from motionfit_app.panels.timeline_rows import missing_share

KEY = Qt.Key
SHIFT = Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def press(qtbot, opened):
    def press_key(key, modifier=Qt.KeyboardModifier.NoModifier):
        qtbot.keyClick(opened, key, modifier)

    opened.setFocus()
    return press_key


def ruler_point(window, frame):
    timeline = window.timeline_panel.timeline
    return QPoint(round(timeline.x_of_frame(frame)), 8)


def test_keys_step_through_the_clip(opened, press):
    playback = opened.playback
    press(KEY.Key_Right)
    assert playback.frame == 1
    press(KEY.Key_Right, SHIFT)
    assert playback.frame == 11
    press(KEY.Key_Left)
    assert playback.frame == 10
    press(KEY.Key_Left, SHIFT)
    assert playback.frame == 0
    press(KEY.Key_End)
    assert playback.frame == 39
    press(KEY.Key_Home)
    assert playback.frame == 0


def test_dragging_the_ruler_scrubs_every_view(qtbot, opened):
    timeline = opened.timeline_panel.timeline
    qtbot.mousePress(timeline, Qt.MouseButton.LeftButton, pos=ruler_point(opened, 5))
    qtbot.mouseMove(timeline, ruler_point(opened, 20))
    qtbot.mouseMove(timeline, ruler_point(opened, 33))
    qtbot.mouseRelease(timeline, Qt.MouseButton.LeftButton, pos=ruler_point(opened, 33))
    assert opened.playback.frame == 33
    assert opened.timeline_panel.frame_box.value() == 33
    assert opened.scene_panel.view._content.frame == 33


def test_space_plays_and_pauses(qtbot, opened, press):
    press(KEY.Key_Space)
    assert opened.playback.is_playing
    assert opened.actions_table["play"].isChecked()
    qtbot.waitUntil(lambda: opened.playback.frame > 2, timeout=20000)
    press(KEY.Key_Space)
    assert not opened.playback.is_playing


def test_playing_at_speed_drops_frames_but_keeps_time(qtbot, opened, press):
    for _ in range(3):
        press(KEY.Key_Plus)
    assert opened.playback.speed == 4.0
    assert opened.timeline_panel.speed.currentText() == "4×"
    press(KEY.Key_Space)
    qtbot.waitUntil(lambda: not opened.playback.is_playing, timeout=20000)
    assert opened.playback.frame == 39


def test_brackets_select_and_l_loops(qtbot, opened, press):
    press(KEY.Key_Right, SHIFT)
    press(KEY.Key_BracketLeft)
    press(KEY.Key_Right, SHIFT)
    press(KEY.Key_BracketRight)
    assert opened.playback.selected_range == (10, 20)
    assert "10–20" in opened.timeline_panel.range_label.text()
    press(KEY.Key_L)
    assert opened.playback.loops
    press(KEY.Key_Escape)
    assert opened.playback.selected_range is None


def test_the_frame_box_and_buttons_move_the_playhead(qtbot, opened):
    box = opened.timeline_panel.frame_box
    box.setFocus()
    box.selectAll()
    qtbot.keyClicks(box, "17")
    qtbot.keyClick(box, KEY.Key_Return)
    assert opened.playback.frame == 17
    qtbot.keyClick(box, KEY.Key_End)
    assert opened.playback.frame == 17


def test_missing_frames_are_marked(opened):
    share = missing_share(opened.document.project.observations)
    assert share[12:15].tolist() == [1.0, 1.0, 1.0]
    assert share[:12].max() == 0.0
    strip = opened.timeline_panel.timeline.content.strips[0]
    assert strip.title == "Missing data"
    assert strip.values[12] == 1.0
