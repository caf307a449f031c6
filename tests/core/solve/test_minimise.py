import numpy as np
import pytest
import scipy.optimize
import torch

from motionfit.solve.layout import Layout
from motionfit.solve.minimise import minimise
from motionfit.solve.solution import Status


def with_gradient(function):
    def objective(point):
        point = point.detach().requires_grad_()
        loss = function(point)
        (gradient,) = torch.autograd.grad(loss.sum(), point)
        return loss.detach(), gradient

    return objective


def rosenbrock(x):
    return (100.0 * (x[:, 1:] - x[:, :-1] ** 2) ** 2 + (1.0 - x[:, :-1]) ** 2).sum(1)


def starts():
    return torch.from_numpy(np.random.default_rng(0).normal(size=(5, 6)))


def test_every_group_reaches_the_minimum_scipy_reaches():
    solution = minimise(with_gradient(rosenbrock), starts(), 400, 1e-14)
    for row, start in zip(solution.values, starts(), strict=True):
        function, gradient = scipy.optimize.rosen, scipy.optimize.rosen_der
        theirs = scipy.optimize.minimize(function, start.numpy(), jac=gradient, method="BFGS")
        assert rosenbrock(row[None])[0] <= theirs.fun + 1e-9 or scipy.optimize.rosen(row.numpy()) < 1e-9


def test_groups_do_not_feel_each_other():
    objective = with_gradient(rosenbrock)
    together = minimise(objective, starts(), 30, 1e-12)
    for group in range(5):
        alone = minimise(objective, starts()[group : group + 1], 30, 1e-12)
        torch.testing.assert_close(together.values[group], alone.values[0], rtol=1e-9, atol=1e-9)


def test_it_needs_about_one_evaluation_per_iteration():
    solution = minimise(with_gradient(rosenbrock), starts()[:1], 60, 1e-14)
    assert solution.evaluations < 2 * int(solution.iterations[0]) + 5


def test_never_worse_than_the_start_and_never_nan():
    def walled(x):
        inside = (x.abs() < 1.0).all(1)
        return torch.where(inside, (x - 0.9).square().sum(1), torch.nan)

    start = torch.zeros(3, 2, dtype=torch.float64)
    solution = minimise(with_gradient(walled), start, 50, 1e-12)
    assert torch.isfinite(solution.values).all()
    assert (solution.loss <= 1e-6).all()


def test_a_start_that_is_not_finite_is_reported_and_returned_unchanged():
    start = torch.tensor([[1.0, 2.0], [3.0, 4.0]], dtype=torch.float64)

    def half_broken(x):
        return torch.where(x[:, 0] < 2.0, x.square().sum(1), torch.nan)

    solution = minimise(with_gradient(half_broken), start, 20, 1e-9)
    assert solution.statuses[1] is Status.NOT_FINITE
    assert torch.equal(solution.values[1], start[1])
    assert solution.loss[0] < 1e-6


def test_cancelling_keeps_the_best_point_and_stops_at_once():
    seen = []

    def watch(iteration, loss):
        seen.append(float(loss.min()))
        return len(seen) < 7

    solution = minimise(with_gradient(rosenbrock), starts(), 100, 1e-12, watch)
    assert len(seen) == 7
    assert set(solution.statuses) == {Status.CANCELLED}
    assert (solution.loss <= rosenbrock(starts())).all()
    torch.testing.assert_close(rosenbrock(solution.values), solution.loss)


def test_iteration_limit_and_convergence_are_told_apart():
    objective = with_gradient(rosenbrock)
    assert set(minimise(objective, starts(), 3, 1e-9).statuses) == {Status.ITERATION_LIMIT}
    quadratic = with_gradient(lambda x: x.square().sum(1) + 1.0)
    done = set(minimise(quadratic, starts(), 100, 1e-3).statuses)
    assert done <= {Status.CONVERGED, Status.NO_DESCENT}


@pytest.mark.parametrize("groups", [1, 2])
def test_layout_goes_round_and_keeps_groups_apart(groups):
    values = {"a": torch.arange(24.0).reshape(4, 3, 2), "b": torch.arange(2.0).reshape(2, 1)}
    layout = Layout.of(values, groups)
    vector = layout.pack(values)
    assert vector.shape == (groups, 26 // groups)
    back = layout.unpack(vector)
    assert all(torch.equal(back[name], values[name]) for name in values)
    if groups == 2:
        assert torch.equal(vector[1], torch.cat([values["a"][2:].flatten(), values["b"][1]]))
