"""What frames contribute to the loss, and the table that says what the diagnostics are."""

from dataclasses import replace

import pytest
import torch

from motionfit.files.stage_archive import stage_arrays, stage_from_arrays
from motionfit.metrics.drift import joints_of
from motionfit.pipeline.diagnostics import DIAGNOSTICS, TERM
from motionfit.pipeline.fit import fit
from motionfit.pipeline.shares import blended
from motionfit.pipeline.stages import PHASES, phases_of

FEW = {phase.key: 2 for phase in PHASES} | {"root": 10, "pose": 10}


@pytest.fixture(scope="module")
def results(body, priors, noisy):
    from motionfit.pipeline.settings import load_preset

    settings = replace(load_preset("joints3d"), iterations=FEW)
    whole = fit(noisy, body, priors, settings)
    cut = fit(noisy, body, priors, replace(settings, window=12, overlap=4), previous=None)
    return whole, cut


@pytest.mark.parametrize("stage", ["stage1", "stage2", "stage3"])
def test_the_shares_of_the_frames_add_up_to_the_loss(results, stage):
    kept = results[0].stages[stage]
    last = [record for record in kept.history if record.phase == phases_of(stage)[-1].key]
    best = min(last, key=lambda record: record.loss)
    assert set(kept.shares) == set(best.weighted)
    assert all(share.shape == (kept.motion.frames,) for share in kept.shares.values())
    for name, share in kept.shares.items():
        assert float(share.sum()) == pytest.approx(best.weighted[name], rel=1e-3, abs=1e-6), name


def test_windows_count_a_frame_once(results):
    whole, cut = (result.stages["stage3"] for result in results)
    assert float(cut.shares["joints3d"].sum()) == pytest.approx(float(whole.shares["joints3d"].sum()), rel=0.3)
    assert cut.shares["overlap"].nonzero().flatten().tolist() == [8, 9, 10, 11]
    ones = blended(torch.ones(4, 12), ((0, 12), (8, 20)))
    torch.testing.assert_close(ones, torch.ones(2, 20))


def test_a_stage_on_file_keeps_its_shares(results):
    kept = results[0].stages["stage3"]
    read = stage_from_arrays(stage_arrays(kept)).shares
    assert set(read) == set(kept.shares)
    assert all(torch.equal(read[name], share) for name, share in kept.shares.items())


def test_every_diagnostic_of_a_fit_stands_in_the_table(results):
    result = results[0]
    assert set(result.diagnostics) <= set(DIAGNOSTICS)
    assert {TERM + name for name in result.final.shares} <= set(result.diagnostics)
    assert all(values.shape == (result.observations.frames,) for values in result.diagnostics.values())


def test_distances_between_the_stages_are_told(body, results):
    result = results[0]
    joints = {key: joints_of(body, stage.motion) for key, stage in result.stages.items()}
    apart = (joints["stage3"] - joints["stage2"]).norm(dim=-1).mean(-1) * 100.0
    torch.testing.assert_close(result.diagnostics["stage_distance_cm"], apart)
    began = (joints["stage3_init"] - joints["stage2"]).norm(dim=-1).mean(-1) * 100.0
    torch.testing.assert_close(result.diagnostics["initial_drift_cm"], began)
