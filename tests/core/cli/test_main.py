import subprocess
import sys

import pytest

from motionfit.cli import build_parser, demo, main


def test_the_commands_of_this_version_are_there(run):
    code, out, _ = run("--help")
    assert code == 0
    for command in ("fit", "eval", "demo", "doctor", "bench"):
        assert command in out


def test_the_version_is_told(run):
    code, out, _ = run("--version")
    assert code == 0
    assert out.startswith("motionfit 0.")


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["nonsense"],
        ["fit"],
        ["fit", "a.npz"],
        ["fit", "a.npz", "-o", "x", "--stages", "4"],
        ["fit", "a.npz", "-o", "x", "--stages", "1,3"],
        ["fit", "a.npz", "-o", "x", "--freeze", "florr"],
        ["fit", "a.npz", "-o", "x", "--freeze", "floor@stage9"],
        ["fit", "a.npz", "-o", "x", "--threads", "0"],
        ["fit", "a.npz", "-o", "x", "--device", "tpu"],
        ["fit", "a.npz", "-o", "x", "--window", "many"],
        ["eval", "result"],
        ["bench"],
    ],
)
def test_wrong_usage_is_told_with_code_2(run, words):
    code, out, err = run(*words)
    assert code == 2
    assert out == ""
    assert "error" in err


def test_a_mistyped_variable_gets_a_guess(run):
    _, _, err = run("fit", "a.npz", "-o", "x", "--freeze", "florr")
    assert "Did you mean 'floor'?" in err


def test_stages_may_be_a_part():
    given = build_parser().parse_args(["fit", "a", "-o", "b", "--stages", "2,1", "--freeze", "shape@stage2"])
    assert given.stages == ("stage1", "stage2")
    assert [(freeze.variable, freeze.where) for freeze in given.freeze] == [("shape", "stage2")]
    assert given.threads >= 1


def test_the_command_line_loads_without_torch():
    code = "import sys, motionfit.cli; sys.exit(any(name in sys.modules for name in ('torch', 'rich', 'av', 'scipy')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_an_interrupt_and_a_fault_have_their_codes(run_json, monkeypatch):
    def interrupt(_given):
        raise KeyboardInterrupt

    def fault(_given):
        raise RuntimeError("oops")

    monkeypatch.setattr(demo, "run", interrupt)
    code, report, _ = run_json("demo")
    assert (code, report["error"]["kind"]) == (130, "interrupted")
    monkeypatch.setattr(demo, "run", fault)
    code, report, err = run_json("demo")
    assert (code, report["error"]["kind"]) == (1, "unexpected")
    assert "oops" in err


def test_python_m_motionfit_is_the_same():
    done = subprocess.run(
        [sys.executable, "-m", "motionfit", "fit", "nothing.npz", "-o", "nowhere"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "There is no nothing.npz" in done.stderr
    assert main(["--version"]) == 0
