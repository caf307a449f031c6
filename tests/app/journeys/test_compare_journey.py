"""Choose what is shown, compare the drift, click plots."""

import pytest
from PySide6.QtCore import Qt
from window_driving import WAIT, run_fit

from motionfit_app.state.document import ShownKey

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def fitted(qtbot, opened):
    run_fit(qtbot, opened)
    return opened


def shown_stages(window):
    return {key.stage for key in window.document.shown}


def tick(qtbot, window, key):
    """Click the box of a row."""
    panel = window.project_panel
    qtbot.waitUntil(lambda: panel.item_of(key) is not None, timeout=WAIT)
    area = panel.tree.visualItemRect(panel.item_of(key))
    qtbot.mouseClick(panel.tree.viewport(), LEFT, pos=area.topLeft() + (area.bottomLeft() - area.topLeft()) / 2 + _BOX)


from PySide6.QtCore import QPoint  # noqa: E402

_BOX = QPoint(9, 0)


def test_compare_drift_shows_three_bodies_in_three_colours(qtbot, fitted):
    qtbot.keyClick(fitted, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    assert shown_stages(fitted) == {"stage2", "stage3_init", "stage3"}
    tracks = fitted.scene_panel.view._content.tracks
    assert len({track.colour.name() for track in tracks}) == 3
    assert fitted.drift_panel.isVisible()
    fitted.scene_panel.separation.setValue(5)
    offsets = [track.offset for track in fitted.scene_panel.view._content.tracks]
    assert offsets == pytest.approx([-0.5, 0.0, 0.5])
    legend = fitted.scene_panel.legend.text()
    assert "initial" in legend
    assert "pose" in legend


def test_ticking_a_stage_adds_it_to_the_views(qtbot, fitted):
    assert shown_stages(fitted) == {"stage3"}
    tick(qtbot, fitted, ShownKey(1, "stage1"))
    assert shown_stages(fitted) == {"stage1", "stage3"}
    tick(qtbot, fitted, ShownKey(1, "stage3"))
    assert shown_stages(fitted) == {"stage1"}


def test_two_runs_are_compared_in_different_colours(qtbot, fitted):
    run_fit(qtbot, fitted)
    fitted.document.show(frozenset({ShownKey(1, "stage3"), ShownKey(2, "stage3")}))
    first, second = fitted.scene_panel.view._content.tracks
    assert first.colour != second.colour
    assert first.name.startswith("Run 1")
    assert second.name.startswith("Run 2")


def test_a_click_on_the_drift_plot_moves_the_playhead(qtbot, fitted):
    plot = fitted.drift_panel.plots["root_cm"]
    fitted.workbench.docks["drift"].raise_()
    qtbot.waitUntil(plot.isVisible, timeout=WAIT)
    place = plot.position_of(25).toPoint()
    qtbot.mouseMove(plot.plot.viewport(), place)
    qtbot.mouseClick(plot.plot.viewport(), LEFT, pos=place)
    qtbot.waitUntil(lambda: abs(fitted.playback.frame - 25) <= 1, timeout=WAIT)


def test_the_roll_out_drifts_more_than_the_result(fitted):
    lines = fitted.drift_panel.plots["root_cm"]._lines
    rollout, result = (line.yData for line in lines)
    assert rollout[-1] > 3 * result[-1]


def test_losses_can_be_raw_linear_and_without_a_term(qtbot, fitted):
    panel = fitted.losses_panel
    plot = panel.plots["stage2"]
    weighted = plot._lines["pose_prior", False].yData.copy()
    panel.values.setCurrentIndex(1)
    raw = plot._lines["pose_prior", False].yData
    assert (raw > weighted).all()
    qtbot.mouseClick(panel.log, LEFT, pos=panel.log.rect().center() - panel.log.rect().center() + QPoint(8, 8))
    assert not panel.log.isChecked()
    assert plot._lines["pose_prior", False].yData[0] == pytest.approx(10 ** raw[0])
    row = next(r for r in range(panel.terms.count()) if panel.terms.item(r).text() == "pose prior")
    panel.terms.item(row).setCheckState(Qt.CheckState.Unchecked)
    assert "pose_prior" not in plot.visible_terms


def test_an_earlier_run_is_drawn_thin(qtbot, fitted):
    fitted.stages_panel.schedule.iterations["pose"].setValue(12)
    fitted.stages_panel.schedule.iterations["pose"].editingFinished.emit()
    run_fit(qtbot, fitted)
    plot = fitted.losses_panel.plots["stage2"]
    assert plot._lines["total", True].isVisible()
    assert len(plot._lines["total", True].yData) == 8
    assert len(plot._lines["total", False].yData) == 12
    fitted.losses_panel.earlier.setChecked(False)
    assert not plot._lines["total", True].isVisible()


def test_the_error_plot_shows_each_shown_motion(qtbot, fitted):
    qtbot.keyClick(fitted, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    assert fitted.diagnostics_panel.plot.curve_count == 3
    fitted.diagnostics_panel.measure.setCurrentText("skating")
    assert fitted.diagnostics_panel.plot.curve_count == 1
