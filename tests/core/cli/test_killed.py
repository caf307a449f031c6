"""A fit that is killed at any moment and resumed is the very fit that was not killed."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from motionfit.files.amass import write_amass
from motionfit.files.result import read_result
from motionfit.files.underway_archive import read_underway

SEED = 4
KILLS = 5


@pytest.fixture(scope="module")
def words(walking, tmp_path_factory, presets):
    """Two windows, one after the other."""
    path = tmp_path_factory.mktemp("killed") / "walk.npz"
    write_amass(path, walking.slice(0, 15))
    return [
        "fit", str(path), "--simulate", "noise=0.02", "--preset", str(presets / "joints3d.toml"), "--threads", "1",
        "--window", "9", "--overlap", "3", "--window-batch", "1", "--device", "cpu",
    ]  # fmt: skip


@pytest.fixture(scope="module")
def experiment(words, tmp_path_factory):
    """What `killed_fits` tells, and its folder."""
    folder = tmp_path_factory.mktemp("experiment")
    program = Path(__file__).with_name("killed_fits.py")
    done = subprocess.run(
        [sys.executable, program, folder, str(SEED), str(KILLS), *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), folder


def assert_same(folder, other):
    """Every array of two results, the histories included, bit for bit."""
    for file in sorted(folder.rglob("*.npz")):
        with np.load(file) as ours, np.load(other / file.relative_to(folder)) as theirs:
            assert sorted(ours) == sorted(theirs)
            for name in ours:
                if name != "seconds":
                    np.testing.assert_array_equal(ours[name], theirs[name], err_msg=f"{file.name}: {name}")


def test_every_run_was_killed_and_every_resumed_one_came_to_its_end(experiment):
    told, _ = experiment
    assert told["codes"] == [0, *[-signal.SIGKILL, 0] * KILLS]
    assert set(told["kinds"]) == {"closure", "write"}
    assert len(set(told["killed_at"])) == KILLS


@pytest.mark.parametrize("kill", range(KILLS))
def test_the_resumed_fit_equals_the_uninterrupted_one_bit_for_bit(experiment, kill):
    told, folder = experiment
    assert len(read_result(folder / "whole").windows) == 2
    assert_same(folder / "whole", folder / str(kill))
    left = {path.name for path in folder.iterdir() if path.name.startswith(".")}
    assert not left, f"killed at {told['killed_at'][kill]}, {left} was left"
    assert read_underway(folder / str(kill)) is None


def test_a_program_that_is_killed_from_outside_goes_on(experiment, words, tmp_path):
    _, folder = experiment
    line = [sys.executable, "-m", "motionfit", *words, "-o", str(tmp_path / "out"), "--quiet"]
    process = subprocess.Popen(line)
    until = time.monotonic() + 120.0
    while not (tmp_path / "out").is_dir() and time.monotonic() < until:
        time.sleep(0.01)
    time.sleep(random.Random(SEED).uniform(0.0, 0.5))
    process.kill()
    process.wait()
    assert os.listdir(tmp_path / "out")
    subprocess.run([*line, "--resume"], check=True)
    assert_same(folder / "whole", tmp_path / "out")
