"""Save, reopen, and be asked before work is lost."""

import pytest
import torch
from PySide6.QtWidgets import QFileDialog, QMessageBox
from window_driving import WAIT, answer, open_clip, run_fit

from motionfit_app.state.document import ShownKey
from motionfit_app.widgets.message_dialog import MessageDialog

BUTTON = QMessageBox.StandardButton


@pytest.fixture
def save_path(tmp_path, monkeypatch):
    path = tmp_path / "work.motionfit"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_arguments: (str(path), ""))
    return path


def test_a_saved_project_comes_back_whole(qtbot, make_window, fake, clip_path, save_path):
    window = make_window(fake[0])
    open_clip(qtbot, window, clip_path)
    window.stages_panel.freezes.cells["shape", "pose"].click()
    run_fit(qtbot, window)
    window.document.show(frozenset({ShownKey(1, "stage2"), ShownKey(1, "stage3_init")}))
    window.playback.seek(23)
    window.playback.set_range((5, 30))
    assert window.document.is_unsaved
    window.actions_table["save"].trigger()
    assert not window.document.is_unsaved
    assert save_path.is_dir()
    before = window.document.runs[0].result
    window.close()

    again = make_window(fake[0])
    open_clip(qtbot, again, save_path)
    assert again.document.path == save_path
    after = again.document.runs[0].result
    assert list(after.stages) == list(before.stages)
    assert again.document.project.settings.frozen_in("pose") == {"shape"}
    for key, stage in before.stages.items():
        assert torch.allclose(after.stages[key].motion.translation, stage.motion.translation, atol=1e-5)
        assert len(after.stages[key].history) == len(stage.history)
    assert again.playback.frame == 23
    assert again.playback.selected_range == (5, 30)
    assert {key.stage for key in again.document.shown} == {"stage2", "stage3_init"}
    assert again.losses_panel.plots["stage2"].visible_terms
    assert not again.document.is_unsaved


@pytest.mark.parametrize("button", [BUTTON.Cancel, BUTTON.Discard, BUTTON.Save])
def test_closing_with_unsaved_work_asks(qtbot, opened, save_path, monkeypatch, button):
    run_fit(qtbot, opened)
    asked = answer(monkeypatch, button)
    opened.close()
    assert len(asked) == 1
    assert opened.isVisible() == (button == BUTTON.Cancel)
    assert save_path.exists() == (button == BUTTON.Save)


def test_nothing_is_asked_where_nothing_is_lost(qtbot, opened, monkeypatch):
    asked = answer(monkeypatch, BUTTON.Cancel)
    opened.close()
    assert asked == []
    assert not opened.isVisible()


def test_opening_another_clip_asks_too(qtbot, opened, clip_path, monkeypatch):
    run_fit(qtbot, opened)
    asked = answer(monkeypatch, BUTTON.Cancel)
    opened.opening.open_path(clip_path)
    assert len(asked) == 1
    assert len(opened.document.runs) == 1


def test_a_project_that_cannot_be_written_says_so(qtbot, opened, tmp_path, monkeypatch):
    blocker = tmp_path / "file"
    blocker.write_text("not a folder")
    target = str(blocker / "work.motionfit")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_arguments: (target, ""))
    run_fit(qtbot, opened)
    opened.actions_table["save_as"].trigger()
    dialog = next(iter(opened.findChildren(MessageDialog)))
    assert "cannot be saved" in dialog.message.text()
    dialog.close()
    assert opened.document.is_unsaved


def test_a_damaged_project_says_so(qtbot, window, tmp_path):
    folder = tmp_path / "bad.motionfit"
    folder.mkdir()
    (folder / "project.json").write_text("{")
    window.opening.open_path(folder)
    qtbot.waitUntil(lambda: bool(window.findChildren(MessageDialog)), timeout=WAIT)
    assert "damaged" in window.findChildren(MessageDialog)[0].message.text()
