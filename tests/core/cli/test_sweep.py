import pytest

from motionfit.bench import sweep


@pytest.fixture
def asked(monkeypatch):
    """A sweep takes hours and has tests of its own: here only how it is called."""
    calls = []

    def run_sweep(given, note):
        note("a note")
        calls.append(given)
        return {"objective": 0.9, "weights": {"stage3.motion_prior": 0.01}, "trials": []}

    monkeypatch.setattr(sweep, "run_sweep", run_sweep)
    return calls


def test_what_is_given_reaches_the_sweep(asked, run_json, tmp_path):
    output = tmp_path / "tuned.toml"
    words = ("--task", "video", "--weights", "stage3.motion_prior, stage3.floor", "--trials", "7", "--every", "3")
    code, report, _ = run_json("sweep", tmp_path, "-o", output, *words, "--threads", "1")
    assert (code, report["objective"]) == (0, 0.9)
    (given,) = asked
    assert (given.task.name, given.preset) == ("video", "video")
    assert given.weights == ("stage3.motion_prior", "stage3.floor")
    assert (given.data, given.output, given.trials, given.every) == (tmp_path, output, 7, 3)


def test_the_tuned_weights_are_printed_with_where_they_are(asked, run, tmp_path):
    code, out, _ = run("sweep", tmp_path, "-o", tmp_path / "tuned.toml", "--threads", "1")
    assert code == 0
    assert "stage3.motion_prior" in out
    assert "tuned.toml" in out.replace("\n", "")
