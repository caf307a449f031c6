"""Symmetric positive definite systems that are block-tridiagonal in time with one dense border.

The unknowns of a frame meet those of the neighbouring frames only; a few unknowns (the shape) meet all of them:

    [ D0  E0ᵀ          B0 ]
    [ E0  D1  E1ᵀ      B1 ]
    [     E1  D2  …    …  ]
    [ B0ᵀ B1ᵀ …        C  ]

The blocks are eliminated one after the other (block Cholesky; Golub & Van Loan, Matrix Computations, section 4.5), then
the border by its Schur complement: linear in the number of blocks. The frames are a recurrence, hence the loop; clips
are a batch axis.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float
from torch import Tensor


@dataclass(frozen=True)
class BlockSystem:
    """A batch of systems; `unknowns` or `shared` may be zero.

    Attributes:
        diagonal: The blocks D.
        below: The blocks E: rows of one block, columns of the block before.
        border: The blocks B.
        corner: C.
        right: Right-hand side of the blocks.
        corner_right: Right-hand side of the border.
    """

    diagonal: Float[Tensor, "clips blocks unknowns unknowns"]
    below: Float[Tensor, "clips steps unknowns unknowns"]
    border: Float[Tensor, "clips blocks unknowns shared"]
    corner: Float[Tensor, "clips shared shared"]
    right: Float[Tensor, "clips blocks unknowns"]
    corner_right: Float[Tensor, "clips shared"]

    def scales(self) -> tuple[Float[Tensor, "clips blocks unknowns"], Float[Tensor, "clips shared"]]:
        """The diagonal of the matrix."""
        return self.diagonal.diagonal(dim1=-2, dim2=-1), self.corner.diagonal(dim1=-2, dim2=-1)

    def raised(
        self, blocks: Float[Tensor, "clips blocks unknowns"], corner: Float[Tensor, "clips shared"]
    ) -> BlockSystem:
        """The system with something added to its diagonal."""
        return replace(
            self,
            diagonal=self.diagonal + torch.diag_embed(blocks),
            corner=self.corner + torch.diag_embed(corner),
        )


@dataclass(frozen=True)
class BlockSolution:
    """Zero where the matrix is not positive definite (or not finite)."""

    blocks: Float[Tensor, "clips blocks unknowns"]
    corner: Float[Tensor, "clips shared"]
    is_definite: Bool[Tensor, " clips"]


def solve_blocks(system: BlockSystem) -> BlockSolution:
    """Solve every clip's system.

    Returns:
        The solution; clips whose matrix is not positive definite are marked and leave the others alone.
    """
    sides = torch.cat([system.right[..., None], system.border], -1)
    solved, is_definite = _solve_tridiagonal(system.diagonal, system.below, sides)
    alone, through = solved[..., 0], solved[..., 1:]
    schur = system.corner - torch.einsum("cbns,cbnk->csk", system.border, through)
    rest = system.corner_right - torch.einsum("cbns,cbn->cs", system.border, alone)
    factor, info = torch.linalg.cholesky_ex(schur)
    corner = torch.cholesky_solve(rest[..., None], factor)[..., 0]
    blocks = alone - torch.einsum("cbns,cs->cbn", through, corner)
    is_finite = torch.isfinite(blocks).flatten(1).all(1) & torch.isfinite(corner).all(1)
    is_definite = is_definite & (info == 0) & is_finite
    return BlockSolution(
        torch.where(is_definite[:, None, None], blocks, 0.0),
        torch.where(is_definite[:, None], corner, 0.0),
        is_definite,
    )


def _solve_tridiagonal(diagonal: Tensor, below: Tensor, sides: Tensor) -> tuple[Tensor, Tensor]:
    """The solution without the border for several right-hand sides (clips, blocks, unknowns, sides)."""
    unknowns = diagonal.shape[-1]
    factors: list[Tensor] = []
    links: list[Tensor] = []
    forward: list[Tensor] = []
    infos: list[Tensor] = []
    for block in range(diagonal.shape[1]):
        pivot, side = diagonal[:, block], sides[:, block]
        if block > 0:
            pivot = torch.baddbmm(pivot, links[-1].mT, links[-1], alpha=-1.0)
            side = torch.baddbmm(side, links[-1].mT, forward[-1], alpha=-1.0)
        factor, info = torch.linalg.cholesky_ex(pivot)
        if block < below.shape[1]:
            side = torch.cat([below[:, block].mT, side], -1)
        reduced = torch.linalg.solve_triangular(factor, side, upper=False)
        if block < below.shape[1]:
            links.append(reduced[..., :unknowns])
            reduced = reduced[..., unknowns:]
        factors.append(factor)
        forward.append(reduced)
        infos.append(info)
    solved = [torch.linalg.solve_triangular(factors[-1].mT, forward[-1], upper=True)]
    for block in range(diagonal.shape[1] - 2, -1, -1):
        side = torch.baddbmm(forward[block], links[block], solved[-1], alpha=-1.0)
        solved.append(torch.linalg.solve_triangular(factors[block].mT, side, upper=True))
    return torch.stack(solved[::-1], 1), (torch.stack(infos) == 0).all(0)
