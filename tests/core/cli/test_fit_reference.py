"""The published method on the command line: a result folder like any other, that eval reads and --resume knows."""

import pytest
import torch

from motionfit.files.result import read_result


@pytest.fixture(scope="module")
def words(motion_file, presets):
    return ["fit", motion_file, "--simulate", "noise=0.02", "--preset", presets / "reference-3d.toml"]


def test_a_reference_fit_is_a_result_that_eval_reads(words, motion_file, run_json, tmp_path):
    folder = tmp_path / "out"
    code, report, _ = run_json(*words, "-o", folder)
    assert (code, report["complete"]) == (0, True)
    assert report["finished_stages"] == ["stage1", "stage2", "stage3_init", "stage3"]
    assert report["settings"]["method"] == "reference"
    result = read_result(folder)
    assert result.settings.method == "reference"
    assert result.final.variables["motion_latents"].shape == (1, 9, 48)
    code, evaluated, _ = run_json("eval", folder, "--truth", motion_file)
    assert code == 0
    assert set(evaluated["stages"]) == set(report["finished_stages"])
    assert evaluated["metrics"]["mpjpe_mm"] == pytest.approx(report["metrics"]["mpjpe_mm"], rel=1e-3)
    code, again, err = run_json(*words, "-o", folder, "--resume")
    assert (code, again["complete"]) == (0, True)
    assert "fitted already" in err


def test_a_reference_fit_that_was_left_after_a_stage_starts_anew(words, run_json, tmp_path):
    code, report, _ = run_json(*words, "-o", tmp_path / "part", "--stages", "1")
    assert (code, report["finished_stages"]) == (0, ["stage1"])
    first = read_result(tmp_path / "part").stages["stage1"]
    code, report, _ = run_json(*words, "-o", tmp_path / "part", "--resume")
    assert (code, report["complete"]) == (0, True)
    assert report["finished_stages"] == ["stage1", "stage2", "stage3_init", "stage3"]
    again = read_result(tmp_path / "part").stages["stage1"]
    assert torch.equal(first.motion.translation, again.motion.translation)


def test_a_video_without_floor_starts_from_the_published_one(motion_file, presets, run_json, tmp_path):
    code, report, _ = run_json(
        "fit", motion_file, "--simulate", "project=1280x720:f1060", "--preset", presets / "reference-video.toml",
        "--stages", "1", "-o", tmp_path / "video",
    )  # fmt: skip
    assert (code, report["finished_stages"]) == (0, ["stage1"])
    result = read_result(tmp_path / "video")
    assert result.observations.in_camera_frame
    assert result.final.floor.normal[1] < 0


def test_what_it_does_not_have_is_refused(words, run_json, tmp_path):
    code, report, _ = run_json(*words, "-o", tmp_path / "no", "--freeze", "shape")
    assert code == 1
    assert "holds no variables" in report["error"]["message"]
