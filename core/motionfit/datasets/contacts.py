"""When a joint touches the floor: it is slow and near it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from motionfit.body.skeleton import CONTACT_JOINTS


@dataclass(frozen=True)
class ContactRule:
    """Below which speed and height a joint touches the floor.

    HuMoR asks for less than 5 mm a frame at the capture rate, whatever that is (0.6 m/s at 120 Hz), and for 4 cm
    (toes) or 8 cm (all else) over the lowest static toes. Here the speed is a speed, and heights are over the sole,
    which is at z = 0: those of the joints of a body that lies, kneels or stands there.

    Attributes:
        speed: m/s.
        pelvis: Height of the pelvis, m, when sitting or lying.
        knees: Height of the knees, m, when kneeling.
        ankles: Height of the ankles, m.
        toes: Height of the balls of the feet, m.
        wrists: Height of the wrists, m, when leaning on the hands.
    """

    speed: float = 0.3
    pelvis: float = 0.15
    knees: float = 0.10
    ankles: float = 0.10
    toes: float = 0.04
    wrists: float = 0.08

    @property
    def heights(self) -> tuple[float, ...]:
        """In the order of `CONTACT_JOINTS`."""
        knees, ankles, toes, wrists = (self.knees,) * 2, (self.ankles,) * 2, (self.toes,) * 2, (self.wrists,) * 2
        return (self.pelvis, *knees, *ankles, *toes, *wrists)


CONTACT_RULE = ContactRule()
"""What the shipped priors were trained with."""


def contact_labels(
    joints: Float[Tensor, "*batch 22 3"],
    joint_velocities: Float[Tensor, "*batch 22 3"],
    rule: ContactRule = CONTACT_RULE,
) -> Float[Tensor, "*batch 9"]:
    """1 where a joint of `CONTACT_JOINTS` is slow and near the floor z = 0.

    Args:
        joints: Metres, world.
        joint_velocities: Metres per second, at the rate of the capture where that is known.
        rule: Limits of speed and height.
    """
    places = list(CONTACT_JOINTS)
    limits = torch.tensor(rule.heights, dtype=joints.dtype)
    is_slow = joint_velocities[..., places, :].norm(dim=-1) < rule.speed
    touches: Tensor = is_slow & (joints[..., places, 2] < limits)
    return touches.to(joints.dtype)
