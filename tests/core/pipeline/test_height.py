from dataclasses import replace

import pytest
import torch

from motionfit.body.height import body_height
from motionfit.body.model import vertices
from motionfit.energies.height import SPREAD, height
from motionfit.pipeline.batch import make_batch
from motionfit.pipeline.fit import fit
from motionfit.pipeline.pose_residuals import PoseResiduals
from motionfit.pipeline.settings import load_preset
from motionfit.simulation import simulate

from .conftest import walk
from .test_pose_residuals import ALL, loss_after, pose_stage, somewhere, weights_of

VIDEO = "project=1280x720:f1060,noise_px=1"


def test_the_energy_is_zero_at_the_known_height_and_where_none_is_known():
    known = torch.tensor([1.7, 1.7, torch.nan])
    found = torch.tensor([1.7, 1.7 + SPREAD, 1.2], requires_grad=True)
    energy = height(found, known)
    torch.testing.assert_close(energy, torch.tensor([0.0, 0.5, 0.0]), atol=1e-4, rtol=0)
    (gradient,) = torch.autograd.grad(energy.sum(), found)
    assert torch.isfinite(gradient).all()
    assert gradient[2] == 0


def test_the_height_is_that_of_the_mesh(body):
    betas = torch.randn(5, 16, generator=torch.Generator().manual_seed(0))
    still = torch.eye(3).expand(5, 1, 21, 3, 3)
    mesh = vertices(body, betas, torch.zeros(5, 1, 3), torch.eye(3).expand(5, 1, 3, 3), still)[:, 0, :, 1]
    torch.testing.assert_close(body_height(body, betas), mesh.amax(1) - mesh.amin(1), atol=0.005, rtol=0)


def test_the_equations_know_the_height_of_the_clips_that_have_one(body, priors):
    observed = [
        replace(simulate(walk(5, clip), body, "noise=0.02"), height=known) for clip, known in enumerate((1.9, None))
    ]
    stage, start = pose_stage(observed, body, priors, torch.float64)
    values = somewhere(start)
    weights = weights_of("joints3d") | {"height": 0.1}
    residuals = PoseResiduals(stage, weights, ALL)
    system = residuals.linearise(values)
    zero = [torch.zeros_like(side).requires_grad_() for side in (system.right, system.corner_right)]
    gradient = torch.autograd.grad(loss_after(residuals, values, *zero).sum(), zero)
    for side, expected in zip((system.right, system.corner_right), gradient, strict=True):
        torch.testing.assert_close(-side, expected, rtol=1e-9, atol=1e-9 * float(side.abs().max()))
    raw = stage.terms(values, weights)["height"]
    assert raw[0] > 0
    assert raw[1] == 0
    assert make_batch([simulate(walk(5), body, "noise=0.02")]).height is None


@pytest.mark.parametrize("known", [1.6, 1.85])
def test_a_known_height_is_met_and_moves_the_person_away_as_far(body, priors, known):
    quick = replace(load_preset("video"), iterations={"root": 10, "pose": 40}, stages=("stage1", "stage2"))
    observed = simulate(walk(8), body, VIDEO)
    free, told = (fit(replace(observed, height=each), body, priors, quick).final.motion for each in (None, known))
    tall = float(body_height(body, told.betas))
    assert tall == pytest.approx(known, abs=0.03)
    ratio = tall / float(body_height(body, free.betas))
    depth = [float(motion.translation[:, 2].mean()) for motion in (told, free)]
    assert depth[0] / depth[1] == pytest.approx(ratio, abs=0.04)
