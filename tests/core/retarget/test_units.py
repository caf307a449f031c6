import pytest

from motionfit.errors import InputError
from motionfit.retarget.units import METRES_PER_UNIT, guess_unit, metres_per_unit


@pytest.mark.parametrize("unit", METRES_PER_UNIT)
@pytest.mark.parametrize("leg_metres", [0.6, 0.82, 1.1])
def test_children_and_giants_are_measured_in_the_right_unit(unit, leg_metres):
    leg_length = leg_metres / METRES_PER_UNIT[unit]
    assert guess_unit(leg_length) == unit
    assert metres_per_unit(leg_length) == (METRES_PER_UNIT[unit], ())


def test_what_the_file_says_counts_if_legs_can_be_as_long():
    assert metres_per_unit(14.0, own=0.06) == (0.06, ())
    assert metres_per_unit(82.0, own=0.06) == (0.01, ())


def test_what_the_user_says_counts_always():
    assert metres_per_unit(82.0, unit="m", own=0.01) == (1.0, ())


def test_legs_that_fit_nothing_are_told():
    assert len(metres_per_unit(30000.0)[1]) == 1
    with pytest.raises(InputError, match="no length unit feet"):
        metres_per_unit(82.0, unit="feet")
