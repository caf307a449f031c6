from dataclasses import replace

import numpy as np
import pytest

from motionfit.files.amass import amass_arrays, write_amass
from motionfit.files.observations import write_observations
from motionfit.files.result import read_report, read_result, write_result
from motionfit.metrics import METRIC_TITLES
from motionfit.simulation import SimulationSpec, camera_from_world, simulate

CAMERA = "project=640x360:f500"


def test_the_metrics_are_those_of_the_fit(fitted, motion_file, run_json):
    folder, _ = fitted
    code, report, _ = run_json("eval", folder, "--truth", motion_file)
    assert code == 0
    assert list(report["stages"]) == ["stage1", "stage2", "stage3_init", "stage3"]
    assert report["metrics"] == report["stages"]["stage3"]
    assert report["metrics"] == pytest.approx(read_report(folder)["metrics"], rel=1e-3, abs=1e-2)
    assert set(report["metrics"]) <= set(METRIC_TITLES)
    assert report["warnings"] == []


def test_the_table_has_a_column_per_stage(fitted, motion_file, run):
    folder, _ = fitted
    _, out, _ = run("eval", folder, "--truth", motion_file)
    for word in ("III motion", "II pose", "contact F1"):
        assert word in out


def test_other_observations_decide_what_was_visible(fitted, motion_file, run_json, walking, open_body, tmp_path):
    folder, _ = fitted
    write_observations(tmp_path / "o.npz", simulate(walking.slice(0, 10), open_body, "missing=0:5"))
    _, report, _ = run_json("eval", folder, "--truth", motion_file, "--observed", tmp_path / "o.npz")
    assert "occluded_mm" in report["metrics"]


@pytest.fixture
def seen_result(fitted, walking, open_body, tmp_path):
    """A result of 2D data that is the truth itself."""
    from motionfit.files.frames import transform_floor, transform_motion
    from motionfit.geometry.planes import world_floor

    short = walking.slice(0, 10)
    pose = camera_from_world(short, open_body, SimulationSpec.parse(CAMERA).projection)
    motion, floor = transform_motion(short, open_body, pose), transform_floor(world_floor(), pose)
    result = read_result(fitted[0])
    stages = {key: replace(stage, motion=motion, floor=floor) for key, stage in result.stages.items()}
    result = replace(result, observations=simulate(short, open_body, CAMERA), stages=stages)
    write_result(tmp_path / "seen", result, open_body)
    return tmp_path / "seen", short, pose


def test_2d_results_are_compared_in_the_camera_frame_where_the_truth_tells_it(seen_result, run_json, tmp_path):
    folder, motion, pose = seen_result
    arrays = amass_arrays(motion)
    arrays["camera_rotation"], arrays["camera_translation"] = pose.rotation.numpy(), pose.translation.numpy()
    np.savez(tmp_path / "truth.npz", **arrays)
    code, report, _ = run_json("eval", folder, "--truth", tmp_path / "truth.npz")
    assert (code, report["warnings"]) == (0, [])
    assert report["metrics"]["global_mpjpe_mm"] == pytest.approx(0.0, abs=0.05)
    assert report["metrics"]["reprojection_px"] == pytest.approx(0.0, abs=0.05)


def test_2d_results_are_laid_on_a_world_truth_without_camera(seen_result, run_json, tmp_path):
    folder, motion, _ = seen_result
    write_amass(tmp_path / "truth.npz", motion)
    code, report, _ = run_json("eval", folder, "--truth", tmp_path / "truth.npz")
    assert code == 0
    assert "does not say where the camera stood" in report["warnings"][0]
    assert report["metrics"]["global_mpjpe_mm"] == pytest.approx(0.0, abs=0.5)
    assert report["metrics"]["reprojection_px"] == pytest.approx(0.0, abs=0.05)


def test_another_clip_is_refused(fitted, walking, run_json, tmp_path, open_body):
    folder, _ = fitted
    write_amass(tmp_path / "long.npz", walking)
    code, report, _ = run_json("eval", folder, "--truth", tmp_path / "long.npz")
    assert (code, report["error"]["kind"]) == (1, "input")
    assert "24 frames" in report["error"]["message"]
    write_observations(tmp_path / "o.npz", simulate(walking, open_body, "noise=0"))
    write_amass(tmp_path / "truth.npz", walking.slice(0, 10))
    code, report, _ = run_json("eval", folder, "--truth", tmp_path / "truth.npz", "--observed", tmp_path / "o.npz")
    assert code == 1
    assert "the observations of the same clip" in report["error"]["hint"]


def test_a_frame_more_or_less_is_cut(fitted, walking, run_json, tmp_path):
    folder, _ = fitted
    for frames in (9, 12):
        write_amass(tmp_path / "truth.npz", walking.slice(0, frames))
        code, _, _ = run_json("eval", folder, "--truth", tmp_path / "truth.npz")
        assert code == 0


def test_missing_results_are_told(tmp_path, motion_file, run_json):
    code, report, _ = run_json("eval", tmp_path / "none", "--truth", motion_file)
    assert (code, report["error"]["kind"]) == (1, "output")


def test_the_scores_of_the_frames_are_told_and_are_those_of_the_report(fitted, motion_file, run_json):
    folder, _ = fitted
    code, report, _ = run_json("eval", folder, "--truth", motion_file)
    written = read_report(folder)
    assert code == 0
    assert 0.0 < report["score_mean"] <= 100.0
    assert (report["score_mean"], report["worst_spans"]) == (written["score_mean"], written["worst_spans"])
