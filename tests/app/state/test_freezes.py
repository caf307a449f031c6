"""The freeze matrix and the settings' freezes say the same."""

from dataclasses import replace

from motionfit.pipeline.freezes import Freeze
from motionfit.pipeline.settings import load_preset
from motionfit.pipeline.stages import PHASES, VARIABLE_TITLES
from motionfit_app.state.freezes import can_freeze, frozen_cells, with_cell, with_frozen_cells


def test_only_what_a_phase_changes_can_be_held():
    for phase in PHASES:
        for variable in VARIABLE_TITLES:
            assert can_freeze(variable, phase.key) == (variable in phase.free)


def test_every_cell_goes_there_and_back():
    settings = load_preset("joints3d")
    for phase in PHASES:
        for variable in phase.free:
            held = with_cell(settings, (variable, phase.key), True)
            assert frozen_cells(held) == {(variable, phase.key)}
            assert held.frozen_in(phase.key) == {variable}
            assert with_cell(held, (variable, phase.key), False) == settings


def test_freezes_of_a_whole_stage_or_everywhere_become_cells():
    settings = replace(load_preset("joints3d"), freezes=frozenset({Freeze("shape"), Freeze("floor", "stage3")}))
    cells = frozen_cells(settings)
    assert cells == {("shape", key) for key in ("pose", "tune_x0", "hold_x0", "refine")} | {
        ("floor", key) for key in ("tune_x0", "hold_x0", "refine")
    }
    again = with_frozen_cells(settings, cells)
    assert frozen_cells(again) == cells
    less = with_cell(settings, ("shape", "pose"), False)
    assert frozen_cells(less) == cells - {("shape", "pose")}
