"""A roll-out that runs away is started again before it is optimised."""

import math
from dataclasses import replace

import pytest
import torch

from motionfit.pipeline import run as run_module
from motionfit.pipeline.batch import make_batch
from motionfit.pipeline.contacts import Contacts
from motionfit.pipeline.data_terms import DataTerms
from motionfit.pipeline.fit import fit, fit_clips
from motionfit.pipeline.ground import Ground
from motionfit.pipeline.incidents import RAN_AWAY
from motionfit.pipeline.initialise_rollout import start_rollout
from motionfit.pipeline.initialise_root import root_from_points
from motionfit.pipeline.pose_stage import PoseStage, start_values
from motionfit.pipeline.rollout_stage import ROLLOUT_STAGE_TENSORS, RolloutStage
from motionfit.pipeline.steady_start import steady_start
from motionfit.simulation import simulate

from .conftest import walk

LENGTH, WINDOWS = 16, ((0, 16), (8, 24))
FREE = frozenset(name for names in ROLLOUT_STAGE_TENSORS.values() for name in names)


@pytest.fixture(scope="module")
def started(body, priors):
    """Two clips of two windows at the start of stage III."""
    batch = make_batch([simulate(walk(24, sequence), body, "noise=0.01", sequence) for sequence in range(2)])
    data = DataTerms.of(body)
    poses = PoseStage(body, priors.pose, data, batch)
    ground = Ground.held(batch.floor_normal, batch.floor_offset)
    stage = RolloutStage(body, priors, data, batch.windows(WINDOWS), WINDOWS, ground, Contacts.of(body))
    return stage, start_rollout(poses, start_values(*root_from_points(body, batch)), stage)


def spoilt(values, row, steps, value):
    latents = values["motion_latents"].clone()
    latents[row, steps] = value
    return {**values, "motion_latents": latents}


def finite(stage, values):
    rolled = stage.roll(values)
    return bool(torch.isfinite(rolled.roll_out.states.pack()).all())


def test_a_sound_start_is_kept_tensor_by_tensor(started):
    stage, values = started
    steady, incidents = steady_start(stage, values, "tune_x0", FREE)
    assert incidents == [(), ()]
    assert all(steady[name] is values[name] for name in values)


@pytest.mark.parametrize("value", [math.nan, math.inf, 1e5])
def test_latents_that_run_away_are_replaced_from_there_on(started, value):
    stage, values = started
    row, step = 3, 9
    steady, incidents = steady_start(stage, spoilt(values, row, slice(step, None), value), "hold_x0", FREE)
    assert finite(stage, steady)
    assert incidents[0] == ()
    (incident,) = incidents[1]
    assert (incident.what, incident.window, incident.phase) == (RAN_AWAY, 1, "hold_x0")
    assert incident.frame == WINDOWS[1][0] + step + 1
    assert "the roll-out ran away at frame 18 (window 2)" in incident.sentence()
    kept = [other for other in range(4) if other != row]
    assert torch.equal(steady["motion_latents"][kept], values["motion_latents"][kept])
    assert torch.equal(steady["motion_latents"][row, : step - 1], values["motion_latents"][row, : step - 1])


def test_a_start_that_explodes_by_its_velocities_is_stopped(started):
    stage, values = started
    wild = {**values, "x0_joint_velocities": values["x0_joint_velocities"].clone()}
    wild["x0_joint_velocities"][0] = math.nan
    steady, incidents = steady_start(stage, wild, "tune_x0", FREE)
    assert finite(stage, steady)
    assert len(incidents[0]) == 1
    assert not steady["x0_joint_velocities"][0].any()
    assert torch.equal(steady["x0_joint_velocities"][1:], values["x0_joint_velocities"][1:])


def test_held_latents_are_not_touched(started):
    stage, values = started
    wild = spoilt(values, 0, slice(5, None), math.nan)
    steady, incidents = steady_start(stage, wild, "tune_x0", FREE - {"motion_latents"})
    assert incidents == [(), ()]
    assert steady["motion_latents"] is wild["motion_latents"]


def breaking(name, change):
    """`start_rollout` with one tensor changed."""

    def start(*given):
        values = start_rollout(*given)
        values[name] = values[name].clone()
        change(values[name])
        return values

    return start


def test_repair_08_a_fit_whose_start_explodes_goes_on_and_says_so(noisy, body, priors, quick, monkeypatch):
    explode = breaking("motion_latents", lambda latents: latents[:, 12:].fill_(1e8))
    monkeypatch.setattr(run_module, "start_rollout", explode)
    result = fit(noisy, body, priors, replace(quick, iterations={key: 2 for key in quick.iterations}))
    assert list(result.stages) == ["stage1", "stage2", "stage3_init", "stage3"]
    assert all(stage.motion.is_finite for stage in result.stages.values())
    assert [incident.what for incident in result.stages["stage3_init"].incidents] == [RAN_AWAY]
    assert any("the roll-out ran away at frame 13" in warning for warning in result.warnings)


def test_repair_07_a_clip_that_cannot_start_stage_three_keeps_stage_two_and_leaves_the_others_alone(
    body, priors, quick, monkeypatch
):
    given = [simulate(walk(12, sequence), body, "noise=0.02", sequence) for sequence in range(2)]
    settings = replace(quick, iterations={key: 3 for key in quick.iterations})
    alone = fit(given[0], body, priors, settings)
    monkeypatch.setattr(run_module, "start_rollout", breaking("x0_translation", lambda place: place[1].fill_(math.nan)))
    sound, failed = fit_clips(given, body, priors, settings)
    assert list(failed.stages) == ["stage1", "stage2"]
    assert failed.final.motion.is_finite
    assert "the result is that of stage II" in failed.warnings[-1]
    assert sound.warnings == ()
    torch.testing.assert_close(sound.final.motion.translation, alone.final.motion.translation, atol=1e-3, rtol=0)
