"""What happens to a phase whose objective is not finite, or soars, at some points."""

import math
from dataclasses import replace
from functools import partial

import pytest
import torch

from motionfit.pipeline.batch import make_batch
from motionfit.pipeline.data_terms import DataTerms
from motionfit.pipeline.incidents import GRADIENT_NOT_FINITE, NOT_FINITE, NOT_STARTED, SMALLER_STEP, SOARED
from motionfit.pipeline.initialise_root import root_from_points
from motionfit.pipeline.optimise import run_phase
from motionfit.pipeline.pose_residuals import PoseResiduals
from motionfit.pipeline.pose_stage import POSE_STAGE_TENSORS, PoseStage, start_values
from motionfit.pipeline.settings import load_preset
from motionfit.pipeline.stages import phases_of
from motionfit.simulation import simulate
from motionfit.solve.solution import Status

from .conftest import walk

FRAMES = 6
WALLED = 4
ROOM = 0.01


class WalledTerms(DataTerms):
    """Data terms that fail in one frame of one clip as soon as its pelvis has gone a centimetre from a place."""

    def walled(self, home, fault, clip=0):
        object.__setattr__(self, "home", home)
        object.__setattr__(self, "fault", fault)
        object.__setattr__(self, "clip", clip)
        return self

    def evaluate(self, batch, posed, wanted):
        terms = super().evaluate(batch, posed, wanted)
        away = (posed.joints()[self.clip, WALLED, 0].detach() - self.home).norm() > ROOM
        is_hit = torch.zeros_like(terms["joints3d"], dtype=torch.bool)
        is_hit[self.clip, WALLED] = away
        if self.fault == "gradient":
            if terms["joints3d"].requires_grad:
                terms["joints3d"].register_hook(lambda slope: torch.where(is_hit, torch.nan, slope))
        else:
            terms["joints3d"] = torch.where(is_hit, self.fault, terms["joints3d"])
        return terms


@pytest.fixture(scope="module")
def observed(body):
    return [simulate(walk(FRAMES, sequence), body, "noise=0.01", sequence) for sequence in range(2)]


def stage_of(observed, body, priors, fault, clip=0, room=None):
    """A stage whose start is 10 cm off, with a wall about the start (or about somewhere else)."""
    batch = make_batch(observed)
    translation, root = root_from_points(body, batch)
    values = start_values(translation + 0.1, root)
    plain = PoseStage(body, priors.pose, DataTerms.of(body), batch)
    home = plain.pose(values).joints()[clip, WALLED, 0] if room is None else room
    data = WalledTerms(plain.data.surfaces, body).walled(home, fault, clip)
    return plain, replace(plain, data=data), values


def minimise(stage, values, by_squares, told=None):
    (phase,) = phases_of("stage1")
    residuals_of = partial(PoseResiduals, stage) if by_squares else None

    def report(_phase, _iteration, _records, _current, guard):
        if told is not None:
            told.append(guard.incidents(0))
        return True

    settings = replace(load_preset("joints3d"), iterations={"root": 25})
    return run_phase(phase, values, POSE_STAGE_TENSORS, stage, settings, report, residuals_of)


def loss_of(stage, values):
    return stage.terms(values, ("joints3d",))["joints3d"]


@pytest.mark.parametrize("by_squares", [True, False])
@pytest.mark.parametrize("fault", [math.nan, math.inf])
def test_repair_08_steps_to_where_a_term_is_not_finite_are_taken_back_and_told(
    observed, body, priors, fault, by_squares
):
    plain, stage, start = stage_of(observed[:1], body, priors, fault)
    told = []
    end = minimise(stage, start, by_squares, told)
    assert all(torch.isfinite(value).all() for value in end.values.values())
    assert loss_of(plain, end.values) < 0.95 * loss_of(plain, start)
    (incidents,) = end.incidents
    assert {(i.what, i.term, i.frame, i.window) for i in incidents} == {(NOT_FINITE, "joints3d", WALLED, None)}
    assert incidents[0].action == SMALLER_STEP
    assert "3D joints" in incidents[0].sentence()
    assert f"at frame {WALLED}" in incidents[0].sentence()
    assert told[0] == ()
    assert told[-1] == incidents


def test_repair_08_a_gradient_that_is_not_finite_is_told_with_its_frame(observed, body, priors):
    plain, stage, start = stage_of(observed[:1], body, priors, "gradient")
    end = minimise(stage, start, by_squares=False)
    assert all(torch.isfinite(value).all() for value in end.values.values())
    assert loss_of(plain, end.values) < loss_of(plain, start)
    (incident,) = end.incidents[0]
    assert (incident.what, incident.term, incident.frame) == (GRADIENT_NOT_FINITE, "joints3d", WALLED)


@pytest.mark.parametrize("by_squares", [True, False])
def test_repair_08_a_loss_that_soars_is_told_with_the_frame_of_the_most(observed, body, priors, by_squares):
    plain, stage, start = stage_of(observed[:1], body, priors, 1e9)
    end = minimise(stage, start, by_squares)
    assert loss_of(plain, end.values) < loss_of(plain, start)
    assert {(i.what, i.term, i.frame) for i in end.incidents[0]} == {(SOARED, "joints3d", WALLED)}


@pytest.mark.parametrize("by_squares", [True, False])
def test_a_start_that_is_not_finite_is_told_once_and_kept(observed, body, priors, by_squares):
    _, stage, start = stage_of(observed[:1], body, priors, math.nan, room=torch.full((3,), 9.0))
    end = minimise(stage, start, by_squares)
    assert end.statuses == (Status.NOT_FINITE,)
    (incident,) = end.incidents[0]
    assert (incident.term, incident.frame, incident.action, incident.times) == ("joints3d", WALLED, NOT_STARTED, 1)
    assert torch.equal(end.values["translation"], start["translation"])


@pytest.mark.parametrize("by_squares", [True, False])
@pytest.mark.parametrize("room", [None, torch.full((3,), 9.0)])
def test_repair_07_a_clip_that_diverges_does_not_disturb_the_others(observed, body, priors, by_squares, room):
    _, stage, start = stage_of(observed, body, priors, math.nan, clip=1, room=room)
    together = minimise(stage, start, by_squares)
    plain, _, alone_start = stage_of(observed[:1], body, priors, math.nan)
    alone = minimise(plain, alone_start, by_squares)
    assert together.incidents[0] == ()
    assert together.incidents[1]
    assert together.statuses[0] is alone.statuses[0]
    torch.testing.assert_close(together.values["translation"][0], alone.values["translation"][0], atol=1e-4, rtol=0)


def test_a_sound_phase_tells_of_nothing(observed, body, priors):
    plain, _, start = stage_of(observed, body, priors, math.nan)
    assert minimise(plain, start, by_squares=True).incidents == ((), ())
    assert minimise(plain, start, by_squares=False).incidents == ((), ())
