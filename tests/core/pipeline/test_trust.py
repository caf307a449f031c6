"""Motion that the prior does not know is followed where exact data shows it; else the prior keeps its weight."""

import math
from dataclasses import replace

import pytest
import torch
from recorded_walks import write_walk

from motionfit.body.model import vertices
from motionfit.files.amass import read_amass
from motionfit.geometry.planes import world_floor
from motionfit.geometry.rotations import rotation_from_axis_angle
from motionfit.metrics.drift import joints_of
from motionfit.metrics.score import score_frames
from motionfit.motion import Motion
from motionfit.pipeline import trust
from motionfit.pipeline.fit import fit
from motionfit.pipeline.settings import load_preset
from motionfit.pipeline.timeline import timeline_of
from motionfit.pipeline.trust import TRUST, prior_trust
from motionfit.simulation import simulate

FRAMES = 20
FEW = {"root": 40, "pose": 80, "tune_x0": 5, "hold_x0": 15, "refine": 15}


def turned(x, y, z):
    return rotation_from_axis_angle(torch.stack([x, y, z], -1))


@pytest.fixture(scope="module")
def swaying(body):
    """Bending far to both sides with a leg thrown out to the other, arms overhead: nothing like the training data."""
    time, zero = torch.arange(FRAMES) / 30.0, torch.zeros(FRAMES)
    sway = torch.sin(2 * math.pi * 1.2 * time)
    pose = torch.eye(3).repeat(FRAMES, 21, 1, 1)
    for joint, angle in {
        2: 0.5 * sway,
        5: 0.4 * sway,
        8: 0.3 * sway,
        15: 1.2 + 0.3 * sway,
        16: -1.2 + 0.3 * sway,
        1: -0.8 * sway.clamp(min=0),
        0: -0.8 * sway.clamp(max=0),
    }.items():
        pose[:, joint] = turned(zero, zero, angle)
    root = rotation_from_axis_angle(torch.tensor([math.pi / 2, 0.0, 0.0])).expand(FRAMES, 3, 3)
    place = torch.zeros(FRAMES, 3)
    place[:, 2] -= vertices(body, torch.zeros(16), place, root, pose)[..., 2].amin(1)
    return Motion(30.0, place, root, pose, torch.zeros(16))


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """Twenty frames of an ordinary walk."""
    path = tmp_path_factory.mktemp("walk") / "walk.npz"
    write_walk(path, FRAMES, 0)
    return read_amass(path)


def trusted_throughout(on_grid, *_):
    return torch.ones(on_grid.frames)


def error_mm(body, result, truth, stage="stage3"):
    apart = joints_of(body, result.stages[stage].motion) - joints_of(body, truth)
    return 1000.0 * float(apart.norm(dim=-1).mean())


def test_repair_11_a_strong_prior_bends_what_it_does_not_know_unless_trusted_less(body, priors, swaying, monkeypatch):
    observed = simulate(swaying, body, "noise=0.005", 0)
    plain = replace(load_preset("joints3d"), iterations=FEW, robust={})  # beside smoothness, such arms are outliers
    settings = plain.with_weight("stage3", "motion_prior", 5e-3)
    giving_way = fit(observed, body, priors, settings)
    monkeypatch.setattr(trust, "prior_trust", trusted_throughout)
    constant = fit(observed, body, priors, settings)
    assert error_mm(body, constant, swaying) > 1.5 * error_mm(body, constant, swaying, "stage2")
    assert error_mm(body, giving_way, swaying) < 0.8 * error_mm(body, constant, swaying)
    assert float(giving_way.diagnostics[TRUST].median()) < 0.2
    reasons = score_frames(giving_way.diagnostics).reasons(FRAMES // 2)
    assert any("the prior does not know this motion" in reason.words for reason in reasons)


def test_an_ordinary_walk_with_noisy_joints_stays_as_it_is(body, priors, recorded, monkeypatch):
    observed = simulate(recorded, body, "noise=0.04", 0)
    settings = replace(load_preset("joints3d"), iterations=FEW)
    adaptive = fit(observed, body, priors, settings)
    monkeypatch.setattr(trust, "prior_trust", trusted_throughout)
    constant = fit(observed, body, priors, settings)
    assert error_mm(body, adaptive, recorded) == pytest.approx(error_mm(body, constant, recorded), rel=0.02)


def trust_of(motion, observations, body, priors):
    return prior_trust(motion, motion, observations, timeline_of(observations), body, world_floor(), priors)


def test_only_exact_and_whole_data_takes_trust_from_the_prior(body, priors, swaying):
    exact = simulate(swaying, body, "noise=0.005", 0)
    assert float(trust_of(swaying, exact, body, priors)[5:15].max()) < 0.1
    noisy = simulate(swaying, body, "noise=0.06", 0)
    assert float(trust_of(swaying, noisy, body, priors).min()) > 0.9
    blind = exact.joints3d_mask.clone()
    blind[14:18, [1, 4, 7, 10]] = False
    partly = trust_of(swaying, replace(exact, joints3d_mask=blind), body, priors)
    assert partly[9:].tolist() == [1.0] * 11
    assert float(partly[4:9].max()) < 0.1
    leaping = trust_of(swaying, simulate(swaying, body, "noise=0.005,other=13:16", 0), body, priors)
    assert leaping[8:].tolist() == [1.0] * 12


def test_2d_data_and_priors_without_calibration_leave_the_trust_alone(body, priors, swaying):
    picture = simulate(swaying, body, "project=640x360:f500", 0)
    assert trust_of(swaying, picture, body, priors).tolist() == [1.0] * FRAMES
    exact = simulate(swaying, body, "noise=0.005", 0)
    assert trust_of(swaying, exact, body, replace(priors, familiarity=None)).tolist() == [1.0] * FRAMES


def test_trust_on_the_grid_comes_from_the_nearest_frame_of_the_clip(body, priors, swaying):
    exact = simulate(swaying, body, "noise=0.005", 0)
    whole = trust_of(swaying, exact, body, priors)
    half = replace(exact, frames=10, fps=15.0, joints3d=exact.joints3d[::2], joints3d_mask=exact.joints3d_mask[::2])
    line = timeline_of(half)
    kept = [each[::2] for each in (swaying.translation, swaying.root_orientation, swaying.body_pose)]
    observed = replace(swaying, fps=15.0, translation=kept[0], root_orientation=kept[1], body_pose=kept[2])
    on_grid = swaying.slice(0, line.frames)
    found = prior_trust(on_grid, observed, half, line, body, world_floor(), priors)
    assert found.shape == (line.frames,)
    torch.testing.assert_close(found[2:16], whole[2:16], atol=0.1, rtol=0.5)
