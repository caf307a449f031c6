import json
import os
import signal
from dataclasses import replace

import numpy as np
import pytest
import torch

from motionfit.cli import fit_job
from motionfit.errors import FitError
from motionfit.files.amass import read_amass
from motionfit.files.observations import write_observations
from motionfit.files.result import read_result, write_result
from motionfit.simulation import simulate


def no_history(report):
    return "history" not in report and "diagnostics" not in report


def test_a_fit_writes_its_result_and_tells_it(fitted, run_json):
    folder, words = fitted
    code, report, err = run_json(*words, "-o", folder, "--resume")
    assert code == 0
    assert "fitted already" in err
    assert report["complete"]
    assert no_history(report)
    assert report["finished_stages"] == ["stage1", "stage2", "stage3_init", "stage3"]
    assert report["metrics"]["mpjpe_mm"] > 0
    assert report["settings"]["threads"] == 1
    result = read_result(folder)
    assert list(result.stages) == report["finished_stages"]
    assert read_amass(folder / "result.npz").frames == 10
    whole = json.loads((folder / "report.json").read_text())
    assert len(whole["diagnostics"]["data_error_cm"]) == 10
    assert whole["history"]["stage2"]["loss"]
    assert "Fitting walk" in (folder / "log.txt").read_text()


def test_stages_one_after_the_other_give_the_same_as_all_at_once(fitted, run_json, tmp_path):
    folder, words = fitted
    part = tmp_path / "part"
    code, report, _ = run_json(*words, "-o", part, "--stages", "1,2")
    assert (code, report["finished_stages"]) == (0, ["stage1", "stage2"])
    code, report, _ = run_json(*words, "-o", part, "--resume")
    assert (code, report["complete"]) == (0, True)
    assert report["settings"]["stages"] == ["stage1", "stage2", "stage3"]
    whole, parts = read_result(folder), read_result(part)
    for key, stage in whole.stages.items():
        assert torch.equal(stage.motion.body_pose, parts.stages[key].motion.body_pose), key
        assert stage.history == parts.stages[key].history


def test_a_frozen_variable_stays(fitted, run_json, tmp_path):
    _, words = fitted
    code, _, _ = run_json(*words, "-o", tmp_path / "held", "--freeze", "shape")
    assert code == 0
    assert not bool(read_result(tmp_path / "held").final.motion.betas.any())


def test_2d_keypoints_take_the_video_preset(motion_file, run_json, tmp_path, presets):
    code, report, _ = run_json(
        "fit", motion_file, "--simulate", "project=640x360:f500,missing=3:5", "-o", tmp_path / "out",
        "--preset", presets / "video.toml", "--threads", "1", "--stages", "1,2",
    )  # fmt: skip
    assert code == 0
    assert report["metrics"]["reprojection_px"] > 0
    with np.load(tmp_path / "out" / "result.npz") as arrays:
        assert arrays["camera_rotation"].shape == (10, 3, 3)


def test_the_preset_follows_the_kind(motion_file, open_body, walking):
    from motionfit.cli import build_parser
    from motionfit.files.inputs import ClipInput

    given = build_parser().parse_args(["fit", "a", "-o", "b", "--window", "20", "--overlap", "0", "--seed", "4"])
    assert fit_job.settings_for(given, ClipInput("a", simulate(walking, open_body, "noise=0"))).acceleration == "auto"
    given.no_acceleration = True
    for spec, preset in (("noise=0", "joints3d"), ("below=0.9", "keypoints3d"), ("project=640x360:f500", "video")):
        settings = fit_job.settings_for(given, ClipInput("a", simulate(walking, open_body, spec)))
        assert (settings.preset, settings.window, settings.overlap, settings.seed) == (preset, 20, 0, 4)
        assert settings.acceleration == "none"


def test_ctrl_c_keeps_what_is_done_and_resume_goes_on(fitted, run_json, tmp_path, monkeypatch):
    folder, words = fitted
    seen = []

    def interrupting(observations, body, priors, settings, progress, previous):
        def tell(state):
            seen.append(state.stage)
            if state.stage == "stage2" and seen.count("stage2") == 2:
                os.kill(os.getpid(), signal.SIGINT)
            return progress(state)

        return real(observations, body, priors, settings, tell, previous)

    real = fit_job.fit
    monkeypatch.setattr(fit_job, "fit", interrupting)
    before = signal.getsignal(signal.SIGINT)
    code, report, err = run_json(*words, "-o", tmp_path / "part")
    assert code == 130
    assert "Stopping" in err
    assert report["cancelled"]
    assert report["finished_stages"] == ["stage1"]
    assert signal.getsignal(signal.SIGINT) is before
    monkeypatch.setattr(fit_job, "fit", real)
    code, report, _ = run_json(*words, "-o", tmp_path / "part", "--resume")
    assert (code, report["complete"]) == (0, True)
    expected, found = read_result(folder), read_result(tmp_path / "part")
    assert torch.equal(expected.final.motion.translation, found.final.motion.translation)


def test_a_fit_that_dies_leaves_its_finished_stages(fitted, run_json, tmp_path, monkeypatch):
    _, words = fitted

    def dying(observations, body, priors, settings, progress, previous):
        def tell(state):
            if "stage2" in state.finished and len(state.finished) > 2:
                going = progress(state)
                raise FitError("killed here") if going else AssertionError
            return progress(state)

        return real(observations, body, priors, settings, tell, previous)

    real = fit_job.fit
    monkeypatch.setattr(fit_job, "fit", dying)
    code, report, _ = run_json(*words, "-o", tmp_path / "part")
    assert (code, report["error"]["message"]) == (1, "killed here")
    left = read_result(tmp_path / "part")
    assert list(left.stages) == ["stage1", "stage2", "stage3_init"]
    assert left.cancelled
    monkeypatch.setattr(fit_job, "fit", real)
    code, report, _ = run_json(*words, "-o", tmp_path / "part", "--resume")
    assert (code, report["complete"]) == (0, True)


def test_resume_refuses_another_clip(fitted, run_json):
    folder, words = fitted
    changed = [word.replace("noise=0.02", "noise=0.03") for word in words]
    code, report, _ = run_json(*changed, "-o", folder, "--resume")
    assert code == 1
    assert "another input" in report["error"]["message"]
    code, report, _ = run_json(*words, "-o", folder, "--resume", "--freeze", "shape")
    assert "another settings" in report["error"]["message"]
    result = read_result(folder)
    write_result(folder, replace(result, body_hash="x"), fit_job.load_body())
    code, report, _ = run_json(*words, "-o", folder, "--resume")
    assert "another body" in report["error"]["message"]


def wrong_inputs(folder, walking, body):
    joints = simulate(walking, body, "noise=0").joints3d.numpy()
    pixels = simulate(walking, body, "project=640x360:f500").keypoints2d.numpy()
    return {
        "missing": ({}, "There is no"),
        "mm": ({"joints3d": joints * 1000, "fps": 30}, "millimetres"),
        "nan": ({"joints3d": joints * np.nan, "fps": 30}, "nothing was observed"),
        "one": ({"joints3d": joints[:1], "fps": 30}, "1 frame;"),
        "two": ({"joints3d": joints[:2], "fps": 30}, "2 frames;"),
        "fps0": ({"joints3d": joints, "fps": 0}, "fps is 0"),
        "shape": ({"joints3d": joints[..., :2], "fps": 30}, "(24, 22, 2)"),
        "nosize": ({"keypoints2d": pixels, "fps": 30}, "image_size is missing"),
        "unit": ({"keypoints2d": pixels / [640, 360, 1], "fps": 30, "image_size": [640, 360]}, "normalised"),
        "pickle": ({"joints3d": joints, "fps": 30, "x": np.array([{}], dtype=object)}, "pickled"),
    }


CASES = ["missing", "mm", "nan", "one", "two", "fps0", "shape", "nosize", "unit", "pickle", "truncated"]


@pytest.mark.parametrize("case", CASES)
def test_wrong_input_is_one_sentence_a_hint_and_nothing_written(tmp_path, walking, open_body, run_json, case):
    path = tmp_path / "wrong.npz"
    if case == "truncated":
        write_observations(path, simulate(walking, open_body, "noise=0"))
        path.write_bytes(path.read_bytes()[:2000])
        said = "truncated"
    else:
        arrays, said = wrong_inputs(tmp_path, walking, open_body)[case]
        if arrays:
            np.savez(path, **arrays)
    code, report, err = run_json("fit", path, "-o", tmp_path / "out", "--threads", "1")
    error = report["error"]
    assert code == 1
    assert set(error) == {"kind", "message", "hint"}
    assert error["kind"] == "input"
    assert said in error["message"]
    assert error["hint"]
    assert error["message"] in err
    assert not (tmp_path / "out").exists()


def test_wrong_output_preset_body_and_spec_are_told(tmp_path, motion_file, run_json):
    (tmp_path / "file").write_text("")
    (tmp_path / "bad.toml").write_text("[weights.stage1]\njoint3d = 1\n")
    (tmp_path / "smpl.npz").write_bytes(b"")
    fit = ("fit", motion_file, "--threads", "1")
    cases = [
        ((*fit, "-o", tmp_path / "file"), "output", "is a file"),
        ((*fit, "-o", tmp_path / "o", "--preset", "joint3d"), "settings", "preset"),
        ((*fit, "-o", tmp_path / "o", "--preset", tmp_path / "bad.toml"), "settings", "joint3d"),
        ((*fit, "-o", tmp_path / "o", "--body", tmp_path / "none.npz"), "body", "no body file"),
        ((*fit, "-o", tmp_path / "o", "--simulate", "nois=1"), "settings", "nois=1"),
        ((*fit, "-o", tmp_path / "o", "--stages", "3"), "settings", "which has not been run"),
    ]
    for words, kind, said in cases:
        code, report, _ = run_json(*words)
        assert (code, report["error"]["kind"]) == (1, kind), words
        assert said in report["error"]["message"]
    assert not (tmp_path / "o").exists()


def test_quiet_prints_nothing_and_tables_go_to_stdout(fitted, run):
    folder, words = fitted
    code, out, err = run(*words, "-o", folder, "--resume", "--quiet")
    assert (code, out, err) == (0, "", "")
    _, out, _ = run(*words, "-o", folder, "--resume")
    assert "foot skating" in out
    assert "fitted already" in out
