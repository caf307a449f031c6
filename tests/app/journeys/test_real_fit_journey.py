"""The whole way with the real solver, priors and files: run, freeze, re-run, stop, save, reopen."""

import pytest
import torch
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QToolButton
from window_driving import WAIT, open_clip, run_fit
from window_fakes import make_walk, write_joints_clip

from motionfit.pipeline.stages import STAGE_TITLES
from motionfit_app.jobs.core import installed_core

LEFT = Qt.MouseButton.LeftButton
FEW = {"root": 2, "pose": 3, "tune_x0": 1, "hold_x0": 1, "refine": 1}


@pytest.fixture
def real(make_window):
    return make_window(installed_core())


def few_iterations(window, **more):
    form = window.stages_panel.schedule
    for key, count in {**FEW, **more}.items():
        form.iterations[key].setValue(count)
    form.iterations["root"].editingFinished.emit()


def test_fit_freeze_rerun_save_and_reopen(qtbot, real, make_window, tmp_path, monkeypatch):
    open_clip(qtbot, real, write_joints_clip(tmp_path / "walk.npz", make_walk(16)))
    few_iterations(real)
    qtbot.mouseClick(real.stages_panel.findChild(QToolButton, "button_run"), LEFT)
    qtbot.waitUntil(lambda: len(real.document.runs) == 1, timeout=WAIT)
    first = real.document.runs[0].result
    assert list(first.stages) == list(STAGE_TITLES)
    assert len(first.stages["stage3"].history) > 0
    assert not torch.equal(first.stages["stage2"].motion.betas, first.stages["stage1"].motion.betas)
    assert real.diagnostics_panel.measure.count() > 1

    cell = real.stages_panel.freezes.cells["shape", "pose"]
    qtbot.mouseClick(cell, LEFT, pos=cell.rect().center())
    for phase in ("tune_x0", "hold_x0", "refine"):
        real.stages_panel.freezes.cells["shape", phase].click()
    button = real.stages_panel.findChild(QToolButton, "run_from_stage2")
    run_fit(qtbot, real, lambda: qtbot.mouseClick(button, LEFT))
    second = real.document.runs[1].result
    assert torch.equal(second.stages["stage1"].motion.translation, first.stages["stage1"].motion.translation)
    for stage in ("stage2", "stage3"):
        assert torch.equal(second.stages[stage].motion.betas, first.stages["stage1"].motion.betas)

    real.actions_table["compare_drift"].trigger()
    assert len(real.scene_panel.view._content.tracks) == 3
    path = tmp_path / "walk.motionfit"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_arguments: (str(path), ""))
    real.actions_table["save"].trigger()
    real.close()
    again = make_window(installed_core())
    open_clip(qtbot, again, path)
    assert [len(run.result.stages) for run in again.document.runs] == [4, 4]
    button = again.stages_panel.findChild(QToolButton, "run_from_stage3")
    few_iterations(again)
    run_fit(qtbot, again, lambda: qtbot.mouseClick(button, LEFT))
    assert list(again.document.runs[2].result.stages) == list(STAGE_TITLES)


def test_the_demo_is_fitted_live_and_stopped_in_time(qtbot, real):
    open_clip(qtbot, real, None)
    few_iterations(real, pose=500)
    seen = []
    real.live.motion_changed.connect(lambda: seen.append(real.live.motion))
    real.actions_table["run"].trigger()
    qtbot.waitUntil(lambda: len(seen) >= 2 and "stage2" in real.live.histories, timeout=WAIT)
    assert seen[-1].frames == real.document.project.observations.frames
    done = len(real.live.histories["stage2"])
    with qtbot.waitSignal(real.live.ended, timeout=WAIT):
        real.actions_table["stop"].trigger()
    result = real.document.runs[0].result
    assert result.cancelled
    assert "stage2" in result.stages
    assert len(result.stages["stage2"].history) < done + 30
    assert real.camera_panel.view.grab_image().width() > 50
