"""What the training of a prior consists of, apart from how it is run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Int
from torch import Tensor, nn

Metrics = dict[str, float]


@runtime_checkable
class PriorTask(Protocol):
    """A prior with its data: everything random comes from the generator, which is seeded anew each epoch."""

    @property
    def module(self) -> nn.Module:
        """The prior."""
        ...

    @property
    def delicate(self) -> list[nn.Parameter]:
        """Parameters of the prior that learn at a tenth of the rate."""
        ...

    @property
    def networks(self) -> list[nn.Module]:
        """The parts of the prior that may compute in half precision."""
        ...

    @property
    def steps(self) -> int:
        """Batches of an epoch."""
        ...

    def batches(self, epoch: int, generator: torch.Generator) -> Sequence[Int[Tensor, " batch"]]:
        """What an epoch learns from: numbers of poses or windows, drawn by weight."""
        ...

    def losses(self, chosen: Int[Tensor, " batch"], epoch: int, generator: torch.Generator) -> dict[str, Tensor]:
        """`loss`, which is to fall, and the terms it is the sum of."""
        ...

    def validate(self, epoch: int) -> Metrics:
        """Measures on validation data; `score` (lower is better) decides what is best."""
        ...

    def write_samples(self, checkpoint: Path, place: Path, seed: int) -> Path:
        """Draw what the prior in `checkpoint` makes up; the file is `place` with the suffix of its kind."""
        ...
