"""The freeze matrix: which variable is held in which phase, as cells and as the settings' freezes."""

from __future__ import annotations

from dataclasses import replace

from motionfit.pipeline.freezes import Freeze
from motionfit.pipeline.settings import FitSettings
from motionfit.pipeline.stages import PHASES

Cell = tuple[str, str]
"""A variable and a phase."""


def can_freeze(variable: str, phase_key: str) -> bool:
    """Whether a phase would change the variable at all."""
    return any(phase.key == phase_key and variable in phase.free for phase in PHASES)


def frozen_cells(settings: FitSettings) -> frozenset[Cell]:
    """The cells that are held."""
    return frozenset(
        (variable, phase.key)
        for phase in PHASES
        for variable in settings.frozen_in(phase.key)
        if variable in phase.free
    )


def with_frozen_cells(settings: FitSettings, cells: frozenset[Cell]) -> FitSettings:
    """The same settings with exactly these cells held; parts and frames that are held stay so."""
    restricted = frozenset(each for each in settings.freezes if not each.is_whole)
    freezes = frozenset(Freeze(variable, phase) for variable, phase in cells if can_freeze(variable, phase))
    return replace(settings, freezes=freezes | restricted)


def with_cell(settings: FitSettings, cell: Cell, held: bool) -> FitSettings:
    """The same settings with one cell held or free."""
    cells = frozen_cells(settings)
    return with_frozen_cells(settings, cells | {cell} if held else cells - {cell})
