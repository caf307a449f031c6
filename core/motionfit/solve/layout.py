"""Named variables of any shape as one vector of unknowns per group, and back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True)
class Layout:
    """Which variable stands where in the vector.

    The first axis of each variable is a multiple of the number of groups, group by group: a variable of four windows
    in two groups gives its first two windows to the first group.
    """

    groups: int
    shapes: Mapping[str, tuple[int, ...]]

    @classmethod
    def of(cls, values: Mapping[str, Tensor], groups: int) -> Layout:
        """The layout of given variables."""
        for name, value in values.items():
            assert value.shape[0] % groups == 0, f"{name} has {value.shape[0]} rows for {groups} groups"
        return cls(groups, {name: tuple(value.shape) for name, value in values.items()})

    def pack(self, values: Mapping[str, Tensor]) -> Float[Tensor, "groups unknowns"]:
        """One row per group."""
        return torch.cat([values[name].reshape(self.groups, -1) for name in self.shapes], 1)

    def unpack(self, vector: Float[Tensor, "groups unknowns"]) -> dict[str, Tensor]:
        """The variables in their own shapes; gradients flow through."""
        widths = [math.prod(shape) // self.groups for shape in self.shapes.values()]
        parts = vector.split(widths, 1)
        return {name: part.reshape(shape) for (name, shape), part in zip(self.shapes.items(), parts, strict=True)}
