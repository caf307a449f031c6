import csv
import math
from dataclasses import replace

import pytest
from recorded_walks import write_walk

from motionfit.bench.clips import LEAST_FRAMES
from motionfit.bench.sweep import (
    REACH,
    Sweep,
    relative_error,
    require_training_clips,
    run_sweep,
    with_weights,
)
from motionfit.bench.tasks import TASKS
from motionfit.errors import SettingsError
from motionfit.pipeline.settings import load_preset
from motionfit.pipeline.stages import PHASES

WEIGHTS = ("stage2.smoothness",)


def only_poses(settings):
    return replace(settings, stages=("stage1", "stage2"), iterations={phase.key: 3 for phase in PHASES})


@pytest.fixture(scope="module")
def sweep(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sweep")
    (folder / "train").mkdir()
    write_walk(folder / "train" / "walk.npz", LEAST_FRAMES, 0)
    return Sweep(TASKS[0], "joints3d", WEIGHTS, folder / "train", 1, 4, folder / "tuned.toml")


@pytest.fixture(scope="module")
def report(sweep):
    return run_sweep(sweep, change=only_poses)


def test_the_first_trial_is_the_preset_itself_and_the_best_is_no_worse(report):
    assert report["trials"][0]["weights"] == {"stage2.smoothness": 1.0}
    assert report["trials"][0]["objective"] == pytest.approx(1.0, abs=1e-6)
    assert report["objective"] == min(trial["objective"] for trial in report["trials"]) <= 1.0 + 1e-6


def test_other_weights_give_other_errors_within_reach(report):
    tried = [trial["weights"]["stage2.smoothness"] for trial in report["trials"]]
    assert len(set(tried)) == 4
    assert all(1.0 / REACH <= weight <= REACH for weight in tried)
    assert len({trial["objective"] for trial in report["trials"]}) == 4


def test_the_tuned_preset_can_be_fitted_with_and_differs_in_the_tuned_weights_only(report, sweep):
    tuned, start = load_preset(str(sweep.output)), load_preset("joints3d")
    weight = report["weights"]["stage2.smoothness"]
    assert tuned.weights["stage2"]["smoothness"] == pytest.approx(weight, rel=1e-2)
    same = tuned.with_weight("stage2", "smoothness", start.weights["stage2"]["smoothness"])
    assert replace(same, preset=start.preset) == start


def test_a_sweep_goes_on_where_it_was(report, sweep):
    again = run_sweep(replace(sweep, trials=5), change=only_poses)
    assert again["trials"][:4] == report["trials"]
    assert len(again["trials"]) == 5


def test_clips_that_are_not_for_training_are_refused(tmp_path):
    for name in ("val", "test"):
        with pytest.raises(SettingsError, match="not the training split"):
            require_training_clips(tmp_path / name)
    folder = tmp_path / "motions"
    folder.mkdir()
    write_walk(folder / "walk_poses.npz", LEAST_FRAMES, 0)
    require_training_clips(folder)
    with (tmp_path / "manifest.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["id", "split"], ["walk", "test"]])
    with pytest.raises(SettingsError, match="walk"):
        require_training_clips(folder)


def test_a_weight_that_the_preset_lacks_names_the_nearest(sweep):
    with pytest.raises(SettingsError, match=r"stage3\.motion_priors") as caught:
        run_sweep(replace(sweep, weights=("stage3.motion_priors",)))
    assert "stage3.motion_prior" in caught.value.hint


def test_half_the_error_on_one_of_two_clips_is_a_mean_of_the_logarithms():
    before = {"a": {"mpjpe_mm": 10.0}, "b": {"mpjpe_mm": 1.0}}
    found = relative_error({"a": {"mpjpe_mm": 5.0}, "b": {"mpjpe_mm": 1.0}}, before, ["mpjpe_mm"])
    assert found == pytest.approx(0.5**0.5)
    broken = {"a": {"mpjpe_mm": math.nan}, "b": {"mpjpe_mm": 1.0}}
    assert relative_error(broken, before, ["mpjpe_mm"]) == math.inf


def test_weights_are_named_by_stage_and_term():
    changed = with_weights(load_preset("joints3d"), {"stage3.motion_prior": 0.5})
    assert changed.weights["stage3"]["motion_prior"] == 0.5
