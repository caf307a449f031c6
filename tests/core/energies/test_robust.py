import math

import pytest
import torch

from motionfit.energies.reprojection import geman_mcclure
from motionfit.energies.robust import HALF_WEIGHT, noise_of, robust_square, robust_weight

SCALE = torch.tensor(2.0, dtype=torch.float64)


def distances(count=50):
    return torch.linspace(0.0, 50.0, count, dtype=torch.float64)


def test_it_is_the_square_near_zero_and_never_more_than_the_scale_squared():
    squared = distances().square()
    found = robust_square(squared, SCALE)
    assert found[0] == 0
    assert (found.diff() > 0).all()
    assert (found < SCALE.square()).all()
    assert (found <= squared).all()
    near = torch.tensor(1e-4, dtype=torch.float64)
    assert robust_square(near, SCALE) == pytest.approx(float(near), rel=1e-4)


def test_it_is_gemans_and_mcclures_function_and_an_infinite_scale_gives_the_plain_square():
    each = distances()
    torch.testing.assert_close(robust_square(each.square(), SCALE), geman_mcclure(each, float(SCALE)))
    infinite = torch.tensor(math.inf, dtype=torch.float64)
    assert torch.equal(robust_square(each.square(), infinite), each.square())
    assert (robust_weight(each.square(), infinite) == 1).all()


def test_the_weight_makes_the_gradient_of_a_plain_square_exact():
    squared = distances().square().requires_grad_()
    (gradient,) = torch.autograd.grad(robust_square(squared, SCALE).sum(), squared)
    torch.testing.assert_close(gradient, robust_weight(squared.detach(), SCALE))
    assert torch.autograd.gradcheck(lambda at: robust_square(at, SCALE), squared)
    assert robust_weight(SCALE.square(), SCALE) == 0.25
    assert robust_weight((HALF_WEIGHT * SCALE).square(), SCALE) == pytest.approx(0.5)


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_the_noise_is_found_among_outliers_and_unseen_points(axes):
    generator = torch.Generator().manual_seed(0)
    vectors = 0.04 * torch.randn(2, 4000, axes, generator=generator)
    vectors[1] *= 3.0
    lengths = vectors.norm(dim=-1)
    seen = torch.rand(2, 4000, generator=generator) > 0.3
    clean = noise_of(lengths, seen, axes)
    torch.testing.assert_close(clean, torch.tensor([0.04, 0.12]), rtol=0.04, atol=0)
    lengths[:, :200] = 5.0
    assert (noise_of(lengths, seen, axes) < 1.12 * clean).all()
    wild = torch.where(seen, lengths, 1e6)
    assert torch.equal(noise_of(wild, seen, axes), noise_of(lengths, seen, axes))
    assert noise_of(lengths, torch.zeros_like(seen), axes).isnan().all()
