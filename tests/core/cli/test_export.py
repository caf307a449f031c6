import json

import numpy as np
import pytest

from motionfit.export.formats import FORMATS
from motionfit.files.amass import read_amass
from motionfit.files.result import read_result, world_motion


@pytest.mark.parametrize("suffix", sorted(FORMATS))
def test_a_result_can_be_written_in_every_format(fitted, run_json, tmp_path, suffix):
    folder, _ = fitted
    words = ("--frames", "2:5") if suffix in (".obj", ".ply", ".mp4") else ()
    code, report, _ = run_json("export", folder, "-o", tmp_path / f"walk{suffix}", *words, "--threads", "1")
    assert code == 0
    assert report["frames"] == (3 if words else 10)
    written = tmp_path / ("walk" if suffix in (".obj", ".ply") else f"walk{suffix}")
    assert report["output"] == str(written)
    assert written.is_dir() == (suffix in (".obj", ".ply"))
    assert sum(file.stat().st_size for file in tmp_path.rglob("walk*") if file.is_file()) > 500


def test_npz_is_the_motion_of_the_stage_asked_for(fitted, run, open_body, tmp_path):
    folder, _ = fitted
    code, _, _ = run("export", folder, "-o", tmp_path / "two.npz", "--stage", "stage2", "--threads", "1")
    assert code == 0
    result = read_result(folder)
    expected, _ = world_motion(result, open_body, result.stages["stage2"])
    found = read_amass(tmp_path / "two.npz", fps=None)
    assert np.abs((found.translation - expected.translation).numpy()).max() < 1e-6
    with np.load(tmp_path / "two.npz") as arrays:
        assert not any(name.startswith("diagnostic_") for name in arrays)


def test_json_is_the_report_of_the_fit(fitted, run, tmp_path):
    folder, _ = fitted
    assert run("export", folder, "-o", tmp_path / "report.json", "--threads", "1")[0] == 0
    assert json.loads((tmp_path / "report.json").read_text()) == json.loads((folder / "report.json").read_text())


def test_a_motion_file_is_exported_too(motion_file, run_json, tmp_path):
    code, report, _ = run_json("export", motion_file, "-o", tmp_path / "walk.bvh", "--threads", "1")
    assert (code, report["frames"]) == (0, 10)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("-o", "walk.fbx"), "format to export to"),
        (("-o", "walk.bvh", "--frames", "5:99"), "goes beyond the 10 frames"),
        (("-o", "walk.bvh", "--stage", "stage4"), "stage of this result"),
    ],
)
def test_what_cannot_be_exported_says_why(fitted, run, monkeypatch, tmp_path, words, says):
    folder, _ = fitted
    monkeypatch.chdir(tmp_path)
    code, _, error = run("export", folder, *words, "--threads", "1")
    assert code == 1
    assert says in " ".join(error.split())


def test_a_range_that_is_none_is_wrong_usage(fitted, run, tmp_path):
    folder, _ = fitted
    assert run("export", folder, "-o", tmp_path / "a.bvh", "--frames", "5:5")[0] == 2


def test_stages_and_videos_are_of_results_only(motion_file, run, tmp_path):
    code, _, error = run("export", motion_file, "-o", tmp_path / "a.npz", "--stage", "stage2", "--threads", "1")
    assert code == 1
    assert "--stage is for results" in error
    code, _, error = run("export", tmp_path / "nothing", "-o", tmp_path / "a.npz", "--threads", "1")
    assert code == 1
    assert "There is no" in error
