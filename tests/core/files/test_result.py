import dataclasses
import errno
import json
import os
from dataclasses import replace

import numpy as np
import pytest
import torch

from motionfit.errors import OutputError
from motionfit.files import result as result_files
from motionfit.files.amass import read_amass
from motionfit.files.frames import transform_floor, transform_motion
from motionfit.files.npz import read_npz
from motionfit.files.result import (
    check_output_folder,
    has_result,
    read_report,
    read_result,
    world_motion,
    write_result,
)
from motionfit.geometry.planes import world_floor, world_from_floor
from motionfit.metrics.drift import joints_of
from motionfit.pipeline.freezes import Freeze
from motionfit.pipeline.incidents import NOT_FINITE, NOT_STARTED, SMALLER_STEP, SOARED, Incident
from motionfit.pipeline.result import ClosureRecord, FitResult, StageResult
from motionfit.pipeline.settings import load_preset
from motionfit.simulation import SimulationSpec, camera_from_world, simulate

CAMERA = "project=640x360:f500,missing=2:4"


def make_result(walking, body, spec="noise=0.04", contacts=True):
    observations = simulate(walking, body, spec, 3)
    motion, floor = walking, world_floor()
    if observations.in_camera_frame:
        pose = camera_from_world(walking, body, SimulationSpec.parse(spec).projection)
        motion, floor = transform_motion(walking, body, pose), transform_floor(floor, pose)
    history = (
        ClosureRecord("root", 0, 12.5, {"joints3d": 3.0}, {"joints3d": 12.5}),
        ClosureRecord("root", 1, 0.1 + 0.2, {"joints3d": 1 / 3, "overlap": 0.0}, {"joints3d": 0.3}),
    )
    generator = torch.Generator().manual_seed(0)
    variables = {"pose_latents": torch.randn(24, 32, generator=generator), "windows": torch.zeros(1, 23, 48)}
    told = torch.rand(24, 22, generator=generator) if contacts else None
    stages = {
        key: StageResult(key, replace(motion, contacts=told), floor, variables, history, 1.25, "It converged.")
        for key in ("stage1", "stage2")
    }
    stages["stage3_init"] = StageResult("stage3_init", motion, floor, {}, (), 0.5, "Not optimised.")
    incidents = (
        Incident("hold_x0", 3, NOT_FINITE, "joints3d", 7, 0, SMALLER_STEP, 2),
        Incident("refine", 0, SOARED, None, None, None, NOT_STARTED),
    )
    stages["stage3"] = replace(stages["stage2"], key="stage3", incidents=incidents)
    settings = replace(
        load_preset("joints3d"), iterations={"root": 3}, freezes=frozenset({Freeze("floor"), Freeze("shape", "stage2")})
    )
    data_error = torch.rand(24, generator=generator)
    data_error[3] = torch.nan
    diagnostics = {"data_error_cm": data_error, "skating_cm": torch.zeros(24)}
    return FitResult(
        observations, settings, stages, ((0, 24),), "body", "priors", False, diagnostics, ("A warning: äß.",)
    )


def assert_same(first, second, where="result"):
    if isinstance(first, torch.Tensor):
        assert first.dtype == second.dtype, where
        torch.testing.assert_close(first, second, rtol=0, atol=0, equal_nan=True)
    elif dataclasses.is_dataclass(first):
        assert type(first) is type(second), where
        for field in dataclasses.fields(first):
            assert_same(getattr(first, field.name), getattr(second, field.name), f"{where}.{field.name}")
    elif hasattr(first, "keys"):
        assert list(first) == list(second), where
        for key in first:
            assert_same(first[key], second[key], f"{where}[{key}]")
    elif isinstance(first, tuple) and first and dataclasses.is_dataclass(first[0]):
        assert len(first) == len(second), where
        for place, pair in enumerate(zip(first, second, strict=True)):
            assert_same(*pair, f"{where}[{place}]")
    else:
        assert first == second, where


@pytest.mark.parametrize("spec", ["noise=0.04", "below=0.9", CAMERA])
def test_reading_gives_back_what_was_written_exactly(tmp_path, walking, open_body, spec):
    result = make_result(walking, open_body, spec)
    write_result(tmp_path / "out", result, open_body, {"mpjpe_mm": 1.5}, "log\n")
    back = read_result(tmp_path / "out")
    assert back.stages["stage1"].history == result.stages["stage1"].history
    assert back.stages["stage3"].incidents == result.stages["stage3"].incidents
    assert {k: dict(v) for k, v in back.settings.weights.items()} == result.settings.weights
    assert_same(replace(back, settings=result.settings), result)
    assert back.settings == result.settings
    assert sorted(os.listdir(tmp_path / "out")) == [
        "log.txt",
        "observations.npz",
        "report.json",
        "result.npz",
        "stages",
    ]
    assert (tmp_path / "out" / "log.txt").read_text() == "log\n"


def test_result_npz_is_an_amass_motion_in_the_world(tmp_path, walking, open_body):
    result = make_result(walking, open_body, CAMERA)
    write_result(tmp_path / "out", result, open_body)
    arrays = read_npz(tmp_path / "out" / "result.npz")
    assert arrays["poses"].shape == (24, 156)
    np.testing.assert_allclose(arrays["floor"], [0, 0, 1, 0], atol=1e-5)
    motion = read_amass(tmp_path / "out" / "result.npz", fps=None)
    joints = joints_of(open_body, motion)
    np.testing.assert_allclose(arrays["joints"], joints.numpy(), atol=1e-4)
    # heights over the floor are those of the motion that was projected, and the camera leads back to its frame
    np.testing.assert_allclose(joints[..., 2].numpy(), joints_of(open_body, walking)[..., 2].numpy(), atol=1e-4)
    in_camera = np.einsum("tij,tkj->tki", arrays["camera_rotation"], arrays["joints"])
    in_camera += arrays["camera_translation"][:, None]
    expected = joints_of(open_body, result.final.motion).numpy()
    np.testing.assert_allclose(in_camera, expected, atol=1e-4)
    torch.testing.assert_close(motion.contacts, result.final.motion.contacts)


def test_3d_results_stay_where_they_were_observed(walking, open_body):
    motion, floor = world_motion(make_result(walking, open_body), open_body)
    assert torch.equal(motion.translation, walking.translation)
    assert floor.normal.tolist() == [0, 0, 1]


def test_contacts_that_nobody_told_are_nan(tmp_path, walking, open_body):
    write_result(tmp_path / "out", make_result(walking, open_body, contacts=False), open_body)
    assert np.isnan(read_npz(tmp_path / "out" / "result.npz")["contacts"]).all()
    assert read_amass(tmp_path / "out" / "result.npz").contacts is None


def test_the_report_tells_the_fit(tmp_path, walking, open_body):
    result = make_result(walking, open_body)
    write_result(tmp_path / "out", result, open_body, {"mpjpe_mm": 1.5, "jitter": float("nan")})
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["metrics"] == {"mpjpe_mm": 1.5, "jitter": None}
    assert report["closures"] == {"stage1": 2, "stage2": 2, "stage3_init": 0, "stage3": 2}
    assert report["seconds"]["stage1"] == 1.25
    assert report["settings"]["preset"] == "joints3d"
    assert report["history"]["stage1"]["raw"]["overlap"] == [None, 0.0]
    assert report["stages"]["stage1"]["incidents"] == []
    first = report["stages"]["stage3"]["incidents"][0]
    assert (first["term"], first["frame"], first["times"]) == ("joints3d", 7, 2)
    assert first["sentence"] == result.stages["stage3"].incidents[0].sentence()
    assert report["diagnostics"]["data_error_cm"][3] is None
    assert report["complete"]
    assert set(report["versions"]) >= {"motionfit", "torch", "python"}


def test_a_cancelled_fit_says_which_stages_are_finished(tmp_path, walking, open_body):
    result = replace(make_result(walking, open_body), cancelled=True)
    write_result(tmp_path / "out", result, open_body)
    report = read_report(tmp_path / "out")
    assert report["finished_stages"] == ["stage1", "stage2", "stage3_init"]
    assert not report["complete"]
    assert read_result(tmp_path / "out").cancelled


def test_an_earlier_result_is_replaced_and_other_files_are_not(tmp_path, walking, open_body):
    result = make_result(walking, open_body)
    write_result(tmp_path / "out", result, open_body)
    write_result(tmp_path / "out", replace(result, body_hash="other"), open_body)
    assert read_result(tmp_path / "out").body_hash == "other"
    assert os.listdir(tmp_path) == ["out"]
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("")
    with pytest.raises(OutputError, match="no result of a fit"):
        write_result(tmp_path / "mine", result, open_body)
    assert os.listdir(tmp_path / "mine") == ["thesis.txt"]


def test_a_full_disk_leaves_nothing_half_written(tmp_path, walking, open_body, monkeypatch):
    result = make_result(walking, open_body)
    write_result(tmp_path / "out", result, open_body)

    def full(*_arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(result_files, "save_arrays", full)
    with pytest.raises(OutputError, match="disk is full"):
        write_result(tmp_path / "out", replace(result, body_hash="other"), open_body)
    assert os.listdir(tmp_path) == ["out"]
    assert read_result(tmp_path / "out").body_hash == "body"


def test_places_that_cannot_be_written_are_told(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="is a file"):
        check_output_folder(tmp_path / "file")
    with pytest.raises(OutputError):
        check_output_folder(tmp_path / "file" / "out")

    def refuse(*_arguments, **_named):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("pathlib.Path.touch", refuse)
    with pytest.raises(OutputError, match="not writable"):
        check_output_folder(tmp_path / "out")


def test_half_written_and_damaged_results_are_recognised(tmp_path, walking, open_body):
    folder = tmp_path / "out"
    with pytest.raises(OutputError, match="no result folder"):
        read_result(folder)
    write_result(folder, make_result(walking, open_body), open_body)
    assert has_result(folder)
    stage = folder / "stages" / "stage2.npz"
    whole = stage.read_bytes()
    stage.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(OutputError, match=r"stage2\.npz"):
        read_result(folder)
    stage.unlink()
    with pytest.raises(OutputError, match=r"stage2\.npz"):
        read_result(folder)
    report = folder / "report.json"
    report.write_text(report.read_text()[:200])
    with pytest.raises(OutputError, match="damaged"):
        read_result(folder)
    report.write_text("{}")
    with pytest.raises(OutputError, match="no settings"):
        read_result(folder)
    report.unlink()
    assert not has_result(folder)
    with pytest.raises(OutputError, match="half-written"):
        read_result(folder)


def test_world_of_a_camera_floor_is_level(walking, open_body):
    result = make_result(walking, open_body, CAMERA)
    floor = transform_floor(result.final.floor, world_from_floor(result.final.floor))
    torch.testing.assert_close(floor.normal, torch.tensor([0.0, 0.0, 1.0]), atol=1e-6, rtol=0)
    assert abs(float(floor.offset)) < 1e-5
