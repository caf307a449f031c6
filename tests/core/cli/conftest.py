import json
import re
import shutil

import pytest

from motionfit.cli import main
from motionfit.files.amass import write_amass
from motionfit.pipeline.settings import preset_folder

ITERATIONS = "[iterations]\nroot = 3\npose = 3\ntune_x0 = 1\nhold_x0 = 1\nrefine = 1\n"


@pytest.fixture(scope="session")
def presets(tmp_path_factory):
    """The shipped presets with hardly any iterations."""
    folder = tmp_path_factory.mktemp("presets")
    for path in preset_folder().glob("*.toml"):
        own = re.sub(r"(?m)^\[iterations\]\n(\w+ = \d+\n)*", "", path.read_text())
        (folder / path.name).write_text(f"{own}\n{ITERATIONS}")
    return folder


@pytest.fixture(scope="session")
def motion_file(walking, tmp_path_factory):
    path = tmp_path_factory.mktemp("motions") / "walk.npz"
    write_amass(path, walking.slice(0, 10))
    return path


@pytest.fixture
def run(capsys):
    """Run a command line; gives exit code, stdout and stderr."""

    def call(*words):
        capsys.readouterr()
        code = main([str(word) for word in words])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture
def run_json(run):
    """Run with --json; stdout must be one object."""

    def call(*words):
        code, out, err = run(*words, "--json")
        return code, json.loads(out), err

    return call


@pytest.fixture(scope="session")
def fitted_once(motion_file, presets, tmp_path_factory):
    """A fit that several tests look at, and the words that made it."""
    folder = tmp_path_factory.mktemp("fitted") / "out"
    words = [
        "fit", str(motion_file), "--simulate", "noise=0.02", "--preset", str(presets / "joints3d.toml"),
        "--threads", "1",
    ]  # fmt: skip
    assert main([*words, "-o", str(folder), "--quiet"]) == 0
    return folder, words


@pytest.fixture
def fitted(fitted_once, tmp_path):
    """A copy of the fit that a test may change."""
    folder, words = fitted_once
    shutil.copytree(folder, tmp_path / "out")
    return tmp_path / "out", words
