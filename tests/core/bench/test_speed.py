import math
from dataclasses import replace

import pytest
import torch

from motionfit.bench import plain_closure, speed
from motionfit.bench.clips import BenchClip, bench_clips
from motionfit.bench.speed import TARGETS, run_speed, table
from motionfit.bench.speed_closures import LEAN, PLAIN, measure_closures, plain_milliseconds
from motionfit.bench.speed_fits import run_published
from motionfit.bench.speed_lengths import back_and_forth, measure_gpu, measure_lengths
from motionfit.bench.speed_process import measure_memory, measure_starts
from motionfit.body.load import load_body
from motionfit.pipeline.settings import load_preset
from motionfit.priors.checkpoints import load_priors
from motionfit.reference.schedule import PHASES, Schedule
from motionfit.simulation import simulate

FEW = {"root": 2, "pose": 3, "tune_x0": 2, "hold_x0": 2, "refine": 2}


@pytest.fixture(scope="module")
def clip():
    whole = bench_clips(None)[0]
    return BenchClip(whole.name, whole.motion.slice(0, 20))


@pytest.fixture(scope="module")
def body():
    return load_body()


@pytest.fixture(scope="module")
def priors():
    return load_priors()


@pytest.fixture(scope="module")
def observed(clip, body):
    return simulate(clip.motion, body, "noise=0.04", 0)


def test_the_plain_closure_computes_the_same_loss_more_slowly(monkeypatch, clip):
    preset = speed.load_preset
    monkeypatch.setattr(speed, "bench_clips", lambda _folder: [clip])
    monkeypatch.setattr(speed, "load_preset", lambda name: preset(name) if "reference" in name else few(name))
    closures_and_fits = [each for each in speed._SECTIONS if each[1] in (speed.closure_rows, speed.fit_rows)]
    monkeypatch.setattr(speed, "_SECTIONS", closures_and_fits)
    report = run_speed(quick=True)
    assert report["closure_loss_difference"] < 1e-4
    fastest = report.get("closure_native_ms", report["closure_lean_ms"])
    assert report["closure_speedup"] == pytest.approx(report["closure_plain_ms"] / fastest)
    assert report["closure_speedup"] > 1.0
    assert set(report["closures_side_by_side_ms"]["4"]) >= {PLAIN, LEAN}
    assert set(report["fit_seconds"]) == {"stage1", "stage2", "stage3_init", "stage3"}
    assert report["machine"]["torch"]
    published = report["fits"]["reference"]
    schedule = Schedule.of(preset("reference-3d"))
    assert published["closures"] == {phase.key: 20 * schedule.iterations[phase.key] for phase in PHASES}
    summed = sum(published["closures"][key] * published["closure_ms"][key] for key in published["closures"])
    assert published["seconds"] == pytest.approx(summed / 1000.0)
    assert report["fit_speedup"] == pytest.approx(published["seconds"] / report["fits"]["motionfit"]["seconds"])
    assert report["fit_speedup_is_estimate"]


def few(name):
    return replace(load_preset(name), iterations=FEW)


def test_several_clips_side_by_side_have_the_same_loss_every_way(observed, body, priors):
    found = measure_closures(observed, body, priors, load_preset("joints3d"), (2,), 1)
    assert found["loss_difference"] < 1e-4
    assert all(value > 0 for value in found["ms"]["2"].values())


def test_the_published_schedule_is_run_and_counted(clip, observed, body, priors):
    phases = ("root", "pose", "tune_x0")
    settings = replace(load_preset("reference-3d"), iterations=dict.fromkeys(phases, 1))
    found = run_published(clip, observed, body, priors, settings)
    assert not found["is_estimate"]
    assert set(found["closures"]) == set(phases)
    assert found["seconds"] > sum(found["closures"][key] * found["closure_ms"][key] for key in phases) / 2000.0
    assert all(math.isfinite(value) and value > 0 for value in found["errors"].values())


def test_longer_clips_have_more_windows_and_a_cost_per_frame(clip, body, priors):
    settings = replace(load_preset("joints3d"), window=20, overlap=5)
    rows = measure_lengths(clip.motion, "noise=0.04", body, priors, settings, (20, 50))
    assert [row["frames"] for row in rows] == [20, 50]
    assert [row["windows"] for row in rows] == [1, 3]
    for row in rows:
        expected = 1000.0 * row["stage3_seconds"] / row["frames"] / row["stage3_closures"]
        assert row["ms_per_frame"] == pytest.approx(expected)


def test_a_motion_of_any_length_has_no_jump(clip):
    long = back_and_forth(clip.motion, 53)
    assert long.frames == 53
    steps, own = (each.translation.diff(dim=0).norm(dim=-1).max() for each in (long, clip.motion))
    assert steps <= own
    assert torch.equal(long.slice(0, 20).body_pose, clip.motion.body_pose)


def test_a_fit_needs_less_memory_than_it_may():
    memory = measure_memory()
    assert 0.0 < memory["above_base_mb"] < 400.0
    assert memory["peak_mb"] == pytest.approx(memory["base_mb"] + memory["above_base_mb"])


def test_starts_are_timed():
    starts = measure_starts(1)
    assert set(starts) == {"python_seconds", "import_seconds", "command_line_seconds"}
    assert all(value > 0 for value in starts.values())


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_its_row_says_why(observed, body, priors):
    assert measure_gpu(observed, body, priors, load_preset("joints3d")) == {"skipped": "there is no CUDA device"}


def test_the_table_says_what_must_be_reached_and_whether_it_is():
    report = {"closure_speedup": 9.0, "peak_memory_above_base_mb": 500.0, "frames": 60, "fit_speedup_is_estimate": True}
    rows = {row[0]: row[1:] for row in table(report)}
    assert rows["closure_speedup"] == ["9", "≥ 8", "≥ 12", "yes"]
    assert rows["peak_memory_above_base_mb"] == ["500", "≤ 400", "", "no"]
    assert rows["frames"][1:] == ["", "", ""]
    assert "fit_speedup_is_estimate" not in rows
    assert len({target.measure for target in TARGETS}) == len(TARGETS)


def test_the_plain_closure_rolls_out_once_as_research_code_does(observed, body, priors, monkeypatch):
    rolled = []
    roll_out = plain_closure.plain_roll_out
    monkeypatch.setattr(plain_closure, "plain_roll_out", lambda *given: rolled.append(1) or roll_out(*given))
    assert plain_milliseconds(observed, body, priors, load_preset("joints3d"), 3, 1) > 0
    assert len(rolled) == 2  # one that does not count, and one that does
