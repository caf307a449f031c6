"""How high a joint is over the ground while the part of the body around it rests on it.

Read off the body file: in the rest pose (a T; y up, z forward) a joint is as far from the ground as the surface of its
own part reaches in the direction in which that part comes to lie. The part of a joint are the vertices that it moves
most. Where a part can rest in several ways (a pelvis on its seat, its back, its belly) the heights span a range.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from motionfit.body.model import BodyModel

_AXES: dict[str, tuple[float, float, float]] = {
    "down": (0.0, -1.0, 0.0),
    "back": (0.0, 0.0, -1.0),
    "front": (0.0, 0.0, 1.0),
    "left": (1.0, 0.0, 0.0),
    "right": (-1.0, 0.0, 0.0),
}

_RESTS_ON: dict[int, tuple[str, ...]] = {
    0: ("down", "back", "front"),
    1: ("back", "front", "left"), 2: ("back", "front", "right"),
    3: ("back", "front"), 6: ("back", "front"), 9: ("back", "front"),
    4: ("front", "left"), 5: ("front", "right"),
    7: ("down",), 8: ("down",), 10: ("down",), 11: ("down",),
    12: ("back", "front"), 13: ("back", "front"), 14: ("back", "front"), 15: ("back", "front"),
    16: ("back", "front"), 17: ("back", "front"),
    18: ("down", "back"), 19: ("down", "back"), 20: ("down",), 21: ("down",),
}  # fmt: skip
"""The ways in which the part of each joint comes to lie, in the rest pose: the seat of a sitter is the back of the
thighs, who kneels rests on the front of the shins, arms are spread with the palms down."""


@dataclass(frozen=True)
class RestingHeights:
    """Least and greatest height of each joint over the ground while its part rests on it, metres."""

    lowest: Float[Tensor, "joints=22"]
    highest: Float[Tensor, "joints=22"]


def resting_heights(body: BodyModel) -> RestingHeights:
    """The heights of the mean shape."""
    surface, joints = body.surface.template, body.joint_template
    owner = body.surface.weights.argmax(-1)
    spans = []
    for joint, ways in _RESTS_ON.items():
        part = surface[owner == joint] - joints[joint]
        axes = surface.new_tensor([_AXES[way] for way in ways])
        reach = (part @ axes.T).amax(0) if part.shape[0] else axes.new_zeros(1)
        spans.append((joint, reach.amin().clamp(min=0.0), reach.amax().clamp(min=0.0)))
    spans.sort(key=lambda span: span[0])
    return RestingHeights(torch.stack([low for _, low, _ in spans]), torch.stack([high for _, _, high in spans]))
