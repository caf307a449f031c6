"""A motion at another frame rate."""

from __future__ import annotations

import numpy as np
import torch

from motionfit.geometry.rotations import interpolate_rotations
from motionfit.motion import Motion

_SAME_RATIO = 1e-4
"""Files round their frame time (0.00833333 s is 120 fps): ratios this near to an integer are that integer."""


def resample(motion: Motion, fps: float) -> Motion:
    """The motion at another rate, by time stamps.

    Frames are picked where the old rate is an integer multiple of the new one; else rotations are slerped and
    translations and contacts interpolated linearly. The first frame keeps its time; no frame lies after the
    last.
    """
    ratio = motion.fps / fps
    if abs(ratio - round(ratio)) < _SAME_RATIO and round(ratio) >= 1:
        return _pick(motion, round(ratio), fps)
    last = motion.frames - 1
    count = int(np.floor(last / ratio + 1e-6)) + 1
    places = torch.arange(count, dtype=torch.float64) * ratio
    before = places.floor().long().clamp(max=max(last - 1, 0))
    after = (before + 1).clamp(max=last)
    weight = (places - before).clamp(0.0, 1.0).to(motion.translation)

    def blend(values: torch.Tensor) -> torch.Tensor:
        return torch.lerp(values[before], values[after], weight[:, None])

    def turn(values: torch.Tensor) -> torch.Tensor:
        spread = weight.reshape(-1, *[1] * (values.ndim - 3)).expand(count, *values.shape[1:-2])
        return interpolate_rotations(values[before], values[after], spread)

    return Motion(
        fps=fps,
        translation=blend(motion.translation),
        root_orientation=turn(motion.root_orientation),
        body_pose=turn(motion.body_pose),
        betas=motion.betas,
        gender=motion.gender,
        contacts=None if motion.contacts is None else blend(motion.contacts),
    )


def _pick(motion: Motion, step: int, fps: float) -> Motion:
    return Motion(
        fps=fps,
        translation=motion.translation[::step],
        root_orientation=motion.root_orientation[::step],
        body_pose=motion.body_pose[::step],
        betas=motion.betas,
        gender=motion.gender,
        contacts=None if motion.contacts is None else motion.contacts[::step],
    )
