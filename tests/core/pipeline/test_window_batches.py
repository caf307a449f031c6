from dataclasses import replace
from itertools import groupby

import pytest
import torch

from motionfit.pipeline import fit as fitting
from motionfit.pipeline.batch import make_batch
from motionfit.pipeline.contacts import Contacts
from motionfit.pipeline.data_terms import DataTerms
from motionfit.pipeline.fit import fit
from motionfit.pipeline.ground import Ground
from motionfit.pipeline.rollout_stage import PER_WINDOW, RolloutStage
from motionfit.pipeline.settings import load_preset
from motionfit.pipeline.window_batches import WindowBatch, split_batches
from motionfit.pipeline.windows import split_windows
from motionfit.simulation import simulate

from .conftest import walk
from .seams import jumps_at_seams

FRAMES = 48
WINDOW, OVERLAP = 20, 6
FEW = {"root": 5, "pose": 20, "tune_x0": 2, "hold_x0": 3, "refine": 4}


def few(**changes):
    return replace(load_preset("joints3d"), window=WINDOW, overlap=OVERLAP, iterations=FEW, **changes)


@pytest.fixture(scope="module")
def observed(body):
    return simulate(walk(FRAMES), body, "noise=0.02", 3)


@pytest.fixture(scope="module")
def stage_two(observed, body, priors):
    return fit(observed, body, priors, few(stages=("stage1", "stage2")))


@pytest.fixture(scope="module")
def by_memory(observed, body, priors, stage_two):
    return fit(observed, body, priors, few(stages=("stage3",)), previous=stage_two)


@pytest.fixture(scope="module")
def one_by_one(observed, body, priors, stage_two):
    """Windows one after the other, and what could have been kept after each phase."""
    kept, closures = [], []

    def watch(progress):
        closures.extend([] if progress.has_ended else [progress.record])
        if progress.underway is not None and progress.underway not in kept:
            kept.append(progress.underway)
        return True

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fitting, "windows_at_once", lambda *_: 1)
        result = fit(observed, body, priors, few(stages=("stage3",)), watch, stage_two)
    assert tuple(closures) == result.final.history
    return result, kept


@pytest.mark.parametrize(("windows", "at_once"), [(1, 1), (7, 3), (36, 35), (5, 9), (12, 4)])
def test_batches_hold_every_window_once_and_are_about_as_large(windows, at_once):
    batches = split_batches(windows, at_once)
    sizes = [batch.stop - batch.start for batch in batches]
    assert [batch.start for batch in batches] == [0, *(batch.stop for batch in batches[:-1])]
    assert batches[-1].stop == windows
    assert max(sizes) <= at_once
    assert max(sizes) - min(sizes) <= 1


def test_memory_holds_all_windows_of_a_short_clip(by_memory, observed, body, priors, stage_two):
    phases = [record.phase for record in by_memory.final.history]
    assert list(dict.fromkeys(phases)) == [phase for phase, _ in groupby(phases)]
    assert len(by_memory.windows) == 3


def test_batches_go_through_all_phases_one_after_the_other(one_by_one):
    result, kept = one_by_one
    phases = [phase for phase, _ in groupby(record.phase for record in result.final.history)]
    assert phases == ["tune_x0", "hold_x0", "refine"] * len(result.windows)
    assert [len(underway.statuses) for underway in kept] == list(range(1, 10))


def test_a_later_batch_leaves_the_earlier_ones_and_the_shape_alone(one_by_one):
    result, kept = one_by_one
    final, first, second = result.final.variables, kept[2].variables, kept[5].variables
    assert torch.equal(first["betas"], final["betas"])
    assert not torch.equal(kept[0].variables["betas"], final["betas"])
    for name in PER_WINDOW & final.keys():
        assert torch.equal(first[name][0], final[name][0])
        assert torch.equal(second[name][1], final[name][1])
        assert not torch.equal(first[name][1], second[name][1])


def test_a_fit_that_goes_on_where_more_memory_is_free_keeps_its_batches(
    one_by_one, observed, body, priors, stage_two, monkeypatch
):
    result, kept = one_by_one
    monkeypatch.setattr(fitting, "windows_at_once", lambda *_: 50)
    cut_off = replace(stage_two, underway=kept[4])
    found = fit(observed, body, priors, few(stages=("stage3",)), previous=cut_off)
    assert found.final.history == result.final.history
    assert torch.equal(found.final.motion.body_pose, result.final.motion.body_pose)
    for name, value in result.final.variables.items():
        assert torch.equal(found.final.variables[name], value)


def test_what_is_left_of_a_fit_with_other_settings_is_not_taken_up(one_by_one, observed, body, priors, stage_two):
    _, kept = one_by_one
    cut_off = replace(stage_two, underway=kept[-1])
    settings = few(stages=("stage3",)).with_weight("stage3", "overlap", 0.5)
    found = fit(observed, body, priors, settings, lambda _: False, cut_off)
    assert len(found.final.history) == 1


@pytest.mark.parametrize("batches", ["by_memory", "one_by_one"])
def test_no_seam_shows(batches, request, body):
    found = request.getfixturevalue(batches)
    result = found if batches == "by_memory" else found[0]
    jumps, usual = jumps_at_seams(result, walk(FRAMES), body)
    assert jumps.max() <= 0.5 * usual


def test_overlaps_count_across_batches_as_within_one(observed, body, priors, by_memory):
    data, batch, windows = DataTerms.of(body), make_batch([observed]), by_memory.windows
    ground = Ground.held(batch.floor_normal, batch.floor_offset)
    whole = RolloutStage(body, priors, data, batch.windows(windows), windows, ground, Contacts.of(body))
    values = {name: value if name in PER_WINDOW else value[None] for name, value in by_memory.final.variables.items()}
    together = whole.terms(values, ["overlap"])["overlap"]
    parts = [WindowBatch(whole, slice(window, window + 1)) for window in range(len(windows))]
    apart = [part.stage(values).terms(part.take(values), ["overlap"]).get("overlap", 0.0) for part in parts]
    assert together > 0
    torch.testing.assert_close(sum(apart), together)


@pytest.mark.parametrize("clips", [1, 2])
def test_a_batch_takes_its_windows_of_every_clip_and_puts_them_back(body, priors, observed, clips):
    windows = split_windows(FRAMES, WINDOW, OVERLAP)
    batch = make_batch([observed] * clips)
    ground = Ground.held(batch.floor_normal, batch.floor_offset)
    whole = RolloutStage(body, priors, DataTerms.of(body), batch.windows(windows), windows, ground, Contacts.of(body))
    part = WindowBatch(whole, slice(1, 3))
    values = {
        "motion_latents": torch.arange(3.0 * clips)[:, None, None].expand(-1, 19, 48),
        "betas": torch.zeros(clips, 16),
    }
    taken = part.take(values)
    assert taken["motion_latents"][:, 0, 0].tolist() == [1.0, 2.0, 4.0, 5.0][: 2 * clips]
    put = part.put(values, {"motion_latents": -taken["motion_latents"], "betas": taken["betas"]})
    assert put["motion_latents"][:, 0, 0].tolist() == [0.0, -1.0, -2.0, 3.0, -4.0, -5.0][: 3 * clips]
