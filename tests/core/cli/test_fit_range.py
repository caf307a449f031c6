import json
from dataclasses import replace

import pytest
import torch

from motionfit.files.observations import write_observations
from motionfit.files.result import read_result, write_result


@pytest.fixture
def repaired(fitted, tmp_path):
    """The fit, and its observations with two joints moved in some frames."""
    folder, _ = fitted
    observed = read_result(folder).observations
    joints = observed.joints3d.clone()
    joints[4:6, 20:] += 0.1
    write_observations(tmp_path / "repaired.npz", replace(observed, joints3d=joints))
    return folder, tmp_path / "repaired.npz"


def test_a_range_is_fitted_anew_and_the_report_says_which(repaired, run_json):
    folder, observations = repaired
    before = read_result(folder)
    code, report, err = run_json("fit", observations, "-o", folder, "--range", "3:7", "--threads", "1")
    assert code == 0, err
    assert report["complete"]
    assert report["settings"]["refitted"] == [[3, 7]]
    assert report["settings"]["iterations"] == dict(before.settings.iterations)
    after = read_result(folder)
    assert after.settings.refitted == ((3, 7),)
    assert not torch.equal(after.observations.joints3d, before.observations.joints3d)
    for key, stage in after.stages.items():
        for name in ("translation", "root_orientation", "body_pose"):
            now, then = getattr(stage.motion, name), getattr(before.stages[key].motion, name)
            assert torch.equal(now[:3], then[:3])
            assert torch.equal(now[7:], then[7:])
        assert torch.equal(stage.motion.betas, before.stages[key].motion.betas)
    assert not torch.equal(after.final.motion.body_pose[3:7], before.final.motion.body_pose[3:7])


def test_another_folder_can_be_the_start_and_stays_as_it_is(repaired, run_json, tmp_path):
    folder, observations = repaired
    before = json.loads((folder / "report.json").read_text())
    words = ("fit", observations, "-o", tmp_path / "new", "--from", folder, "--range", "0:2", "--stages", "2")
    code, report, _ = run_json(*words, "--threads", "1")
    assert code == 0
    assert report["finished_stages"] == ["stage1", "stage2"]
    assert json.loads((folder / "report.json").read_text()) == before


def test_what_makes_no_range_is_told(repaired, fitted, run_json, run, tmp_path, motion_file):
    folder, observations = repaired
    _, words = fitted
    cases = (
        (("fit", observations, "-o", tmp_path / "none", "--range", "3:7"), "There is no result folder"),
        (("fit", observations, "-o", folder, "--range", "3:17"), "no range 3:17 in a clip of 10 frames"),
        (("fit", observations, "-o", folder, "--range", "3:7", "--stages", "1"), "stages II and III"),
        (("fit", observations, "-o", folder, "--range", "3:7", "--resume"), "Leave one of them out"),
        (("fit", observations, "-o", folder, "--from", folder), "belongs to --range"),
        (("fit", observations, "-o", folder, "--range", "3:7", "--preset", "reference-3d"), "whole clips only"),
        (
            ("fit", motion_file, "--simulate", "below=0.9", "-o", folder, "--range", "3:7"),
            "10 frames of joints3d, and the input has 10 of keypoints3d",
        ),
    )
    for words, message in cases:
        code, report, _ = run_json(*words)
        assert code == 1
        assert message in report["error"]["message"] + report["error"]["hint"], words
    for text in ("7:3", "3", "a:b", "-1:4"):
        code, _, told = run("fit", observations, "-o", folder, f"--range={text}")
        assert (code, "is no range" in told) == (2, True)


def test_a_fit_that_was_stopped_has_no_range(repaired, run_json, open_body):
    folder, observations = repaired
    result = read_result(folder)
    write_result(folder, replace(result, cancelled=True), open_body, finished=("stage1",))
    code, report, _ = run_json("fit", observations, "-o", folder, "--range", "3:7")
    assert code == 1
    assert "stopped before its end" in report["error"]["message"]
