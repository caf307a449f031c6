"""Freeze, weigh, choose presets, undo and redo, as a user does."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit, QPushButton
from window_driving import run_fit

from motionfit.pipeline.settings import load_preset
from motionfit_app.panels.weights_table import terms_for

LEFT = Qt.MouseButton.LeftButton


def click_cell(qtbot, window, variable, phase):
    window.stages_panel.tabs.setCurrentWidget(window.stages_panel.freezes)
    cell = window.stages_panel.freezes.cells[variable, phase]
    qtbot.mouseClick(cell, LEFT, pos=cell.rect().center())


def edit_weight(qtbot, window, term, column, text):
    weights = window.stages_panel.weights
    window.stages_panel.tabs.setCurrentWidget(weights)
    row = terms_for("joints3d").index(term)
    item = weights.table.item(row, column)
    weights.table.scrollToItem(item)
    place = weights.table.visualItemRect(item).center()
    qtbot.mouseClick(weights.table.viewport(), LEFT, pos=place)
    qtbot.mouseDClick(weights.table.viewport(), LEFT, pos=place)
    editor = next(line for line in weights.table.findChildren(QLineEdit) if line.isVisible())
    editor.selectAll()
    qtbot.keyClicks(editor, text)
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: not editor.isVisible())


def test_a_ticked_cell_reaches_the_fit_and_is_undone(qtbot, opened, fake):
    click_cell(qtbot, opened, "shape", "pose")
    assert opened.document.project.settings.frozen_in("pose") == {"shape"}
    run_fit(qtbot, opened)
    assert fake[1].calls[0][0].frozen_in("pose") == {"shape"}
    opened.document.undo_stack.undo()
    opened.document.undo_stack.undo()
    assert not opened.document.project.settings.freezes
    assert not opened.stages_panel.freezes.cells["shape", "pose"].isChecked()


def test_a_row_is_held_and_freed_as_a_whole(qtbot, opened):
    button = opened.stages_panel.findChild(QPushButton, "freeze_row_translation")
    qtbot.mouseClick(button, LEFT)
    settings = opened.document.project.settings
    assert all("translation" in settings.frozen_in(key) for key in ("root", "pose", "tune_x0", "refine"))
    qtbot.mouseClick(button, LEFT)
    assert not opened.document.project.settings.freezes


def test_cells_without_effect_are_disabled(opened):
    cells = opened.stages_panel.freezes.cells
    assert not cells["motion_latents", "root"].isEnabled()
    assert not cells["translation", "hold_x0"].isEnabled()
    assert cells["motion_latents", "hold_x0"].isEnabled()


def test_a_weight_is_edited_marked_reset_and_undone(qtbot, opened):
    edit_weight(qtbot, opened, "pose_prior", 1, "0.25")
    weights = opened.stages_panel.weights
    row = terms_for("joints3d").index("pose_prior")
    assert opened.document.project.settings.weights["stage2"]["pose_prior"] == 0.25
    assert weights.table.item(row, 1).text() == "● 0.25"
    assert weights.reset_all.isEnabled()
    qtbot.mouseClick(weights.reset_all, LEFT)
    assert opened.document.project.settings.weights == load_preset("joints3d").weights
    assert "●" not in weights.table.item(row, 1).text()
    opened.actions_table.menus["edit"].actions()[0].trigger()
    assert opened.document.project.settings.weights["stage2"]["pose_prior"] == 0.25


def test_a_bad_weight_is_refused_in_words(qtbot, opened):
    edit_weight(qtbot, opened, "smoothness", 1, "lots")
    assert "not a number" in opened.status_line.currentMessage()
    edit_weight(qtbot, opened, "smoothness", 1, "-1")
    assert "negative" in opened.status_line.currentMessage()
    assert opened.document.project.settings.weights == load_preset("joints3d").weights


def test_choosing_a_preset_is_one_undoable_step(qtbot, opened):
    box = opened.stages_panel.preset
    box.setCurrentText("keypoints3d")
    box.activated.emit(box.currentIndex())
    assert opened.document.project.settings.preset == "keypoints3d"
    opened.document.undo_stack.undo()
    assert opened.document.project.settings.preset == "joints3d"
    assert box.currentText() == "joints3d"


def test_a_window_smaller_than_its_overlap_is_refused(qtbot, opened):
    form = opened.stages_panel.schedule
    opened.stages_panel.tabs.setCurrentWidget(form)
    form.overlap.setValue(80)
    form.overlap.editingFinished.emit()
    assert form.overlap.value() == 10
    assert "overlap" in opened.status_line.currentMessage().lower()


def test_undo_of_a_run_takes_it_off_the_list_and_redo_brings_it_back(qtbot, opened):
    run_fit(qtbot, opened)
    result = opened.document.runs[0].result
    opened.document.undo_stack.undo()
    assert opened.document.runs == ()
    assert opened.stages_panel.rows.cells["stage1", "status"].text() == "not run"
    opened.document.undo_stack.redo()
    assert opened.document.runs[0].result is result
