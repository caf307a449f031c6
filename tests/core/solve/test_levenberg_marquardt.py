import numpy as np
import pytest
import scipy.optimize
import torch

from motionfit.solve.block_tridiagonal import BlockSystem
from motionfit.solve.levenberg_marquardt import LeastSquares, minimise_least_squares
from motionfit.solve.solution import Status

UNKNOWNS = 6


def least_squares(residuals):
    """A problem without time structure: one block, derivatives of the residuals by automatic differentiation."""

    def evaluate(point):
        return 0.5 * residuals(point).square().sum(1)

    def linearise(point):
        rows = [torch.autograd.functional.jacobian(lambda at: residuals(at[None])[0], row) for row in point]
        moves = torch.stack(rows)
        groups = point.shape[0]
        return BlockSystem(
            diagonal=(moves.mT @ moves)[:, None],
            below=point.new_zeros(groups, 0, UNKNOWNS, UNKNOWNS),
            border=point.new_zeros(groups, 1, UNKNOWNS, 0),
            corner=point.new_zeros(groups, 0, 0),
            right=-(moves.mT @ residuals(point)[..., None])[..., 0][:, None],
            corner_right=point.new_zeros(groups, 0),
        )

    def retract(point, step):
        return point + step.blocks[:, 0]

    return LeastSquares(evaluate, linearise, retract, (UNKNOWNS,))


def rosenbrock(x):
    return torch.cat([10.0 * (x[:, 1:] - x[:, :-1] ** 2), 1.0 - x[:, :-1]], 1)


def bent(x):
    """Residuals that do not vanish at the minimum."""
    return torch.cat([x.sin() + 0.3 * x, (x - 1.0) ** 2 + 0.5], 1)


def starts(groups=5):
    return torch.from_numpy(np.random.default_rng(0).normal(size=(groups, UNKNOWNS)))


@pytest.mark.parametrize("residuals", [rosenbrock, bent])
def test_every_group_reaches_the_minimum_scipy_reaches(residuals):
    solution = minimise_least_squares(least_squares(residuals), starts(), 200, 1e-12)
    for loss, start in zip(solution.loss, starts(), strict=True):
        theirs = scipy.optimize.least_squares(
            lambda row: residuals(torch.from_numpy(row)[None])[0].numpy(), start.numpy(), xtol=1e-12, ftol=1e-12
        )
        assert loss <= theirs.cost + 1e-9


def test_groups_do_not_feel_each_other():
    problem = least_squares(rosenbrock)
    together = minimise_least_squares(problem, starts(), 15, 1e-12)
    for group in range(5):
        alone = minimise_least_squares(problem, starts()[group : group + 1], 15, 1e-12)
        torch.testing.assert_close(together.values[group], alone.values[0], rtol=1e-9, atol=1e-9)
        assert together.iterations[group] == alone.iterations[0]
        assert together.statuses[group] is alone.statuses[0]


def test_a_linear_problem_is_solved_in_a_few_steps():
    matrix = torch.from_numpy(np.random.default_rng(1).normal(size=(9, UNKNOWNS)))
    solution = minimise_least_squares(least_squares(lambda x: x @ matrix.T - 1.0), starts(2), 30, 1e-9)
    expected = torch.linalg.lstsq(matrix, torch.ones(9, 1, dtype=torch.float64)).solution[:, 0]
    torch.testing.assert_close(solution.values, expected.expand(2, -1), rtol=1e-4, atol=1e-5)
    assert (solution.iterations < 12).all()
    assert set(solution.statuses) == {Status.CONVERGED}


def test_never_worse_than_the_start_and_never_nan():
    def walled(x):
        inside = (x.abs() < 1.0).all(1, keepdim=True)
        return torch.where(inside, x - 1.5, torch.nan)

    start = torch.zeros(3, UNKNOWNS, dtype=torch.float64)
    solution = minimise_least_squares(least_squares(walled), start, 50, 1e-12)
    assert torch.isfinite(solution.values).all()
    assert (solution.loss < 0.5 * 0.52**2 * UNKNOWNS).all()


def test_an_unknown_that_nothing_determines_stays_where_it_is():
    solution = minimise_least_squares(least_squares(lambda x: x[:, 1:] - 2.0), starts(), 40, 1e-12)
    assert torch.equal(solution.values[:, 0], starts()[:, 0])
    torch.testing.assert_close(solution.values[:, 1:], torch.full((5, 5), 2.0, dtype=torch.float64))


def test_a_start_that_is_not_finite_is_reported_and_returned_unchanged():
    start = starts(2)
    start[1, 0] = 50.0

    def half_broken(x):
        return torch.where(x[:, :1] < 20.0, x - 3.0, torch.nan)

    solution = minimise_least_squares(least_squares(half_broken), start, 30, 1e-9)
    assert solution.statuses[1] is Status.NOT_FINITE
    assert torch.equal(solution.values[1], start[1])
    assert solution.loss[0] < 1e-6


def test_a_derivative_that_is_not_finite_ends_without_a_descent():
    problem = least_squares(lambda x: (x - 1.0).abs().sqrt())
    start = torch.ones(1, UNKNOWNS, dtype=torch.float64)
    start[0, 0] = 3.0
    solution = minimise_least_squares(problem, start, 100, 1e-9)
    assert solution.statuses == (Status.NO_DESCENT,)
    assert torch.equal(solution.values, start)


def test_a_minimum_as_start_has_converged():
    start = torch.full((1, UNKNOWNS), 1.0, dtype=torch.float64)
    solution = minimise_least_squares(least_squares(rosenbrock), start, 50, 1e-9)
    assert solution.statuses == (Status.CONVERGED,)
    assert solution.evaluations == 1


def test_cancelling_keeps_the_best_point_and_stops_at_once():
    seen = []

    def watch(iteration, loss):
        seen.append(iteration)
        return len(seen) < 7

    problem = least_squares(rosenbrock)
    solution = minimise_least_squares(problem, starts(), 100, 1e-12, watch)
    assert seen == [0, *range(6)]
    assert set(solution.statuses) == {Status.CANCELLED}
    assert (solution.loss <= problem.evaluate(starts())).all()
    torch.testing.assert_close(problem.evaluate(solution.values), solution.loss)


def test_the_iteration_limit_is_told():
    solution = minimise_least_squares(least_squares(rosenbrock), starts(), 3, 1e-9)
    assert set(solution.statuses) == {Status.ITERATION_LIMIT}
    assert solution.iterations.tolist() == [3] * 5


def test_the_start_is_not_changed():
    start = starts()
    minimise_least_squares(least_squares(rosenbrock), start, 5, 1e-9)
    assert torch.equal(start, starts())
