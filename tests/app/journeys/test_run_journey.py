"""Run, watch, stop, re-run, fail, close: with a fit that pretends."""

import itertools

import pytest
from PySide6.QtCore import QElapsedTimer, Qt, QTimer
from PySide6.QtWidgets import QToolButton
from window_driving import WAIT, open_clip, run_fit
from window_fakes import fake_core

from motionfit.errors import FitError
from motionfit.pipeline.stages import STAGE_TITLES
from motionfit_app.panels.loss_plot import TOTAL
from motionfit_app.widgets.message_dialog import MessageDialog


def click_run(qtbot, window):
    button = window.stages_panel.findChild(QToolButton, "button_run")
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_a_run_fills_stages_losses_drift_and_timeline(qtbot, opened):
    run_fit(qtbot, opened, lambda: click_run(qtbot, opened))
    (run,) = opened.document.runs
    assert list(run.result.stages) == list(STAGE_TITLES)
    rows = opened.stages_panel.rows
    assert all(rows.cells[stage, "status"].text() == "✔" for stage in STAGE_TITLES)
    assert rows.cells["stage2", "iterations"].text() == "8"
    for plot in opened.losses_panel.plots.values():
        assert TOTAL in plot.visible_terms
    assert all(plot.curve_count == 2 for plot in opened.drift_panel.plots.values())
    titles = [strip.title for strip in opened.timeline_panel.timeline.content.strips]
    assert "Fit error" in titles
    assert "Contact L foot" in titles
    assert opened.document.is_unsaved
    assert opened.isWindowModified()


def test_while_it_runs_the_views_follow_and_the_window_answers(qtbot, make_window, clip_path):
    core, _fit = fake_core(seconds=0.02)
    window = make_window(core)
    open_clip(qtbot, window, clip_path)
    window.stages_panel.schedule.iterations["pose"].setValue(60)
    window.stages_panel.schedule.iterations["pose"].editingFinished.emit()
    motions, gaps, clock = [], [], QElapsedTimer()
    window.live.motion_changed.connect(lambda: motions.append(window.live.motion))
    emitted = []
    window.live.changed.connect(lambda: emitted.append(clock.elapsed()))
    clock.start()
    window.actions_table["run"].trigger()
    qtbot.waitUntil(lambda: len(motions) >= 3, timeout=WAIT)
    assert [track.name for track in window.scene_panel.view._content.tracks] == ["Running fit"]
    assert "closures/s" in window.status_line.run.text()
    assert not window.actions_table["run"].isEnabled()
    assert window.actions_table["stop"].isEnabled()
    assert window.stages_panel.progress.value() > 0
    window.playback.step(3)
    assert window.playback.frame == 3
    qtbot.waitUntil(lambda: not window.live.is_active, timeout=WAIT)
    gaps = [after - before for before, after in itertools.pairwise(emitted)]
    assert len(emitted) / max(emitted[-1] / 1000, 0.001) <= 32, gaps
    assert window.status_line.run.text() == ""


def test_stop_keeps_what_is_done(qtbot, make_window, clip_path):
    core, fit = fake_core(seconds=0.01)
    window = make_window(core)
    open_clip(qtbot, window, clip_path)
    window.stages_panel.schedule.iterations["pose"].setValue(5000)
    window.stages_panel.schedule.iterations["pose"].editingFinished.emit()
    window.actions_table["run"].trigger()
    qtbot.waitUntil(lambda: "stage2" in window.live.histories, timeout=WAIT)
    with qtbot.waitSignal(window.live.ended, timeout=WAIT):
        window.actions_table["stop"].trigger()
    (run,) = window.document.runs
    assert run.result.cancelled
    assert list(run.result.stages) == ["stage1", "stage2"]
    assert len(run.result.stages["stage2"].history) < 5000
    assert "stopped" in window.status_line.currentMessage()
    assert not window.actions_table["compare_drift"].isEnabled()
    assert len(fit.calls) == 1


@pytest.mark.parametrize("stage", ["stage2", "stage3"])
def test_running_from_a_stage_keeps_the_earlier_ones(qtbot, opened, fake, stage):
    run_fit(qtbot, opened)
    button = opened.stages_panel.findChild(QToolButton, f"run_from_{stage}")
    run_fit(qtbot, opened, lambda: qtbot.mouseClick(button, Qt.MouseButton.LeftButton))
    first, second = opened.document.runs
    settings, previous = fake[1].calls[1]
    assert settings.stages[0] == stage
    assert stage not in previous.stages
    assert second.result.stages["stage1"] is first.result.stages["stage1"]
    assert (second.result.stages["stage2"] is first.result.stages["stage2"]) == (stage == "stage3")
    assert opened.document.current_run is second


def test_stages_that_need_earlier_ones_cannot_be_run_before(opened):
    buttons = opened.stages_panel.rows.buttons
    assert buttons["stage1"].isEnabled()
    assert not buttons["stage2"].isEnabled()
    assert not buttons["stage3"].isEnabled()


@pytest.mark.parametrize(
    "error", [FitError("The loss is not finite.", "Lower the weight of overlap."), RuntimeError("boom")]
)
def test_a_failed_run_says_so_and_leaves_the_window_usable(qtbot, make_window, clip_path, error, caplog):
    core, fit = fake_core(error=error)
    window = make_window(core)
    open_clip(qtbot, window, clip_path)
    run_fit(qtbot, window)
    dialog = next(iter(window.findChildren(MessageDialog)))
    assert dialog.isVisible()
    assert str(error.args[0]) in dialog.message.text()
    dialog.close()
    fit.error = None
    run_fit(qtbot, window)
    assert len(window.document.runs) == 1


def test_closing_during_a_run_stops_it_first(qtbot, make_window, clip_path):
    core, _fit = fake_core(seconds=0.01)
    window = make_window(core)
    open_clip(qtbot, window, clip_path)
    window.stages_panel.schedule.iterations["pose"].setValue(5000)
    window.stages_panel.schedule.iterations["pose"].editingFinished.emit()
    window.actions_table["run"].trigger()
    qtbot.waitUntil(lambda: "stage2" in window.live.histories, timeout=WAIT)
    window.live.ended.connect(window.document.undo_stack.setClean)
    QTimer.singleShot(0, window.close)
    window.opening.may_close = lambda: True
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=WAIT)
    assert len(window.document.runs) == 1
    assert window.document.runs[0].result.cancelled


def test_nothing_else_opens_while_a_fit_runs(qtbot, make_window, clip_path):
    core, _fit = fake_core(seconds=0.02)
    window = make_window(core)
    open_clip(qtbot, window, clip_path)
    window.actions_table["run"].trigger()
    qtbot.waitUntil(lambda: window.live.progress is not None, timeout=WAIT)
    project = window.document.project
    window.opening.open_demo()
    dialog = next(iter(window.findChildren(MessageDialog)))
    assert "running" in dialog.message.text()
    dialog.close()
    window.actions_table["stop"].trigger()
    qtbot.waitUntil(lambda: not window.live.is_active, timeout=WAIT)
    assert window.document.project.name == project.name
