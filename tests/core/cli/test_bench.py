import pytest

from motionfit.bench import accuracy, speed, triage


@pytest.fixture
def measured(monkeypatch):
    """The benchmarks themselves take minutes and have tests of their own: here only how they are called."""
    calls = []

    def run_accuracy(data, quick, every, most, tasks, methods, keep, note, seed):
        note("a note")
        calls.append((data, quick, every, most, seed, [task.name for task in tasks], tuple(methods), keep))
        stages = {key: {"mpjpe_mm": 1.0} for key in (*accuracy.STAGES, "truth")}
        return {"tasks": {"noisy_joints": {"stages": stages}}}

    def run_speed(quick, note):
        calls.append(quick)
        return {"closure_speedup": 2.0, "machine": {}}

    def run_triage(data, quick, note, seed):
        note("a note")
        calls.append((data, quick, seed))
        measure = {"average_precision": 0.9, "average_precision_by_kind": {"swap": 0.8}, "base_rate": 0.15}
        return measure | {"tasks": {"joints": measure}}

    monkeypatch.setattr(triage, "run_triage", run_triage)
    monkeypatch.setattr(accuracy, "run_accuracy", run_accuracy)
    monkeypatch.setattr(speed, "run_speed", run_speed)
    return calls


def test_accuracy(measured, run, run_json, tmp_path):
    code, report, _ = run_json(
        "bench",
        "accuracy",
        "--quick",
        "--data",
        tmp_path,
        "--every",
        "4",
        "--most",
        "2",
        "--seed",
        "3",
        "--threads",
        "1",
    )
    assert code == 0
    every_task = [task.name for task in accuracy.TASKS]
    assert measured == [(tmp_path, True, 4, 2, 3, every_task, ("motionfit",), None)]
    assert "noisy_joints" in report["tasks"]
    code, out, _ = run("bench", "accuracy", "--threads", "1")
    assert code == 0
    assert "noisy_joints" in out


def test_accuracy_of_one_task_by_both_methods_with_kept_fits(measured, run, run_json, tmp_path):
    code, _, _ = run_json(
        "bench", "accuracy", "--task", "video", "--method", "both", "--keep", tmp_path, "--threads", "1"
    )
    assert code == 0
    assert measured == [(None, False, 1, None, 0, ["video"], ("motionfit", "reference"), tmp_path)]
    code, _, error = run("bench", "accuracy", "--task", "vidio", "--threads", "1")
    assert code == 1
    assert "'video'" in error


def test_speed(measured, run, run_json):
    code, report, _ = run_json("bench", "speed", "--quick", "--threads", "1")
    assert (code, report["closure_speedup"], measured) == (0, 2.0, [True])
    assert "closure_speedup" in run("bench", "speed", "--threads", "1")[1]


def test_triage(measured, run, run_json, tmp_path):
    code, report, _ = run_json("bench", "triage", "--quick", "--data", tmp_path, "--seed", "2", "--threads", "1")
    assert (code, report["average_precision"], measured) == (0, 0.9, [(tmp_path, True, 2)])
    _, out, _ = run("bench", "triage", "--threads", "1")
    assert "left and right" in out
    assert "0.800" in out
