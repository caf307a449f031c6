"""Unordered surface points: the one-way robust chamfer, its equations, the first root, and a whole fit."""

import math
from dataclasses import replace

import pytest
import torch

from motionfit.body.cloud import cloud_surface, spread_vertices
from motionfit.body.model import pose_skeleton, skin
from motionfit.energies.robust import bisquare
from motionfit.errors import SettingsError
from motionfit.geometry.nearest import nearest_points, taken
from motionfit.geometry.rotations import rotation_from_axis_angle
from motionfit.metrics.drift import joints_of
from motionfit.motion import Observations
from motionfit.pipeline.batch import make_batch
from motionfit.pipeline.data_terms import DataTerms
from motionfit.pipeline.fit import fit
from motionfit.pipeline.initialise_cloud import root_from_cloud
from motionfit.pipeline.pose_residuals import PoseResiduals
from motionfit.pipeline.pose_stage import PoseStage, start_values
from motionfit.pipeline.settings import load_preset
from motionfit.reference.choose import fit as fit_by_any
from motionfit.simulation import simulate
from motionfit.solve.block_tridiagonal import BlockSolution

from .conftest import walk

FRAMES = 4
WEIGHTS = {"points3d": 1.0}


def values_of(motion, body):
    values = start_values(motion.translation[None], motion.root_orientation[None])
    return {**values, "betas": torch.full((1, 16), 0.2)}


def stage_of(body, priors, observed, scale=math.inf):
    stage = PoseStage(body, priors.pose, DataTerms.of(body), make_batch([observed]))
    return replace(stage, batch=stage.batch.scaled({"points3d": torch.tensor([scale])}))


def exact_points(body, priors, values, count=60):
    """Vertices of the body that values stand for, other ones in each frame, as observations."""
    stage = stage_of(body, priors, simulate(walk(FRAMES), body, "points=30", 0))
    points = stage.pose(values).points(stage.data.cloud)[0].detach()
    order = torch.stack([torch.randperm(points.shape[1])[:count] for _ in range(FRAMES)])
    chosen = points.gather(1, order[..., None].expand(-1, -1, 3))
    return Observations(30.0, FRAMES, points3d=chosen, points3d_mask=torch.ones(FRAMES, count, dtype=torch.bool))


@pytest.fixture(scope="module")
def exact(body, priors):
    torch.manual_seed(0)
    values = values_of(walk(FRAMES), body)
    return values, exact_points(body, priors, values)


def test_points_on_the_body_cost_nothing_and_their_order_does_not_matter(body, priors, exact):
    values, observed = exact
    assert float(stage_of(body, priors, observed).terms(values, WEIGHTS)["points3d"]) < 1e-9
    off = replace(observed, points3d=observed.points3d + torch.tensor([0.03, 0.01, 0.0]))
    mixed = replace(off, points3d=off.points3d.flip(1))
    terms = [stage_of(body, priors, each).terms(values, WEIGHTS)["points3d"] for each in (off, mixed)]
    assert float(terms[0]) > 1e-4
    torch.testing.assert_close(*terms)


def test_far_and_masked_points_have_no_say(body, priors, exact):
    values, observed = exact
    points, mask = observed.points3d.clone(), observed.points3d_mask.clone()
    points[:, :10] += torch.tensor([3.0, 0.0, 0.0])
    shift = torch.zeros(1, FRAMES, 3, requires_grad=True)
    moved = {**values, "translation": values["translation"] + shift}
    far = stage_of(body, priors, replace(observed, points3d=points), 0.2).terms(moved, WEIGHTS)["points3d"]
    (gradient,) = torch.autograd.grad(far.sum(), shift)
    assert gradient.abs().max() < 1e-4
    mask[:, :10] = False
    hidden = stage_of(body, priors, replace(observed, points3d=points, points3d_mask=mask))
    assert float(hidden.terms(values, WEIGHTS)["points3d"]) < 1e-9


@pytest.mark.parametrize("scale", [math.inf, 0.08])
def test_the_equations_have_the_gradient_of_the_objective(body, priors, exact, scale):
    values, observed = exact
    generator = torch.Generator().manual_seed(3)
    noise = 0.04 * torch.randn(observed.points3d.shape, generator=generator)
    stage = stage_of(body, priors, replace(observed, points3d=observed.points3d + noise), scale)
    free = ("translation", "root_six", "pose_latents", "betas")
    residuals = PoseResiduals(stage, WEIGHTS, free)
    system = residuals.linearise(values)
    zero = [torch.zeros_like(side).requires_grad_() for side in (system.right, system.corner_right)]
    step = BlockSolution(*zero, torch.ones(1, dtype=torch.bool))
    loss = stage.terms(residuals.retract(values, step), WEIGHTS)["points3d"]
    gradient = torch.autograd.grad(loss.sum(), zero)
    for side, expected in zip((system.right, system.corner_right), gradient, strict=True):
        torch.testing.assert_close(-side, expected, rtol=1e-3, atol=1e-3 * float(side.abs().max()))


def test_the_term_passes_gradcheck_in_double_precision(body):
    surface = cloud_surface(body.to(dtype=torch.float64), 40)
    rest = body.to(dtype=torch.float64).joint_template
    pose = torch.eye(3, dtype=torch.float64).expand(1, 21, 3, 3)
    skeleton = pose_skeleton(rest, torch.zeros(1, 3, dtype=torch.float64), pose[:, 0], pose)
    points = skin(surface, surface.template, rest, skeleton, pose)
    observed = points[:, ::4] + 0.01

    def term(shift):
        moved = points + shift
        squared = (taken(moved, nearest_points(moved, observed)) - observed).square().sum(-1)
        return bisquare(squared, torch.tensor(0.3, dtype=torch.float64)).sum()

    assert torch.autograd.gradcheck(term, torch.zeros(3, dtype=torch.float64, requires_grad=True))


def test_clouds_of_any_size_weigh_alike(body):
    weights = [
        float(make_batch([simulate(walk(3), body, f"points={count}", 0)]).point_weights["points3d"]) * count
        for count in (50, 400)
    ]
    assert weights[0] == pytest.approx(weights[1])


def test_vertices_are_spread_evenly(body):
    points = body.surface.template
    chosen = points[spread_vertices(points, 200)]
    apart = torch.cdist(chosen, chosen).fill_diagonal_(torch.inf).amin(1)
    gaps = torch.cdist(points, chosen).amin(1)
    assert apart.min() >= 0.99 * gaps.max()
    assert torch.equal(spread_vertices(points, 50), spread_vertices(points, 200)[:50])


@pytest.mark.parametrize("heading", [0.0, 1.3, math.pi])
def test_the_first_root_faces_the_right_way_whatever_the_heading(body, priors, heading):
    truth = walk(6)
    turn = rotation_from_axis_angle(torch.tensor([0.0, 0.0, heading]))
    observed = simulate(truth, body, "points=250,noise=0.01", 1)
    turned = replace(observed, points3d=observed.points3d @ turn.T)
    translation, root = root_from_cloud(body, priors.pose, make_batch([turned]))
    cosine = ((turn @ truth.root_orientation).mT @ root[0]).diagonal(dim1=-2, dim2=-1).sum(-1)
    assert ((cosine - 1.0) / 2.0).min() > math.cos(math.radians(50.0))
    rest = body.joint_template[0]
    assert (translation[0] + rest - (truth.translation + rest) @ turn.T).norm(dim=-1).mean() < 0.15


def test_a_clip_of_points_is_fitted_to_a_few_centimetres_though_a_tenth_are_outliers(body, priors):
    truth = walk(8)
    observed = simulate(truth, body, "points=250,noise=0.01", 1)
    points = observed.points3d.clone()
    around = 2.0 * torch.rand(8, 25, 3, generator=torch.Generator().manual_seed(2)) - 1.0
    points[:, :25] = points.mean(1, keepdim=True) + around
    few = {"tune_x0": 2, "hold_x0": 2, "refine": 2}
    result = fit(replace(observed, points3d=points), body, priors, replace(load_preset("points3d"), iterations=few))
    for stage in ("stage2", "stage3"):
        error = (joints_of(body, result.stages[stage].motion) - joints_of(body, truth)).norm(dim=-1).mean()
        assert error < 0.05, stage
    assert 0.03 < result.diagnostics["outlier_share"].mean() < 0.25
    assert result.diagnostics["data_error_cm"].isfinite().all()


def test_the_published_method_refuses_points(body, priors):

    observed = simulate(walk(4), body, "points=30", 0)
    with pytest.raises(SettingsError, match="points3d"):
        fit_by_any(observed, body, priors, load_preset("reference-3d"))
