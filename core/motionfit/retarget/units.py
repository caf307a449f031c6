"""The length unit of a motion capture file, which BVH does not name."""

from __future__ import annotations

import math

from motionfit.errors import InputError

METRES_PER_UNIT: dict[str, float] = {"m": 1.0, "cm": 0.01, "mm": 0.001, "in": 0.0254, "cmu": 0.0254 / 0.45}
"""Units that occur; "cmu" is that of the CMU database (inches at the scale 0.45)."""

_LEG_LENGTH_METRES = 0.82
"""Hip to ankle of an adult of 1.7 m."""

_SHORTEST, _LONGEST = 0.45, 1.3


def guess_unit(leg_length: float) -> str:
    """The unit in which a leg (hip to knee to ankle, along the bones) comes nearest to that of an adult.

    Neighbouring units differ by 2.2 or more, so legs between 0.56 and 1.22 m are told apart without doubt.
    """
    return min(METRES_PER_UNIT, key=lambda unit: abs(math.log(leg_length * METRES_PER_UNIT[unit] / _LEG_LENGTH_METRES)))


def metres_per_unit(
    leg_length: float, unit: str | None = None, own: float | None = None
) -> tuple[float, tuple[str, ...]]:
    """The length unit of a file, and warnings about what was assumed.

    Args:
        leg_length: Hip to ankle in the file's unit, along the bones; above 0.
        unit: What the user says it is, one of `METRES_PER_UNIT`.
        own: Metres per unit as the file says, where it does.

    Raises:
        InputError: There is no such unit.
    """
    if unit is not None:
        if unit not in METRES_PER_UNIT:
            raise InputError(f"There is no length unit {unit}.", f"Use one of {', '.join(METRES_PER_UNIT)}.")
        return METRES_PER_UNIT[unit], ()
    if own is not None and _SHORTEST < leg_length * own < _LONGEST:
        return own, ()
    scale = METRES_PER_UNIT[guess_unit(leg_length)]
    leg = leg_length * scale
    if _SHORTEST < leg < _LONGEST:
        return scale, ()
    return scale, (f"Legs of {leg_length:g} units fit no known length unit; they are taken as {leg:.2f} m long.",)
