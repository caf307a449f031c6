"""The result leaves for other programs."""

import numpy as np
import pytest
import torch
from PySide6.QtWidgets import QFileDialog
from window_driving import WAIT, run_fit

from motionfit.files.amass import read_amass
from motionfit_app.state.document import ShownKey
from motionfit_app.widgets.message_dialog import MessageDialog


@pytest.fixture
def choose(monkeypatch):
    def answer(path, kind=""):
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_arguments: (str(path), kind))

    return answer


def export(qtbot, window):
    with qtbot.waitSignal(window.exporting.message, timeout=WAIT) as told:
        window.actions_table["export"].trigger()
    return told.args[0]


def test_export_needs_a_result_first(qtbot, opened):
    assert not opened.actions_table["export"].isEnabled()
    run_fit(qtbot, opened)
    assert opened.actions_table["export"].isEnabled()


def test_the_stage_that_is_shown_alone_is_written(qtbot, opened, choose, tmp_path):
    run_fit(qtbot, opened)
    stages = opened.document.current_run.result.stages
    choose(tmp_path / "walk.npz")
    assert str(tmp_path / "walk.npz") in export(qtbot, opened)
    assert torch.allclose(read_amass(tmp_path / "walk.npz", None).translation, stages["stage3"].motion.translation)
    opened.document.show(frozenset({ShownKey(1, "stage2")}))
    export(qtbot, opened)
    assert torch.allclose(read_amass(tmp_path / "walk.npz", None).translation, stages["stage2"].motion.translation)


def test_a_name_without_an_end_gets_that_of_the_chosen_kind(qtbot, opened, choose, tmp_path):
    run_fit(qtbot, opened)
    choose(tmp_path / "walk", "Skeleton and rotations, BVH (*.bvh)")
    export(qtbot, opened)
    assert (tmp_path / "walk.bvh").read_text().startswith("HIERARCHY")
    assert opened.status_line.currentMessage().endswith("walk.bvh.")


def test_an_export_that_fails_says_why_and_the_window_goes_on(qtbot, opened, choose, tmp_path):
    run_fit(qtbot, opened)
    choose(tmp_path / "walk.fbx")
    with qtbot.waitSignal(opened.exporting.failed, timeout=WAIT):
        opened.actions_table["export"].trigger()
    dialog = opened.findChildren(MessageDialog)[0]
    assert "fbx" in dialog.message.text()
    dialog.close()
    choose(tmp_path / "walk.csv")
    export(qtbot, opened)
    assert np.loadtxt(tmp_path / "walk.csv", delimiter=",", skiprows=1, usecols=0).shape[0] == opened.playback.frames
