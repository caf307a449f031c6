"""Where the floor of a recording is, and whether it is one: step 7 of the conversion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from motionfit.body.model import BodyModel, PosedSkeleton
from motionfit.geometry.differences import velocity
from motionfit.motion import Motion
from motionfit.retarget.bones import pose_bones
from motionfit.retarget.soles import sole_points, soles_of

FLAT, UNEVEN, EQUIPMENT = "flat", "uneven", "equipment"

_SLOW = 0.25
_BIN = 0.01
_NEAR = 0.03
_LEAST_SHARE = 0.15
"""A mode of the heights of slow soles counts from this share of the largest mode on."""

_TRUNK: dict[int, float] = {0: 0.10, 3: 0.10, 6: 0.10, 9: 0.10, 15: 0.10, 4: 0.05, 5: 0.05}
"""Joints that can lie on the floor, and how far it is from them to the skin (m)."""

_LYING = 0.08
_LYING_SHARE = 0.05
_CARRIED = 0.35
"""Standing on the feet, the hips are at least this high over them (m)."""

_STANCE_SECONDS = 0.15
_ON_FLOOR = 0.06
_EVEN = 0.09
_STEP = 0.40
_HANGS_SECONDS = 1.0
_HANGS = 0.15
"""Nobody jumps that long (s) and stays that far (m) over the floor."""


@dataclass(frozen=True)
class Ground:
    """What a recording stands on.

    Attributes:
        height: Of the floor, metres in the recording's frame.
        kind: "flat", "uneven" or "equipment".
    """

    height: float
    kind: str


@dataclass(frozen=True)
class _Heights:
    """What the parts of a recording tell about its floor, one after the other.

    Attributes:
        soles: Of the lowest point of each sole.
        slow: Whether that point is slow.
        lowest: Of the lower sole.
        stands: Frames in which the body is carried by a foot that stands.
        trunk: Of the skin of trunk, head and knees.
        trunk_slow: Which of that is slow.
    """

    soles: Float[Tensor, "frames 2"]
    slow: Bool[Tensor, "frames 2"]
    lowest: Float[Tensor, " frames"]
    stands: Bool[Tensor, " frames"]
    trunk: Float[Tensor, "frames 7"]
    trunk_slow: Bool[Tensor, "frames 7"]


def find_ground(parts: Sequence[Motion], body: BodyModel) -> Ground:
    """Find the floor of a recording (z up, at any frame rate), given as the parts between its cuts.

    The floor is the median of the lowest mode of the heights of soles (of their lowest points) that are slow. Where
    nobody ever stands on it and the trunk lies well below it, the feet were in the air, and the floor is under the
    trunk.
    """
    each = [_heights(part, body) for part in parts]
    whole = _Heights(*(torch.cat([getattr(one, name.name) for one in each]) for name in fields(_Heights)))
    height = _lowest_mode(whole.soles, whole.slow)
    if not bool((whole.stands & ((whole.lowest - height).abs() < _ON_FLOOR)).any()):
        height = _under_trunk(whole, height)
    return Ground(height, _kind(whole, height, parts[0].fps))


def _heights(motion: Motion, body: BodyModel) -> _Heights:
    posed = pose_bones(motion, body)
    points = sole_points(posed, soles_of(body, motion.betas))
    soles, place = points[..., 2].min(-1)
    slow = _slow(points, motion.fps).gather(-1, place[..., None])[..., 0]
    trunk = posed.joints[:, list(_TRUNK)]
    return _Heights(
        soles,
        slow,
        soles.amin(-1),
        _standing(posed, soles, slow, motion.fps),
        trunk[..., 2] - trunk.new_tensor(list(_TRUNK.values())),
        _slow(trunk, motion.fps),
    )


def seat(motion: Motion, height: float) -> Motion:
    """The motion with the floor at z = 0."""
    return replace(motion, translation=motion.translation - motion.translation.new_tensor([0.0, 0.0, height]))


def _slow(points: Float[Tensor, "*shape 3"], fps: float) -> Bool[Tensor, "*shape"]:
    if points.shape[0] < 2:
        return torch.ones(points.shape[:-1], dtype=torch.bool)
    slow: Tensor = velocity(points, fps, frame_axis=0).norm(dim=-1) < _SLOW
    return slow


def _lowest_mode(heights: Float[Tensor, "*shape"], counts: Bool[Tensor, "*shape"]) -> float:
    """The median of the lowest mode of what counts; of all where too little counts."""
    given = heights[counts].numpy()
    if given.size < 10:
        given = np.sort(heights.reshape(-1).numpy())[: max(10, heights.numel() // 20)]
    edges = np.arange(given.min() - 3 * _BIN, given.max() + 4 * _BIN, _BIN)
    density = np.convolve(np.histogram(given, edges)[0], [0.1, 0.25, 0.3, 0.25, 0.1], "same")
    is_mode = (density[1:-1] >= density[:-2]) & (density[1:-1] > density[2:])
    modes = np.flatnonzero(is_mode & (density[1:-1] >= _LEAST_SHARE * density.max())) + 1
    centre = edges[modes[0]] + _BIN / 2
    return float(np.median(given[np.abs(given - centre) <= _NEAR]))


def _under_trunk(heights: _Heights, height: float) -> float:
    sunk = heights.trunk.amin(-1) < height - _LYING
    if float(sunk.to(heights.trunk).mean()) <= _LYING_SHARE:
        return height
    return _lowest_mode(heights.trunk, heights.trunk_slow)


def _standing(
    posed: PosedSkeleton, soles: Float[Tensor, "frames 2"], slow: Bool[Tensor, "frames 2"], fps: float
) -> Bool[Tensor, " frames"]:
    """Frames in which the lower foot stands still for a while, and carries the body."""
    lowest, foot = soles.min(-1)
    stands = slow.gather(-1, foot[:, None])[:, 0]
    stands = stands & (posed.joints[:, (0, 1, 2), 2].amin(-1) - lowest > _CARRIED)
    return _long_runs(stands, round(_STANCE_SECONDS * fps))


def _kind(heights: _Heights, height: float, fps: float) -> str:
    """Tell by the heights over the floor at which a foot carries the body, and by whether it hangs."""
    above = torch.minimum(heights.lowest, heights.trunk.amin(-1)) - height
    if bool(_long_runs((above > _HANGS) & ~heights.stands, round(_HANGS_SECONDS * fps)).any()):
        return EQUIPMENT
    away = (heights.lowest[heights.stands] - height).abs()
    if away.numel() == 0 or float(away.quantile(0.9)) < _EVEN:
        return FLAT
    return EQUIPMENT if float((away > _STEP).to(away).mean()) > 0.1 else UNEVEN


def _long_runs(marks: Bool[Tensor, " frames"], least: int) -> Bool[Tensor, " frames"]:
    """Marks that stand in a run of at least `least` frames."""
    changes = torch.diff(marks.to(torch.int8), prepend=torch.zeros(1, dtype=torch.int8))
    run = (changes == 1).cumsum(0) * marks
    lengths = torch.bincount(run, minlength=1)
    return marks & (lengths[run] >= least)
