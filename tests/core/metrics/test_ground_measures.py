from motionfit.metrics.diagnostics import MEASURES
from motionfit.metrics.evaluation import METRIC_TITLES
from motionfit.metrics.ground_measures import NEED_GROUND, without_ground


def test_only_known_measures_need_a_ground_and_the_others_stay():
    assert {*METRIC_TITLES, *MEASURES} >= NEED_GROUND
    assert without_ground({"penetration_cm": 1.0, "mpjpe_mm": 2.0}) == {"mpjpe_mm": 2.0}
