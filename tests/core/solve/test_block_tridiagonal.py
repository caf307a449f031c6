from dataclasses import fields, replace

import pytest
import torch

from motionfit.solve.block_tridiagonal import BlockSystem, solve_blocks


def random_system(clips, blocks, unknowns, shared, dtype=torch.float64):
    """A positive definite system made of residuals that touch two neighbouring blocks and the border."""
    generator = torch.Generator().manual_seed(blocks + 10 * unknowns + 100 * shared)
    size = blocks * unknowns + shared
    dense = torch.eye(size, dtype=dtype).repeat(clips, 1, 1)
    for block in range(blocks):
        rows = torch.zeros(clips, unknowns + 2, size, dtype=dtype)
        touched = slice(block * unknowns, min(block + 2, blocks) * unknowns)
        width = touched.stop - touched.start
        rows[..., touched] = torch.randn(clips, unknowns + 2, width, generator=generator, dtype=dtype)
        if shared:
            rows[..., -shared:] = torch.randn(clips, unknowns + 2, shared, generator=generator, dtype=dtype)
        dense = dense + rows.mT @ rows
    right = torch.randn(clips, size, generator=generator, dtype=dtype)
    return cut(dense, right, blocks, unknowns), dense, right


def cut(dense, right, blocks, unknowns):
    clips, inner = dense.shape[0], blocks * unknowns
    tiles = dense[:, :inner, :inner].reshape(clips, blocks, unknowns, blocks, unknowns)
    own = [tiles[:, block, :, block] for block in range(blocks)]
    below = [tiles[:, block + 1, :, block] for block in range(blocks - 1)]
    empty = dense.new_zeros(clips, 0, unknowns, unknowns)
    return BlockSystem(
        diagonal=torch.stack(own, 1),
        below=torch.stack(below, 1) if below else empty,
        border=dense[:, :inner, inner:].reshape(clips, blocks, unknowns, dense.shape[-1] - inner),
        corner=dense[:, inner:, inner:],
        right=right[:, :inner].reshape(clips, blocks, unknowns),
        corner_right=right[:, inner:],
    )


def flat(solution):
    return torch.cat([solution.blocks.flatten(1), solution.corner], 1)


SIZES = [(3, 7, 5, 4), (1, 1, 4, 3), (2, 2, 3, 0), (2, 4, 0, 3), (1, 1, 3, 0)]


@pytest.mark.parametrize("sizes", SIZES)
def test_it_solves_what_a_dense_solver_solves(sizes):
    system, dense, right = random_system(*sizes)
    solution = solve_blocks(system)
    assert solution.is_definite.all()
    torch.testing.assert_close(flat(solution), torch.linalg.solve(dense, right), rtol=1e-9, atol=1e-9)


def test_single_precision_is_as_good_as_a_dense_solve_in_it():
    system, dense, right = random_system(2, 30, 12, 6)
    single = replace(system, **{field.name: getattr(system, field.name).float() for field in fields(system)})
    exact = torch.linalg.solve(dense, right)
    solution = solve_blocks(single)
    assert solution.blocks.dtype == torch.float32
    dense_error = (torch.linalg.solve(dense.float(), right.float()) - exact).abs().max()
    assert (flat(solution) - exact).abs().max() < 10 * dense_error


@pytest.mark.parametrize("part", ["first", "middle", "border", "not finite"])
def test_a_clip_that_is_not_definite_is_marked_and_leaves_the_others_alone(part):
    system, dense, right = random_system(3, 5, 4, 3)
    broken = replace(system, diagonal=system.diagonal.clone(), corner=system.corner.clone())
    if part == "border":
        broken.corner[1] -= 100.0 * torch.eye(3)
    else:
        block = 0 if part == "first" else 3
        broken.diagonal[1, block] -= torch.nan if part == "not finite" else 100.0 * torch.eye(4)
    solution = solve_blocks(broken)
    assert solution.is_definite.tolist() == [True, False, True]
    assert torch.equal(flat(solution)[1], torch.zeros(23, dtype=torch.float64))
    expected = torch.linalg.solve(dense, right)
    torch.testing.assert_close(flat(solution)[[0, 2]], expected[[0, 2]], rtol=1e-9, atol=1e-9)


def test_raising_the_diagonal_makes_an_indefinite_system_definite():
    system, _, _ = random_system(1, 4, 3, 2)
    indefinite = system.raised(-5.0 * system.scales()[0], torch.zeros(1, 2))
    assert not solve_blocks(indefinite).is_definite.any()
    assert solve_blocks(indefinite.raised(6.0 * system.scales()[0], torch.zeros(1, 2))).is_definite.all()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_the_result_on_cuda_is_that_on_the_cpu():
    system, _, _ = random_system(3, 7, 5, 4)
    moved = replace(system, **{field.name: getattr(system, field.name).cuda() for field in fields(system)})
    torch.testing.assert_close(flat(solve_blocks(moved)).cpu(), flat(solve_blocks(system)), rtol=1e-9, atol=1e-9)
