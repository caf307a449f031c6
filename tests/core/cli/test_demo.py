import sys

import pytest

from motionfit.cli import demo_job, main
from motionfit.files.demo import demo_path
from motionfit.files.project import read_project
from motionfit.files.result import read_result


@pytest.fixture(scope="session")
def demo_words(presets):
    return ["demo", "--preset", presets / "video.toml", "--stages", "1,2", "--threads", "1"]


@pytest.fixture(scope="session")
def demo_folder(demo_words, tmp_path_factory):
    """A fit of the demo clip."""
    folder = tmp_path_factory.mktemp("demo") / "out"
    assert main([str(word) for word in ["fit", demo_path(), *demo_words[1:], "-o", folder, "--quiet"]]) == 0
    return folder


def test_headless_prints_the_metrics_and_writes_pictures(demo_words, demo_folder, run):
    code, out, _ = run(*demo_words, "-o", demo_folder, "--headless")
    assert code == 0
    assert "fitted already" in out
    assert "II pose and shape" in out
    assert "2D reprojection" in out
    assert str(demo_folder / "pictures") in out
    pictures = {path.name: path.read_bytes() for path in (demo_folder / "pictures").iterdir()}
    assert "comparison.png" in pictures
    assert any(name.startswith("frame_") for name in pictures)
    assert all(content.startswith(b"\x89PNG") for content in pictures.values())
    assert list(read_result(demo_folder).stages) == ["stage1", "stage2"]


def test_with_a_display_the_window_is_another_process(demo_words, demo_folder, run, monkeypatch):
    started = []

    class Done:
        returncode = 0

    def remember(command, check):
        started.append(command)
        return Done()

    monkeypatch.setenv("DISPLAY", ":99")
    monkeypatch.setattr(demo_job.subprocess, "run", remember)
    for _ in range(2):
        code, out, _ = run(*demo_words, "-o", demo_folder)
        assert code == 0
    assert "Pictures" not in out
    project = demo_folder.with_suffix(".motionfit")
    assert started == [[sys.executable, "-m", "motionfit_app", str(project)]] * 2
    opened = read_project(project)
    assert [run.number for run in opened.runs] == [1]
    assert opened.video is not None
    assert opened.truth is not None


def test_a_result_of_something_else_is_fitted_anew(demo_words, fitted, run_json, monkeypatch):
    monkeypatch.setattr(demo_job, "write_pictures", lambda outcome, folder: folder)
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    folder, _ = fitted
    _, report, _ = run_json(*demo_words, "-o", folder)
    assert report["input"]["kind"] == "keypoints2d"
