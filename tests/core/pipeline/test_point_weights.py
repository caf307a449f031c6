"""One preset holds for 30 and 600 frames, 640 and 1920 pixels, 10 and 25 keypoints.

Two fits are compared by the mean distance between their joints: below 2 mm, a thousandth of a person's height (2 % of
it would let almost anything pass; solvers stop within 1 mm of each other). That each term grows with frames and points
as it should, which is why the results are equal, is tested to the last digits.
"""

from dataclasses import replace

import pytest
import torch

from motionfit.metrics.drift import joints_of
from motionfit.motion import Camera
from motionfit.pipeline.batch import make_batch
from motionfit.pipeline.contacts import Contacts
from motionfit.pipeline.data_terms import DataTerms, residuals_2d
from motionfit.pipeline.fit import fit
from motionfit.pipeline.ground import Ground
from motionfit.pipeline.initialise_camera import root_from_keypoints
from motionfit.pipeline.point_weights import LAYOUT_POINTS, point_weights
from motionfit.pipeline.pose_stage import PoseStage, start_values
from motionfit.pipeline.rollout_stage import RolloutStage
from motionfit.pipeline.settings import load_preset
from motionfit.pipeline.stages import PHASES
from motionfit.pipeline.windows import split_windows
from motionfit.priors.rollout import MOTION_LATENT
from motionfit.simulation import simulate

from .conftest import walk

TEN = (0, 3, 4, 6, 7, 8, 10, 11, 13, 14)


def apart(body, one, other):
    """Mean distance between the joints of two motions, metres."""
    return float((joints_of(body, one) - joints_of(body, other)).norm(dim=-1).mean())


def back_and_forth(observed, times):
    """The clip played forwards and backwards again and again: joints without a step at the turns."""
    order = torch.cat([torch.arange(observed.frames), torch.arange(observed.frames).flip(0)]).repeat(times // 2)
    points = {name: getattr(observed, name)[order] for name in ("joints3d", "joints3d_mask")}
    return replace(observed, frames=len(order), **points)


def test_long_and_short_clips_give_the_same_poses(body, priors):
    observed = simulate(walk(10), body, "noise=0.04", 1)
    settings = replace(load_preset("joints3d"), stages=("stage1", "stage2"), tolerance=1e-5)
    short = fit(observed, body, priors, settings).final.motion
    long = fit(back_and_forth(observed, 4), body, priors, settings).final.motion
    assert long.frames == 40
    assert apart(body, short, long.slice(0, 10)) < 0.002


def test_every_term_of_the_pose_stages_is_twenty_times_as_large_for_twenty_times_the_frames(body, priors):
    observed = simulate(walk(30), body, "noise=0.04", 1)
    start = start_values(observed.joints3d[None, :, 0], torch.eye(3).expand(1, 30, 3, 3))
    start["pose_latents"], start["betas"] = torch.full((1, 30, 32), 0.2), torch.full((1, 16), 0.3)
    wanted = {term for phase in PHASES if phase.stage == "stage2" for term in phase.terms}
    short = PoseStage(body, priors.pose, DataTerms.of(body), make_batch([observed]))
    long = replace(short, batch=make_batch([back_and_forth(observed, 20)]))
    order = torch.cat([torch.arange(30), torch.arange(30).flip(0)]).repeat(10)
    tiled = {name: value if name == "betas" else value[:, order] for name, value in start.items()}
    once, often = short.terms(start, wanted), long.terms(tiled, wanted)
    assert set(once) == {"joints3d", "pose_prior", "shape_prior", "smoothness"}
    for name in once:
        torch.testing.assert_close(often[name], 20.0 * once[name], rtol=1e-4, atol=0)


def narrowed(wide, times):
    """The same keypoints in a picture so many times smaller."""
    intrinsics = wide.camera.intrinsics / times
    intrinsics[2, 2] = 1.0
    pixels = wide.keypoints2d / torch.tensor([times, times, 1.0])
    return replace(wide, keypoints2d=pixels, camera=Camera(intrinsics, (int(1920 / times), int(1080 / times))))


def test_wide_and_narrow_pictures_give_the_same_terms(body, priors):
    wide = simulate(walk(16), body, "project=1920x1080:f1590,noise_px=6,drop=0.1", 1)
    weights = load_preset("video").weights["stage2"]
    terms = []
    for each in (wide, narrowed(wide, 3.0)):
        batch = make_batch([each])
        start = start_values(*root_from_keypoints(body, priors.pose, batch))
        terms.append(PoseStage(body, priors.pose, DataTerms.of(body), batch).terms(start, weights))
    assert {"keypoints2d", "pose_prior", "smoothness"} <= set(terms[0])
    for name in terms[0]:
        torch.testing.assert_close(terms[0][name], terms[1][name], rtol=1e-4, atol=1e-6)


def test_wide_and_narrow_pictures_give_the_same_poses(body, priors):
    """Four times smaller is exact in floating point, so that nothing but what the size does to the fit can differ."""
    wide = simulate(walk(16), body, "project=1920x1080:f1590,noise_px=6,drop=0.1", 1)
    settings = replace(load_preset("video"), stages=("stage1", "stage2"), iterations={"pose": 60})
    found = [fit(each, body, priors, settings).final.motion for each in (wide, narrowed(wide, 4.0))]
    assert apart(body, *found) < 0.002


def test_ten_keypoints_weigh_as_much_against_the_priors_as_all(body, priors):
    """All keypoints off alike: their term is the same whether ten are offered or all."""
    observed = simulate(walk(6), body, "project=1280x720:f1060", 1)
    few = observed.keypoints2d.clone()
    few[:, [slot for slot in range(25) if slot not in TEN]] = 0.0
    terms = []
    for each in (observed, replace(observed, keypoints2d=few)):
        batch = make_batch([each])
        pixels, confidence = batch.keypoints2d[:, :, 0], batch.confidence[:, :, 0]
        terms.append(residuals_2d(batch, pixels + 3.0, pixels, confidence).term())
    torch.testing.assert_close(terms[0], terms[1])


@pytest.mark.parametrize("term", ["joints3d", "keypoints3d", "keypoints2d"])
def test_points_are_weighed_by_what_the_clip_offers_not_the_frame(term):
    count = LAYOUT_POINTS[term] + (3 if term == "keypoints2d" else 0)
    seen = torch.zeros(3, 8, 1, count, dtype=torch.bool)
    seen[0, :, :, : LAYOUT_POINTS[term]] = True
    seen[1, :, :, :10] = True
    hidden = seen.clone()
    hidden[1, 1:, :, 2:] = False
    weights = point_weights(term, seen)
    assert weights[0] == 1.0
    assert weights[1] == pytest.approx(LAYOUT_POINTS[term] / 10)
    assert torch.isfinite(weights).all()
    assert torch.equal(point_weights(term, hidden), weights)


def rolled(body, priors, frames, length, overlap):
    observed = simulate(walk(frames), body, "noise=0.04", 1)
    batch, data = make_batch([observed]), DataTerms.of(body)
    windows = split_windows(frames, length, overlap)
    ground = Ground.held(batch.floor_normal, batch.floor_offset)
    stage = RolloutStage(body, priors, data, batch.windows(windows), windows, ground, Contacts.of(body))
    return stage, windows


@pytest.mark.parametrize(("frames", "length", "overlap"), [(20, 20, 5), (50, 20, 5), (47, 20, 12)])
def test_every_frame_counts_once_however_many_windows_hold_it(body, priors, frames, length, overlap):
    stage, windows = rolled(body, priors, frames, length, overlap)
    held = torch.zeros(frames)
    for (start, stop), counts in zip(windows, stage.batch.frame_weights, strict=True):
        held[start:stop] += counts
    torch.testing.assert_close(held, torch.ones(frames))


def test_terms_of_the_roll_out_grow_with_the_frames_and_not_with_the_windows(body, priors):
    """The same window twice in a row is twice the clip: twice every term."""
    stage, _ = rolled(body, priors, 20, 20, 0)
    double = back_and_forth(simulate(walk(20), body, "noise=0.04", 1), 2)
    for each in (double.joints3d, double.joints3d_mask):
        each[20:] = each[:20]
    windows = ((0, 20), (20, 40))
    twice = replace(stage, batch=make_batch([double]).windows(windows), windows=windows)
    zeros = torch.zeros
    values = {
        "x0_translation": zeros(1, 3),
        "x0_root_six": torch.tensor([[1.0, 0, 0, 0, 0, 1.0]]),
        "x0_pose_latent": zeros(1, 32),
        "x0_linear_velocity": zeros(1, 3),
        "x0_angular_velocity": zeros(1, 3),
        "x0_joint_velocities": zeros(1, 22, 3),
        "motion_latents": zeros(1, 19, MOTION_LATENT),
    }
    betas = torch.full((1, 16), 0.3)
    wanted = {term for phase in PHASES if phase.stage == "stage3" for term in phase.terms} - {"overlap"}
    once = stage.terms({**values, "betas": betas}, wanted)
    both = twice.terms(
        {**{name: value.repeat_interleave(2, 0) for name, value in values.items()}, "betas": betas}, wanted
    )
    assert {"joints3d", "shape_prior", "initial_state", "motion_prior"} <= set(once)
    for name in once:
        torch.testing.assert_close(both[name], 2.0 * once[name], rtol=1e-4, atol=1e-6)
