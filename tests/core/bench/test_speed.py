import pytest

from motionfit.bench.speed import run_speed


def test_the_plain_closure_computes_the_same_loss_more_slowly():
    report = run_speed(quick=True)
    assert report["closure_loss_difference"] < 1e-4
    assert report["closure_speedup"] == pytest.approx(report["closure_plain_ms"] / report["closure_lean_ms"])
    assert set(report["fit_seconds"]) == {"stage1", "stage2", "stage3_init", "stage3"}
    assert report["machine"]["torch"]
