"""Wrong frames of generated walks are found, and tolerances are measured on right ones."""

import json
from dataclasses import replace

import pytest
from recorded_walks import write_walk

from motionfit.bench.tolerances import measure_tolerances
from motionfit.bench.triage import TRIAGE_TASKS, run_triage, table
from motionfit.metrics.score import RULES
from motionfit.pipeline.stages import PHASES

FEW = {phase.key: 2 for phase in PHASES} | {"root": 10, "pose": 12, "tune_x0": 4, "hold_x0": 8, "refine": 8}


def few_iterations(settings):
    return replace(settings, iterations=FEW)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("walks")
    for number in range(3):
        write_walk(folder / f"walk_{number}.npz", 50, number)
    return folder


@pytest.fixture(scope="module")
def report(folder):
    return run_triage(folder, tasks=TRIAGE_TASKS[:1], change=few_iterations, seed=1)


def test_wrong_frames_are_found(report):
    assert report["average_precision"] >= 0.8
    assert report["base_rate"] < 0.3
    assert report["mean_score_of_wrong_frames"] < 50 < report["mean_score_of_right_frames"]


def test_the_report_is_plain_json_and_its_table_has_a_column_for_each_task(report):
    assert json.loads(json.dumps(report)) == report
    header, *rows = table(report)
    assert header == ["frames", "joints", "all"]
    assert all(len(row) == 3 for row in rows)


def test_tolerances_are_measured_for_every_rule_that_has_none_by_meaning(folder):
    found = measure_tolerances(folder, 1, TRIAGE_TASKS[:1], few_iterations)
    assert set(found["tolerances"]) == {rule.diagnostic for rule in RULES if rule.fixed is None}
    assert all(row["usual"] < row["tolerated"] for row in found["tolerances"].values())
