"""Projects come back as they were, saves are whole or not at all, and damage is named."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from motionfit.body.load import load_body, open_body_path
from motionfit.errors import InputError, OutputError
from motionfit.files.project import Project, ProjectRun, is_project, read_project, write_project
from motionfit.motion import Camera, Floor, Motion, Observations
from motionfit.pipeline.freezes import Freeze
from motionfit.pipeline.result import ClosureRecord, FitResult, StageResult
from motionfit.pipeline.settings import load_preset

FRAMES = 7


@pytest.fixture(scope="module")
def body():
    return load_body(open_body_path())


def make_motion(seed: int) -> Motion:
    generator = torch.Generator().manual_seed(seed)
    turns = torch.linalg.qr(torch.randn(FRAMES, 22, 3, 3, generator=generator)).Q
    turns = turns * torch.linalg.det(turns)[..., None, None]
    return Motion(
        30.0, torch.randn(FRAMES, 3, generator=generator), turns[:, 0], turns[:, 1:].contiguous(),
        torch.randn(16, generator=generator), contacts=torch.rand(FRAMES, 22, generator=generator),
    )  # fmt: skip


FLOOR = Floor(torch.tensor([0.0, -1.0, 0.0]), torch.tensor(-1.4))


def make_observations() -> Observations:
    mask = torch.ones(FRAMES, 22, dtype=torch.bool)
    mask[3] = False
    joints = torch.randn(FRAMES, 22, 3)
    joints[~mask] = 0.0
    return Observations(
        30.0, FRAMES, joints3d=joints, joints3d_mask=mask,
        camera=Camera(torch.eye(3), (640, 360)), floor=FLOOR, floor_is_given=True, warnings=("careful",),
    )  # fmt: skip


def make_result(observations: Observations, settings, seed: int) -> FitResult:
    record = ClosureRecord("root", 1, 2.5, {"joints3d": 5.0}, {"joints3d": 2.5})
    stages = {
        key: StageResult(key, make_motion(seed + place), FLOOR, {}, (record,) * place, 1.5, "Converged.")
        for place, key in enumerate(("stage1", "stage2", "stage3_init", "stage3"))
    }
    return FitResult(
        observations, settings, stages, ((0, FRAMES),), "body", "priors", False, {"skating": torch.rand(FRAMES)}
    )


@pytest.fixture
def project(tmp_path: Path) -> Project:
    observations = make_observations()
    settings = replace(
        load_preset("joints3d").with_weight("stage2", "pose_prior", 0.123),
        freezes=frozenset({Freeze("shape", "pose"), Freeze("floor")}),
        iterations={"root": 3},
        threads=2,
    )
    source = tmp_path / "clip.npz"
    run = ProjectRun(1, "Run 1", "2026-01-02T03:04:05", make_result(observations, settings, 1))
    view = {"frame": 4, "shown": [[1, "stage2"]]}
    return Project("clip", observations, settings, source, None, make_motion(9), (run,), view)


def test_a_project_comes_back_as_it_was(tmp_path, project, body):
    folder = tmp_path / "clip.motionfit"
    write_project(folder, project, body)
    assert is_project(folder)
    again = read_project(folder)
    assert again.name == project.name
    assert again.settings == project.settings
    assert again.source == project.source
    assert dict(again.view) == dict(project.view)
    assert again.warnings == ()
    for name in ("joints3d", "joints3d_mask"):
        assert torch.equal(getattr(again.observations, name), getattr(project.observations, name))
    assert again.observations.floor_is_given
    assert again.observations.warnings == ("careful",)
    assert again.observations.camera.image_size == (640, 360)
    assert torch.equal(again.observations.floor.normal, FLOOR.normal)
    assert torch.equal(again.observations.floor.offset, FLOOR.offset)
    for name in ("translation", "root_orientation", "body_pose", "betas", "contacts"):
        assert torch.equal(getattr(again.truth, name), getattr(project.truth, name))


def test_runs_keep_stages_histories_and_freezes(tmp_path, project, body):
    folder = tmp_path / "clip.motionfit"
    write_project(folder, project, body)
    (run,) = read_project(folder).runs
    before = project.runs[0]
    assert (run.number, run.name, run.created) == (before.number, before.name, before.created)
    assert list(run.result.stages) == list(before.result.stages)
    assert run.result.settings.freezes == before.result.settings.freezes
    for key, stage in before.result.stages.items():
        assert torch.allclose(run.result.stages[key].motion.translation, stage.motion.translation, atol=1e-5)
        assert len(run.result.stages[key].history) == len(stage.history)
        assert run.result.stages[key].status == stage.status
    assert torch.allclose(run.result.diagnostics["skating"], before.result.diagnostics["skating"])


def test_saving_again_leaves_written_runs_alone_and_drops_removed_ones(tmp_path, project, body):
    folder = tmp_path / "clip.motionfit"
    write_project(folder, project, body)
    stamp = (folder / "runs" / "1" / "report.json").stat().st_mtime_ns
    second = ProjectRun(2, "Run 2", "2026-01-02T03:05:00", make_result(project.observations, project.settings, 20))
    write_project(folder, replace(project, runs=(*project.runs, second)), body)
    assert (folder / "runs" / "1" / "report.json").stat().st_mtime_ns == stamp
    assert [run.number for run in read_project(folder).runs] == [1, 2]
    write_project(folder, replace(project, runs=(second,)), body)
    assert not (folder / "runs" / "1").exists()
    assert [run.number for run in read_project(folder).runs] == [2]


def test_a_save_that_fails_leaves_the_project_before_it(tmp_path, project, body, monkeypatch):
    folder = tmp_path / "clip.motionfit"
    write_project(folder, project, body)

    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("motionfit.files.project.write_result", full)
    second = replace(project.runs[0], number=2)
    with pytest.raises(OutputError, match="No space left"):
        write_project(folder, replace(project, runs=(*project.runs, second)), body)
    assert [run.number for run in read_project(folder).runs] == [1]


def test_another_project_in_the_same_folder_is_replaced(tmp_path, project, body):
    folder = tmp_path / "clip.motionfit"
    write_project(folder, project, body)
    other = ProjectRun(1, "Run 1", "2026-05-05T00:00:00", make_result(project.observations, project.settings, 50))
    write_project(folder, replace(project, runs=(other,)), body)
    again = read_project(folder).runs[0].result.final.motion
    assert torch.allclose(again.translation, other.result.final.motion.translation, atol=1e-5)


def test_media_beside_the_project_move_with_it(tmp_path, project, body):
    home = tmp_path / "a"
    home.mkdir()
    (home / "walk.mp4").write_bytes(b"film")
    write_project(home / "p.motionfit", replace(project, video=home / "walk.mp4"), body)
    home.rename(tmp_path / "b")
    again = read_project(tmp_path / "b" / "p.motionfit")
    assert again.video == tmp_path / "b" / "walk.mp4"
    assert again.warnings == ()


def test_a_missing_video_is_named_and_the_rest_opens(tmp_path, project, body):
    write_project(tmp_path / "p.motionfit", replace(project, video=tmp_path / "gone.mp4"), body)
    again = read_project(tmp_path / "p.motionfit")
    assert len(again.runs) == 1
    assert "gone.mp4" in again.warnings[0]


def _change_index(folder: Path, **changes: object) -> None:
    path = folder / "project.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_a_newer_project_says_so(tmp_path, project, body):
    write_project(tmp_path / "p.motionfit", project, body)
    _change_index(tmp_path / "p.motionfit", version=99)
    with pytest.raises(InputError, match="newer MotionFit") as caught:
        read_project(tmp_path / "p.motionfit")
    assert "Update" in caught.value.hint


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "project.json").write_text("{"),
        lambda folder: (folder / "project.json").write_text("[]"),
        lambda folder: _change_index(folder, settings={"preset": "x"}),
        lambda folder: _change_index(folder, runs=[{"number": 1}]),
        lambda folder: (folder / "observations.npz").write_bytes(b"PK\x03\x04 short"),
        lambda folder: (folder / "observations.npz").unlink(),
        lambda folder: (folder / "truth.npz").unlink(),
    ],
)
def test_damage_is_one_clear_error(tmp_path, project, body, damage):
    folder = tmp_path / "p.motionfit"
    write_project(folder, project, body)
    damage(folder)
    with pytest.raises(InputError, match="damaged"):
        read_project(folder)


def test_a_folder_that_is_no_project_says_so(tmp_path):
    assert not is_project(tmp_path)
    with pytest.raises(InputError, match=r"no project\.json"):
        read_project(tmp_path)


def test_the_observations_can_be_fitted_from_the_command_line(tmp_path, project, body):
    from motionfit.files.inputs import read_input

    write_project(tmp_path / "p.motionfit", project, body)
    clip = read_input(tmp_path / "p.motionfit" / "observations.npz")
    assert clip.observations.frames == FRAMES
    assert not clip.observations.joints3d_mask[3].any()
