"""Robust data terms: outliers hardly count, and Gaussian noise is used as well as by plain squares."""

from dataclasses import replace

import pytest
import torch

from motionfit.metrics.diagnostics import reprojection_distances
from motionfit.metrics.drift import joints_of
from motionfit.pipeline.batch import make_batch
from motionfit.pipeline.data_terms import DataTerms, Residuals
from motionfit.pipeline.fit import fit
from motionfit.pipeline.initialise_root import robust_alignment
from motionfit.pipeline.observation_scales import LEAST_SCALES, WIDE_SCALES, new_scales
from motionfit.pipeline.outliers import OUTLIERS, outlier_share
from motionfit.pipeline.pose_residuals import PoseResiduals
from motionfit.pipeline.pose_stage import PoseStage, start_values
from motionfit.pipeline.settings import load_preset
from motionfit.pipeline.stages import MEASURED, WIDE
from motionfit.simulation import simulate

from .conftest import walk

FRAMES = 16
PIXELS_OFF = 200.0
KINDS = {
    "joints3d": "noise=0.04",
    "keypoints3d": "below=0.1,noise=0.02",
    "video": "project=1280x720:f1060,noise_px=5",
}


def spoiled(observed, share, seed=5):
    """The observations with a share of the points 0.5 to 1 m, or 200 pixels, off; and which."""
    generator = torch.Generator().manual_seed(seed)
    name = observed.kind
    points = getattr(observed, name).clone()
    hit = torch.rand(points.shape[:2], generator=generator) < share
    ahead = torch.randn(points.shape, generator=generator)
    ahead[..., 2] *= name != "keypoints2d"
    ahead = ahead / ahead.norm(dim=-1, keepdim=True)
    off = PIXELS_OFF if name == "keypoints2d" else 0.5 + 0.5 * torch.rand(hit.shape, generator=generator)
    points += (hit * off)[..., None] * ahead
    return replace(observed, **{name: points}), hit


def swapped(observed, share, seed=5):
    """2D keypoints of which a share of the pairs of left and right are exchanged."""
    left, right = [5, 6, 7, 13, 14, 19, 20, 21], [2, 3, 4, 10, 11, 22, 23, 24]
    points = observed.keypoints2d.clone()
    hit = torch.rand(points.shape[0], len(left), generator=torch.Generator().manual_seed(seed)) < share
    for pair, (one, other) in enumerate(zip(left, right, strict=True)):
        frames = hit[:, pair]
        points[frames, one], points[frames, other] = observed.keypoints2d[frames, other], points[frames, one]
    return replace(observed, keypoints2d=points)


@pytest.fixture(scope="module")
def stage_two(body, priors):
    """Mean error of stage II: of the joints in mm; for 2D data of the points in the picture, px."""
    truth = walk(FRAMES)
    seen = {}

    def error(kind, observed, robust=True):
        settings = replace(load_preset(kind), stages=("stage1", "stage2"), iterations={"pose": 120})
        settings = settings if robust else replace(settings, robust={})
        motion = fit(observed, body, priors, settings).final.motion
        if kind == "video":
            exact = simulate(truth, body, KINDS[kind].replace("noise_px=5", "noise_px=0"))
            distances, counts = reprojection_distances(motion, exact, body)
            return float(distances[counts].mean())
        return 1000.0 * float((joints_of(body, motion) - joints_of(body, truth)).norm(dim=-1).mean())

    def clean(kind, robust=True):
        if (kind, robust) not in seen:
            seen[kind, robust] = error(kind, observe(body, kind), robust)
        return seen[kind, robust]

    return error, clean


def observe(body, kind):
    return simulate(walk(FRAMES), body, KINDS[kind], 3)


@pytest.mark.parametrize(
    ("kind", "share", "most"), [("joints3d", 0.1, 1.1), ("keypoints3d", 0.05, 1.1), ("video", 0.1, 1.25)]
)
def test_outliers_hardly_change_the_fit_and_ruin_plain_squares(stage_two, body, kind, share, most):
    error, clean = stage_two
    observed, _ = spoiled(observe(body, kind), share)
    assert error(kind, observed) < most * clean(kind)
    assert error(kind, observed, robust=False) > 1.5 * clean(kind)


def test_exchanged_left_and_right_keypoints_hardly_change_the_fit(stage_two, body):
    error, clean = stage_two
    assert error("video", swapped(observe(body, "video"), 0.08)) < 1.25 * clean("video")


def test_gaussian_noise_of_four_centimetres_is_used_as_well_as_by_plain_squares(stage_two):
    _, clean = stage_two
    assert clean("joints3d") < 1.02 * clean("joints3d", robust=False)


def residuals_of(lengths, dimensions=3, scale=1.0):
    """Residuals of given lengths (clips, frames, points) along one axis."""
    vectors = torch.zeros(*lengths.shape, dimensions)
    vectors[..., 0] = lengths
    return Residuals(vectors, torch.ones_like(lengths), torch.full(lengths.shape[:1], scale))


def test_windows_of_a_clip_share_their_scale_and_clips_do_not(body):
    batch = make_batch([observe(body, "joints3d")] * 2).windows(((0, 10), (6, 16)))
    lengths = torch.tensor([0.02, 0.06, 0.1, 0.4])[:, None, None].expand(4, 10, 22)
    found = new_scales(batch, {"joints3d": residuals_of(lengths)}, {"joints3d": 6.0}, MEASURED, 2)["joints3d"]
    assert found[0] < found[1]
    assert torch.equal(batch.scaled({"joints3d": found}).scales["joints3d"], found[[0, 0, 1, 1]])
    wide = new_scales(batch, {"joints3d": residuals_of(lengths)}, {"joints3d": 6.0}, WIDE, 2)["joints3d"]
    assert (wide == WIDE_SCALES["joints3d"]).all()
    for off in ({}, {"joints3d": 0.0}):
        same = new_scales(batch, {"joints3d": residuals_of(lengths)}, off, MEASURED, 2)["joints3d"]
        assert same.isinf().all()


def test_measured_scales_are_six_deviations_of_the_noise_within_limits(body):
    batch = make_batch([observe(body, "joints3d")] * 4)
    generator = torch.Generator().manual_seed(2)
    noise = torch.tensor([0.04, 0.0, 5.0, 0.04])
    each = residuals_of(torch.zeros(4, 16, 22))
    each = replace(each, vectors=noise[:, None, None, None] * torch.randn(4, 16, 22, 3, generator=generator))
    each.weights[3] = 0.0
    found = new_scales(batch, {"joints3d": each}, {"joints3d": 6.0}, MEASURED, 4)["joints3d"]
    assert found[0] == pytest.approx(0.24, rel=0.1)
    assert found[1] == pytest.approx(LEAST_SCALES["joints3d"])
    assert found[2] == pytest.approx(WIDE_SCALES["joints3d"])
    assert found[3] == pytest.approx(WIDE_SCALES["joints3d"])


def test_frames_with_outliers_are_told():
    generator = torch.Generator().manual_seed(2)
    lengths = 0.04 * torch.randn(1, 20, 22, 3, generator=generator).norm(dim=-1)
    lengths[0, 4, :11] = 0.8
    each = residuals_of(lengths)
    each.weights[0, 7] = 0.0
    share = outlier_share({"joints3d": each}, {"joints3d": 6.0})
    assert share[4] == pytest.approx(0.5)
    assert share[7].isnan()
    assert share[[frame for frame in range(20) if frame not in (4, 7)]].max() == 0


def test_a_fit_tells_its_scales_and_the_frames_that_hold_outliers(body, priors):
    observed, hit = spoiled(observe(body, "joints3d"), 0.05)
    settings = replace(load_preset("joints3d"), stages=("stage1", "stage2"))
    result = fit(observed, body, priors, settings)
    torch.testing.assert_close(result.diagnostics[OUTLIERS], hit.float().mean(1), atol=0.05, rtol=0)
    assert result.stages["stage1"].scales == {"joints3d": WIDE_SCALES["joints3d"]}
    assert 0.1 < result.stages["stage2"].scales["joints3d"] < 0.4
    plain = fit(observed, body, priors, replace(settings, robust={}, stages=("stage1",)))
    assert OUTLIERS not in plain.diagnostics


def test_a_wild_point_does_not_move_the_first_root(body):
    source = body.joint_template[:14]
    target = source.expand(3, -1, -1).clone()
    target[1, 2], target[2, 5] = torch.tensor([1e4, 0.0, 0.0]), torch.tensor([0.0, 0.8, 0.0])
    rotation, shift = robust_alignment(source, target, torch.ones(3, 14))
    assert (rotation - torch.eye(3)).abs().max() < 0.05
    assert shift.norm(dim=-1).max() < 0.05


@pytest.mark.parametrize("kind", list(KINDS))
def test_the_equations_of_robust_terms_have_the_gradient_of_the_objective(body, priors, kind):
    observed, _ = spoiled(observe(body, kind), 0.1)
    batch = make_batch([observed])
    scales = {name: torch.full_like(each, 0.8 * LEAST_SCALES[name]) for name, each in batch.scales.items()}
    stage = PoseStage(body, priors.pose, DataTerms.of(body), replace(batch, scales=scales))
    place = torch.tensor([0.0, 0.0, 4.0]) if kind == "video" else torch.zeros(3)
    values = start_values(
        place.expand(1, FRAMES, 3), torch.diag(torch.tensor([1.0, -1.0, -1.0])).expand(1, FRAMES, 3, 3)
    )
    shift = torch.zeros(1, FRAMES, 3, requires_grad=True)
    weights = dict.fromkeys(batch.scales, 1.0)
    (term,) = stage.terms({**values, "translation": values["translation"] + shift}, weights).values()
    (gradient,) = torch.autograd.grad(term.sum(), shift)
    right = PoseResiduals(stage, weights, ("translation",)).linearise(values).right
    torch.testing.assert_close(-right, gradient, rtol=1e-4, atol=1e-4 * float(gradient.abs().max()))
