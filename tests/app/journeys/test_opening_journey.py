"""Open by start page, drop, recent and command line; what cannot be opened says why."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QToolButton
from window_driving import WAIT, open_clip

from motionfit_app.application import parse_arguments
from motionfit_app.widgets.message_dialog import MessageDialog


def message_of(qtbot, window) -> MessageDialog:
    found: list[MessageDialog] = []

    def is_there() -> bool:
        found[:] = [dialog for dialog in window.findChildren(MessageDialog) if dialog.isVisible()]
        return bool(found)

    qtbot.waitUntil(is_there, timeout=WAIT)
    return found[0]


def drop(window, path: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    copy, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    entered = QDragEnterEvent(QPoint(50, 50), copy, data, left, none)
    QApplication.sendEvent(window, entered)
    assert entered.isAccepted()
    QApplication.sendEvent(window, QDropEvent(QPointF(50, 50), copy, data, left, none))


def test_the_demo_opens_from_the_start_page(qtbot, window):
    assert window.pages.currentWidget() is window.start_page
    button = window.start_page.findChild(QToolButton, "start_demo")
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.document.project is not None, timeout=WAIT)
    assert window.pages.currentWidget() is window.workbench
    project = window.document.project
    assert project.name in window.windowTitle()
    assert project.video is not None
    assert window.scene_panel.view.isVisible()
    with qtbot.waitSignal(window.camera_panel.frames.ready, timeout=WAIT):
        window.playback.seek(5)
    assert window.camera_panel.view.grab_image().width() > 50


def test_a_dropped_clip_opens_and_becomes_recent(qtbot, window, clip_path):
    drop(window, clip_path)
    qtbot.waitUntil(lambda: window.document.project is not None, timeout=WAIT)
    assert window.document.project.observations.kind == "joints3d"
    assert window.document.project.settings.preset == "joints3d"
    assert [action.text() for action in window.recent_menu.actions()] == [str(clip_path)]
    assert window.start_page.recent.count() == 1


def test_the_file_dialog_opens_a_clip(qtbot, window, clip_path, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_arguments: (str(clip_path), ""))
    window.actions_table["open"].trigger()
    qtbot.waitUntil(lambda: window.document.project is not None, timeout=WAIT)
    assert window.document.project.name == "walk"


def test_a_recent_clip_opens_by_a_click(qtbot, make_window, fake, clip_path):
    first = make_window(fake[0])
    open_clip(qtbot, first, clip_path)
    first.close()
    second = make_window(fake[0])
    listed = second.start_page.recent
    place = listed.visualItemRect(listed.item(0)).center()
    qtbot.mouseClick(listed.viewport(), Qt.MouseButton.LeftButton, pos=place)
    qtbot.waitUntil(lambda: second.document.project is not None, timeout=WAIT)


@pytest.mark.parametrize("name", ["absent.npz", "empty.npz", "notes.txt"])
def test_what_cannot_be_opened_says_why_and_what_to_do(qtbot, window, tmp_path, name):
    path = tmp_path / name
    if name == "empty.npz":
        np.savez(path, nothing=np.zeros(3))
    elif name == "notes.txt":
        path.write_text("no clip")
    window.opening.open_path(path)
    dialog = message_of(qtbot, window)
    assert dialog.message.text()
    assert dialog.hint.text()
    assert not dialog.details.isVisible()
    qtbot.mouseClick(dialog.fold, Qt.MouseButton.LeftButton)
    assert dialog.details.isVisible()
    assert "Error" in dialog.details.toPlainText()
    dialog.close()
    assert window.pages.currentWidget() is window.start_page
    assert QApplication.overrideCursor() is None


def test_another_clip_replaces_the_first(qtbot, opened, tmp_path):
    from window_fakes import make_walk, write_joints_clip

    other = write_joints_clip(tmp_path / "other.npz", make_walk(20, 1))
    opened.playback.seek(39)
    open_clip(qtbot, opened, other)
    assert opened.playback.frame == 0
    assert opened.playback.frames == 20
    assert opened.timeline_panel.timeline.content.frames == 20
    assert not opened.camera_panel.view.isVisible()


def test_the_command_line_is_read():
    assert parse_arguments(["a.npz"]).path == Path("a.npz")
    assert parse_arguments(["--demo"]).is_demo
    assert parse_arguments([]).path is None


def test_a_video_asks_for_its_keypoints(qtbot, window, tmp_path, monkeypatch):
    from motionfit.files.demo import demo_path

    video = demo_path() / "clip.mp4"
    asked = []

    def choose(_parent, title, _folder):
        asked.append(title)
        return answers.pop(0)

    answers = ["", str(tmp_path / "absent")]
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", choose)
    window.opening.open_path(video)
    assert "clip.mp4" in asked[0]
    assert window.start_page.busy.text() == ""
    window.opening.open_path(video)
    dialog = message_of(qtbot, window)
    assert "absent" in dialog.message.text()
    dialog.close()
