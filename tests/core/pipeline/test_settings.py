import pytest

from motionfit.errors import SettingsError
from motionfit.pipeline.freezes import Freeze
from motionfit.pipeline.settings import SOLVERS, FitSettings, load_preset, preset_names
from motionfit.pipeline.stages import PHASES, TERM_TITLES, VARIABLE_TITLES

OWN_PRESETS = [name for name in preset_names() if load_preset(name).method == "motionfit"]


@pytest.mark.parametrize("name", OWN_PRESETS)
def test_every_shipped_preset_loads_and_weighs_only_terms_of_the_stage(name):
    settings = load_preset(name)
    for stage, weights in settings.weights.items():
        used = {term for phase in PHASES if phase.stage == stage for term in phase.terms}
        assert set(weights) <= used


def test_phases_name_known_variables_and_terms_only():
    for phase in PHASES:
        assert set(phase.free) <= set(VARIABLE_TITLES)
        assert set(phase.terms) <= set(TERM_TITLES)


def test_unknown_names_come_with_the_nearest_known_one(tmp_path):
    with pytest.raises(SettingsError) as caught:
        load_preset("keypoint3d")
    assert "keypoints3d" in caught.value.hint
    path = tmp_path / "mine.toml"
    path.write_text("[weights.stage2]\npose_priors = 1.0\n")
    with pytest.raises(SettingsError) as caught:
        load_preset(str(path))
    assert "pose_prior" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("window = ", "not valid TOML"),
        ("[weights.stage1]\njoints3d = 'much'\n", "could not convert"),
        ("[weights.stage1]\njoints3d = -1.0\n", "must not be negative"),
        ("window = 2\n", "needs 3 or more"),
        ("window = 10\noverlap = 10\n", "below the window"),
        ("weight = 3\n", "Unknown key"),
        ("[solver]\nstage1 = 'newton'\n", "Unknown solver of stage1"),
        ("[solver]\nstage3 = 'levenberg-marquardt'\n", "Unknown solver of stage3"),
        ("[solver]\nstage4 = 'l-bfgs'\n", "Unknown stage in solver"),
    ],
)
def test_bad_presets_say_what_is_wrong(tmp_path, text, message):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=message):
        load_preset(str(path))


def test_a_missing_preset_file_is_named(tmp_path):
    with pytest.raises(SettingsError, match="There is no preset file"):
        load_preset(str(tmp_path / "none.toml"))


def test_freezes_are_parsed_and_found_by_phase_stage_and_everywhere():
    assert Freeze.parse("shape@stage2") == Freeze("shape", "stage2")
    assert Freeze.parse("floor") == Freeze("floor", "all")
    freezes = frozenset({Freeze("shape", "stage3"), Freeze("body_pose", "refine"), Freeze("floor")})
    settings = FitSettings("test", {}, freezes=freezes)
    assert settings.frozen_in("refine") == {"shape", "body_pose", "floor"}
    assert settings.frozen_in("hold_x0") == {"shape", "floor"}
    assert settings.frozen_in("pose") == {"floor"}
    with pytest.raises(SettingsError):
        Freeze.parse("shapes")
    with pytest.raises(SettingsError):
        Freeze.parse("shape@stage9")


def test_a_preset_names_the_solver_of_a_stage_and_the_others_keep_the_first(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text("[solver]\nstage2 = 'levenberg-marquardt'\n")
    settings = load_preset(str(path))
    assert [settings.solver_of(stage) for stage in SOLVERS] == ["l-bfgs", "levenberg-marquardt", "l-bfgs"]
