"""The command line of preparing: reports, errors, and being stopped in the middle."""

import json
import os
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import formulas
import numpy as np
import pytest

from motionfit.datasets.prepared import open_dataset


def write_walk(path, frames=40, sequence=0, **fields):
    translation, root, pose, _ = formulas.walk(frames, sequence)
    poses = np.zeros((frames, 156), np.float32)
    poses[:, :3], poses[:, 3:66] = root, pose
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"poses": poses, "trans": translation.astype(np.float32), "mocap_framerate": 30, "floor": "flat"}
    np.savez(path, **(content | fields))


@pytest.fixture
def motion(tmp_path):
    for number in range(1, 4):
        write_walk(tmp_path / "CMU" / f"{number:02}" / f"{number:02}_01_poses.npz", 40 + number, number, kind="walk")
    return tmp_path / "CMU"


def test_preparing_and_showing_report_the_same(run_json, motion, tmp_path):
    words = ("data", "prepare", motion, "-o", tmp_path / "out", "--split", "equal-thirds", "--workers", "1")
    code, report, _ = run_json(*words)
    assert (code, report["is_new"], report["processed"]) == (0, True, 3)
    assert report["splits"]["val"] == {
        "clips": 1, "minutes": 0.02, "minutes_by_kind": {"walk": 0.02}, "sources": {"CMU": 1}, "subjects": 1,
        "minutes_by_licence": {"unknown": 0.02},
    }  # fmt: skip
    code, shown, _ = run_json("data", "show", tmp_path / "out", "--verify")
    assert code == 0
    assert {key: shown[key] for key in ("hash", "splits", "dropped")} == {
        key: report[key] for key in ("hash", "splits", "dropped")
    }
    code, again, _ = run_json(*words)
    assert (code, again["is_new"], again["hash"]) == (0, False, report["hash"])


def test_a_table_says_what_became_of_everything(run, motion, tmp_path):
    write_walk(motion / "01" / "short.npz", 2)
    code, out, err = run("data", "prepare", motion, "-o", tmp_path / "out", "--split", "equal-thirds", "--workers", "1")
    assert (code, err) == (0, "")
    for part in ("train", "walk", "too short", "3 clips, 126 frames, of 4 recordings"):
        assert part in out


def test_a_toml_file_and_options_go_together(run_json, motion, tmp_path):
    config = tmp_path / "data.toml"
    config.write_text(
        f'sources = ["{motion}"]\noutput = "{tmp_path / "a"}"\nsplit = "subject"\n'
        'train = ["01"]\nval = ["02"]\ntest = ["03"]\n[contacts]\nspeed = 0.6\n'
    )
    code, report, _ = run_json("data", "prepare", "--config", config, "-o", tmp_path / "b", "--workers", "1")
    assert (code, report["dataset"]) == (0, str(tmp_path / "b"))
    settings = open_dataset(tmp_path / "b").manifest.settings
    assert (settings["contacts"]["speed"], settings["train"]) == (0.6, ["01"])
    words = ("data", "prepare", motion, "-o", tmp_path / "c", "--split", "subject", "--train", "01", "--val", "02,03")
    assert run_json(*words, "--without", "test", "--workers", "1")[0] == 0
    config.write_text('contact = 3\noutput = "x"')
    code, report, _ = run_json("data", "prepare", motion, "--config", config)
    assert (code, report["error"]["kind"], "'contacts'" in report["error"]["hint"]) == (1, "settings", True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("CMU",), "not said where"),
        (("gone", "-o", "out"), "There is no gone"),
        (("CMU", "-o", "out"), "would be empty"),
        (("CMU", "-o", "CMU"), "holds other files"),
        (("CMU", "-o", "out", "--split", "thirds"), "equal-thirds"),
    ],
)
def test_what_cannot_be_done_is_said(run, motion, tmp_path, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    code, out, err = run("data", "prepare", *words, "--workers", "1")
    assert (code, out) == (1, "")
    assert said in err


def test_an_archive_that_is_cut_is_in_the_exit_code(run_json, motion, tmp_path):
    for number in range(4, 9):
        write_walk(tmp_path / "KIT" / str(number) / "walk.npz", 60, number)
    with tarfile.open(tmp_path / "KIT.tar.bz2", "w:bz2") as archive:
        archive.add(tmp_path / "KIT", "KIT")
    content = (tmp_path / "KIT.tar.bz2").read_bytes()
    (tmp_path / "KIT.tar.bz2").write_bytes(content[:-100])
    words = ("data", "prepare", motion, tmp_path / "KIT.tar.bz2", "-o", tmp_path / "out", "--split", "equal-thirds")
    for is_new in (True, False):
        code, report, _ = run_json(*words, "--workers", "1")
        assert (code, report["is_new"]) == (1, is_new)
        assert "KIT.tar.bz2 is truncated" in report["error"]["message"]
        assert report["splits"]["train"]["clips"] >= 1


def test_changed_numbers_are_shown(run, motion, tmp_path):
    assert run("data", "prepare", motion, "-o", tmp_path / "out", "--split", "equal-thirds", "--workers", "1")[0] == 0
    (poses,) = (tmp_path / "out").glob("arrays-*/val/poses.npy")
    content = bytearray(poses.read_bytes())
    content[-1] ^= 1
    poses.write_bytes(content)
    assert run("data", "show", tmp_path / "out")[0] == 0
    code, _, err = run("data", "show", tmp_path / "out", "--verify")
    assert (code, "val/poses.npy have changed" in err) == (1, True)


def started(motion, output, workers):
    words = ["data", "prepare", str(motion), "-o", str(output), "--split", "equal-thirds", "--workers", str(workers)]
    return subprocess.Popen(
        [sys.executable, "-m", "motionfit", *words, "--json", "--quiet"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        start_new_session=True,
    )


def wait_for_parts(output, process, count=3):
    parts, end = output / "unfinished" / "parts", time.monotonic() + 120
    while not parts.is_dir() or sum(1 for path in parts.iterdir() if path.suffix == ".npz") < count:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.fixture
def many(tmp_path):
    """So much that no machine is done before it is stopped."""
    write_walk(tmp_path / "first.npz", 1200)
    with np.load(tmp_path / "first.npz") as content:
        arrays = {name: content[name] for name in content.files}
    for number in range(60):
        folder = tmp_path / "own" / str(number % 6)
        folder.mkdir(parents=True, exist_ok=True)
        np.savez(folder / f"walk_{number}.npz", **{**arrays, "trans": arrays["trans"] + np.float32(number)})
    return tmp_path / "own"


@pytest.mark.parametrize(("number", "workers"), [(signal.SIGTERM, 1), (signal.SIGINT, 2), (signal.SIGKILL, 2)])
def test_what_is_stopped_in_the_middle_goes_on(many, tmp_path, number, workers):
    output = tmp_path / "out"
    process = started(many, output, workers)
    wait_for_parts(output, process)
    beside = workers_of(process)
    assert bool(beside) == (workers > 1)
    if number == signal.SIGINT:
        os.killpg(process.pid, number)  # as a terminal does: to the workers too
    else:
        process.send_signal(number)
    out, err = process.communicate(timeout=120)
    if number == signal.SIGKILL:
        assert process.returncode == -signal.SIGKILL
    else:
        assert process.returncode == 130, err
        assert json.loads(out)["error"]["kind"] == "interrupted"
        assert "goes on from there" in err
    assert not (output / "manifest.json").exists()
    end = time.monotonic() + 60
    while any(_is_alive(worker) for worker in beside):  # even where nothing told them
        assert time.monotonic() < end
        time.sleep(0.05)
    process = started(many, output, 1)
    out, err = process.communicate(timeout=240)
    assert process.returncode == 0, err
    report = json.loads(out)
    assert report["kept"] >= 3
    assert report["kept"] + report["processed"] == 60
    assert sum(split["clips"] for split in report["splits"].values()) == 60
    assert not any(name.startswith("unfinished") for name in os.listdir(output))


def workers_of(process):
    return [int(word) for word in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]


def _is_alive(process):
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_two_at_once_are_refused(many, tmp_path, run):
    process = started(many, tmp_path / "out", 1)
    wait_for_parts(tmp_path / "out", process, 1)
    code, _, err = run("data", "prepare", many, "-o", tmp_path / "out", "--split", "equal-thirds", "--workers", "1")
    process.terminate()
    process.communicate(timeout=60)
    assert (code, "Another `motionfit data prepare`" in err) == (1, True)
