"""Docks, layouts, palette, shortcuts, themes, and what is remembered."""

import sys
import threading

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QHeaderView,
    QScrollBar,
    QTabBar,
    QTableWidget,
    QWidget,
)
from window_driving import WAIT, open_clip

from motionfit_app.actions.table import ACTIONS
from motionfit_app.panels.command_palette import CommandPalette, matches
from motionfit_app.panels.layouts import LAYOUTS
from motionfit_app.panels.shortcuts_dialog import ShortcutsDialog
from motionfit_app.widgets.message_dialog import MessageDialog

CONTROL_SHIFT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier


def visible_docks(window):
    return {key for key, dock in window.workbench.docks.items() if not dock.isHidden()}


@pytest.mark.parametrize("name", list(LAYOUTS))
def test_layouts_show_their_docks(qtbot, opened, name):
    opened.actions_table[f"layout_{name}"].trigger()
    wanted = {opened_key for column in LAYOUTS[name].columns for row in column.rows for keys in row.places
              for opened_key in keys} | {"timeline"}  # fmt: skip
    assert visible_docks(opened) == wanted


def test_the_arrangement_is_remembered(qtbot, make_window, fake, clip_path):
    first = make_window(fake[0])
    open_clip(qtbot, first, clip_path)
    first.actions_table["layout_compare"].trigger()
    shown = visible_docks(first)
    first.close()
    second = make_window(fake[0])
    open_clip(qtbot, second, clip_path)
    assert visible_docks(second) == shown


def test_docks_have_unique_names(window):
    names = [dock.objectName() for dock in window.workbench.docks.values()]
    assert len(set(names)) == len(names) == 8
    assert all(names)


def test_the_palette_finds_and_runs_a_command(qtbot, opened):
    qtbot.keyClick(opened, Qt.Key.Key_P, CONTROL_SHIFT)
    palette = opened.findChild(CommandPalette)
    assert palette.isVisible()
    qtbot.keyClicks(palette.line, "last fr")
    assert palette.list.currentItem().text().startswith("Last frame")
    qtbot.keyClick(palette.line, Qt.Key.Key_Return)
    assert opened.playback.frame == 39


def test_palette_letters_match_in_order():
    assert matches("cmp drf", "Compare drift")
    assert not matches("drift compare", "Compare drift")


def test_every_command_is_described_bound_and_listed(qtbot, window):
    for spec in ACTIONS:
        action = window.actions_table[spec.key]
        assert action.statusTip(), spec.key
        assert action.receivers("2triggered(bool)") or action.isCheckable(), spec.key
    window.actions_table["shortcuts"].trigger()
    dialog = window.findChild(ShortcutsDialog)
    assert dialog.table.rowCount() >= len(ACTIONS)
    dialog.close()


def test_no_two_commands_share_a_shortcut():
    keys = [key for spec in ACTIONS for key in spec.keys]
    assert len(set(keys)) == len(keys)


def is_named(widget):
    text = widget.text() if isinstance(widget, QAbstractButton) else ""
    return bool(widget.accessibleName() or text)


def test_controls_have_accessible_names(qtbot, opened):
    kinds = (QAbstractButton, QAbstractSlider, QComboBox, QAbstractSpinBox)
    inside = (QScrollBar, QTableWidget, QTabBar, QHeaderView, QComboBox, QAbstractSpinBox)
    nameless = []
    for panel in (
        opened.stages_panel, opened.scene_panel, opened.camera_panel, opened.timeline_panel, opened.losses_panel,
        opened.drift_panel, opened.diagnostics_panel, opened.project_panel,
    ):  # fmt: skip
        for widget in panel.findChildren(QWidget):
            is_part = isinstance(widget, QScrollBar) or isinstance(widget.parent(), inside)
            if isinstance(widget, kinds) and not is_part and not is_named(widget):
                nameless.append((widget, widget.parent()))
    assert nameless == []


def test_the_theme_changes_at_once_and_is_remembered(qtbot, window, qapp, settings):
    light = next(action for action in window.theme_menu.actions() if action.data() == "light")
    light.trigger()
    assert qapp.palette().color(QPalette.ColorRole.Window).lightness() > 200
    assert settings.value("theme") == "light"
    dark = next(action for action in window.theme_menu.actions() if action.data() == "dark")
    dark.trigger()
    assert qapp.palette().color(QPalette.ColorRole.Window).lightness() < 80


def test_space_ticks_a_focused_box_instead_of_playing(qtbot, opened):
    box = opened.losses_panel.log
    box.setFocus()
    before = box.isChecked()
    qtbot.keyClick(box, Qt.Key.Key_Space)
    assert box.isChecked() != before
    assert not opened.playback.is_playing


def test_unexpected_exceptions_of_any_thread_are_shown_and_logged(qtbot, window, crash_log):
    crash_log.install()
    try:
        sys.excepthook(ValueError, ValueError("from the window"), None)
        thread = threading.Thread(target=_fail)
        thread.start()
        thread.join()
        qtbot.waitUntil(lambda: len(window.findChildren(MessageDialog)) == 2, timeout=WAIT)
    finally:
        crash_log.remove()
    texts = [dialog.message.text() for dialog in window.findChildren(MessageDialog)]
    assert any("from the window" in text for text in texts)
    assert any("from a thread" in text for text in texts)
    assert "from a thread" in crash_log.path.read_text()


def _fail() -> None:
    raise RuntimeError("from a thread")


def test_the_views_can_be_turned_and_options_toggled(qtbot, opened):
    before = opened.scene_panel.view.orbit
    qtbot.keyClick(opened, Qt.Key.Key_3)
    assert opened.scene_panel.view.orbit != before
    skeleton = next(action for action in opened.scene_panel.option_actions() if action.data() == "skeleton")
    skeleton.trigger()
    assert opened.scene_panel.view.options.skeleton
