"""Frames in which the body hangs in the air although it does not fall."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from motionfit.motion import Floor

_GRAVITY = 9.81
_REACH_SECONDS = 0.1


def floating_cm(
    joints: Float[Tensor, "frames 22 3"], lowest: Float[Tensor, " frames"], fps: float, floor: Floor
) -> Float[Tensor, " frames"]:
    """Height of the lowest point over the floor, cm, as far as the body is carried.

    A body in the air falls: the middle of its joints accelerates downwards with 9.81 m/s². The height counts with the
    share of that weight that something must carry, so a jump hardly counts and a body that hangs over the floor does.

    Args:
        joints: Metres.
        lowest: Height of the lowest point over the floor, metres.
        fps: Frames per second.
        floor: In the frame of the joints.
    """
    height = joints.mean(1) @ floor.normal
    reach = max(round(_REACH_SECONDS * fps), 1)
    carried = torch.ones_like(height)
    if len(height) > 2 * reach:
        second = height[2 * reach :] - 2.0 * height[reach:-reach] + height[: -2 * reach]
        upwards = second * (fps / reach) ** 2
        carried[reach:-reach] = (1.0 + upwards / _GRAVITY).clamp(0.0, 1.0)
    return lowest.clamp(min=0.0) * carried * 100.0
