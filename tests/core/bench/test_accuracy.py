import json
from dataclasses import replace

import pytest
from recorded_walks import write_walk

from motionfit.bench.accuracy import STAGES, TASKS, run_accuracy, table
from motionfit.bench.clips import CLIP_FRAMES, LEAST_FRAMES, bench_clips
from motionfit.errors import InputError, OutputError
from motionfit.pipeline.stages import PHASES


def few_iterations(settings):
    return replace(settings, iterations={phase.key: 2 for phase in PHASES})


@pytest.fixture(scope="module")
def report():
    return run_accuracy(quick=True, change=few_iterations)


def test_the_report_has_every_task_stage_and_clip_and_is_plain_json(report):
    assert set(report["tasks"]) == {task.name for task in TASKS}
    for task in report["tasks"].values():
        assert set(task["stages"]) == {*STAGES, "truth"}
        assert task["clips"]
        assert task["worst_ratio_stage3_to_stage2"] > 0
    assert json.loads(json.dumps(report)) == report


def test_truth_measured_against_itself_has_no_error(report):
    for task in report["tasks"].values():
        assert task["stages"]["truth"]["global_mpjpe_mm"] == pytest.approx(0.0, abs=1e-6)


def test_the_table_has_a_column_for_every_stage(report):
    rows = table(report)
    assert rows[0] == ["task", "metric", *STAGES, "truth"]
    assert all(len(row) == len(rows[0]) for row in rows)


def test_both_methods_are_compared_and_kept_fits_are_not_repeated(tmp_path):
    data, keep = tmp_path / "data", tmp_path / "kept"
    data.mkdir()
    write_walk(data / "walk.npz", LEAST_FRAMES, 0)
    video = [task for task in TASKS if task.name == "video"]
    asked = []

    def once(settings):
        asked.append(settings.method)
        return few_iterations(settings)

    first = run_accuracy(data, tasks=video, methods=("motionfit", "reference"), keep=keep, change=once)
    assert asked == ["motionfit", "reference"]
    assert set(first["comparison"]["video"].values()) <= {"ours", "theirs", "equal"}
    stages = first["methods"]["reference"]["video"]["stages"]
    assert stages["stage3"]["floor_tilt_degrees"] > 0
    assert stages["truth"]["floor_height_cm"] == pytest.approx(0.0, abs=1e-3)
    assert stages["stage3_init"]["drift_mm"] > 0
    files = {path: path.stat().st_mtime_ns for path in keep.rglob("result.npz")}
    assert len(files) == 2
    again = run_accuracy(data, tasks=video, methods=("motionfit", "reference"), keep=keep, change=once)
    assert {path: path.stat().st_mtime_ns for path in keep.rglob("result.npz")} == files
    assert again["comparison"] == first["comparison"]
    with pytest.raises(OutputError, match="other observations"):
        run_accuracy(data, tasks=video, keep=keep, change=few_iterations, seed=1)


def test_every_second_motion_is_taken_by_name(tmp_path):
    for number in range(3):
        write_walk(tmp_path / f"walk_{number}.npz", LEAST_FRAMES, number)
    found = run_accuracy(tmp_path, every=2, tasks=TASKS[:1], change=few_iterations)
    assert found["clips"] == 2
    assert list(found["tasks"][TASKS[0].name]["clips"]) == ["walk_0", "walk_2"]


def test_a_folder_without_motion_is_an_error_that_says_what_was_looked_for(tmp_path):
    with pytest.raises(InputError, match="AMASS"):
        bench_clips(tmp_path)


def test_clips_of_a_folder_are_cut_to_sixty_frames_and_spread(shared_mocap):
    clips = bench_clips(shared_mocap / "val", 5)
    assert len(clips) == 5
    assert all(LEAST_FRAMES <= clip.motion.frames <= CLIP_FRAMES for clip in clips)
    assert len({clip.name for clip in clips}) == 5
