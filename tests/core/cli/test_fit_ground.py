import pytest

from motionfit.cli import build_parser, fit_job
from motionfit.errors import InputError
from motionfit.files.inputs import ClipInput
from motionfit.simulation import simulate


@pytest.fixture
def clip(walking, open_body):
    return ClipInput("walk", simulate(walking, open_body, "project=640x360:f500"))


def parsed(*words):
    return build_parser().parse_args(["fit", "a", "-o", "b", *words])


def test_ground_and_contacts_reach_the_settings(clip):
    given = parsed("--ground", "level", "--contact", "left_foot@3:9=1", "--contact", "head@0:2=0")
    settings = fit_job.settings_for(given, clip)
    assert settings.ground == "level"
    assert [str(contact) for contact in settings.contacts] == ["left_foot@3:9=1", "head@0:2=0"]
    assert fit_job.settings_for(parsed(), clip).ground == "default"


def test_a_floor_by_hand_is_held(clip):
    given = parsed("--floor=0,-2,0.0,-2.6")
    floored = fit_job.with_floor(clip, given.floor).observations
    assert floored.floor_is_given
    assert floored.floor.normal.tolist() == [0.0, -1.0, 0.0]
    assert float(floored.floor.offset) == pytest.approx(-1.3)


@pytest.mark.parametrize(
    ("plane", "said"),
    [
        ((0.0, 1.0, 0.0, 1.0), "points down"),
        ((0.0, 0.0, 0.0, 1.0), "is zero"),
        ((0.0, float("nan"), 0.0, 1.0), "not a normal"),
    ],
)
def test_a_floor_that_is_none_is_refused(clip, plane, said):
    with pytest.raises(InputError, match=said):
        fit_job.with_floor(clip, plane)


@pytest.mark.parametrize(
    "words", [["--ground", "flat"], ["--floor", "1,2,3"], ["--floor", "a,b,c,d"], ["--contact", "foot@1:2=1"]]
)
def test_nonsense_is_wrong_usage(words, capsys):
    with pytest.raises(SystemExit) as stop:
        parsed(*words)
    assert stop.value.code == 2
    assert words[0] in capsys.readouterr().err


def test_a_given_floor_that_is_not_there_and_contacts_beyond_the_clip_are_told_before_the_fit(
    motion_file, run_json, tmp_path
):
    fit = ("fit", motion_file, "--threads", "1", "-o", tmp_path / "out")
    code, report, _ = run_json(*fit, "--simulate", "project=640x360:f500", "--ground", "given")
    assert (code, report["error"]["kind"]) == (1, "settings")
    assert "no given floor" in report["error"]["message"]
    code, report, _ = run_json(*fit, "--simulate", "noise=0", "--contact", "head@5:50=1")
    assert (code, report["error"]["kind"]) == (1, "settings")
    assert "10 frames" in report["error"]["hint"]
