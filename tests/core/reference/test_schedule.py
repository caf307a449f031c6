"""The presets hold the published schedule and weights, and nothing that the schedule does not know."""

import pytest

from motionfit.pipeline import stages
from motionfit.pipeline.settings import load_preset, preset_names
from motionfit.reference.schedule import PHASES, REFINE, ROOT, Schedule

PRESETS = [name for name in preset_names() if load_preset(name).method == "reference"]
# 30/70/70 and 30/80/70 L-BFGS steps; x0 is held from step 30 to step 55 of stage III
ITERATIONS = {"root": 30, "pose": 70, "tune_x0": 30, "hold_x0": 25, "refine": 15}


def test_there_is_a_preset_for_each_kind_of_observation():
    assert PRESETS == ["reference-3d", "reference-3d-keypoints", "reference-video"]


@pytest.mark.parametrize("name", PRESETS)
def test_presets_weigh_only_terms_of_the_published_phases(name):
    settings = load_preset(name)
    for stage, weights in settings.weights.items():
        assert set(weights) <= {term for phase in PHASES if phase.stage == stage for term in phase.terms}
    assert settings.iterations == ITERATIONS | ({"pose": 80} if name == "reference-video" else {})
    assert (settings.window, settings.overlap) == (60, 10)


def test_phases_are_named_as_those_of_the_pipeline():
    assert [(phase.key, phase.stage) for phase in PHASES] == [(phase.key, phase.stage) for phase in stages.PHASES]


def test_terms_without_weight_do_not_count():
    schedule = Schedule({"stage1": {"keypoints2d": 2.0, "overlap": 0.0, "smoothness": 1.0}})
    assert schedule.weights_of(ROOT) == {"keypoints2d": 2.0}
    assert schedule.weights_of(REFINE) == {}
