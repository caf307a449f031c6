"""Settings from TOML: every mistake is named with what was meant."""

import tomllib
from dataclasses import asdict

import pytest

from motionfit.errors import SettingsError
from motionfit.training.configuration import (
    as_toml,
    flat,
    parse_assignment,
    read_configuration,
    shipped_folder,
    with_tables,
)
from motionfit.training.kinds import DEFAULTS, settings_of


@pytest.mark.parametrize("kind", list(DEFAULTS))
def test_what_is_written_is_read_again(kind):
    settings = DEFAULTS[kind]
    text = as_toml(asdict(settings))
    assert with_tables(settings, tomllib.loads(text), "file") == settings


@pytest.mark.parametrize("path", sorted(shipped_folder().glob("*.toml")), ids=lambda path: path.stem)
def test_shipped_configurations_are_possible(path):
    kind = "pose-prior" if path.stem == "vposer" else "motion-prior"
    assert settings_of(kind, path.stem, []) != DEFAULTS[kind]


def test_following_is_the_weights_of_that_name():
    from motionfit.training.motion_loss import FOLLOWING_WEIGHTS

    assert settings_of("motion-prior", "following", []).prior.weights == FOLLOWING_WEIGHTS


def test_single_settings_come_last():
    found = settings_of(
        "motion-prior", "humor", [parse_assignment("loop.epochs=7"), parse_assignment("prior.weights.kl=1")]
    )
    assert found.loop.epochs == 7
    assert found.prior.weights.kl == 1.0
    assert found.prior.batch == 200
    assert found.loop.step_epochs == (50, 80, 140)


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("lop.epochs=3", "Did you mean 'loop'"),
        ("loop.epoch=3", "Did you mean 'epochs'"),
        ("loop.epochs=three", "a whole number"),
        ("loop.epochs=2.5", "a whole number"),
        ("loop.epochs=-3", "epochs is -3; it must be 1 or more"),
        ("loop.learning_rate=0", "must be above 0"),
        ("loop.learning_rate=nan", "must be above 0"),
        ("loop.schedule=linear", "Known: cosine, steps, plateau"),
        ("loop.schedule=steps", "no step_epochs"),
        ("loop.step_epochs=[3]", "1 step_epochs and 0 step_factors"),
        ("loop.step_epochs=3", "must be a list"),
        ("loop=3", "must be a table"),
        ("prior.batch=0", "batch is 0"),
        ("prior.full_mesh=1", "true or false"),
        ("prior.widths.encoder=[100]", "multiple of 16"),
        ("prior.widths.encoder=[64.0]", "a whole number"),
        ("prior.reshape_epochs=0", "reshape_epochs is 0"),
        ("loop.epochs", "KEY=VALUE"),
        ("=3", "KEY=VALUE"),
    ],
)
def test_what_is_not_possible_is_said(assignment, message):
    with pytest.raises(SettingsError) as error:
        settings_of("motion-prior", None, [parse_assignment(assignment)])
    assert message in str(error.value)


def test_a_configuration_that_is_not_there_is_said(tmp_path):
    with pytest.raises(SettingsError, match="Did you mean 'humor'"):
        read_configuration("humour")
    with pytest.raises(SettingsError, match="no configuration file"):
        read_configuration(str(tmp_path / "none.toml"))
    broken = tmp_path / "broken.toml"
    broken.write_text("a = ")
    with pytest.raises(SettingsError, match="not valid TOML"):
        read_configuration(str(broken))


def test_settings_that_only_make_sense_together_may_come_one_by_one():
    words = ("loop.schedule=steps", "loop.step_epochs=[1,3]", "loop.step_factors=[0.5,0.1]")
    found = settings_of("pose-prior", None, [parse_assignment(word) for word in words])
    assert found.loop.step_factors == (0.5, 0.1)


def test_values_have_dotted_keys():
    assert flat({"a": {"b": 1, "c": {"d": [2]}}, "e": 3}) == {"a.b": 1, "a.c.d": [2], "e": 3}
