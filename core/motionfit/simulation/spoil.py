"""Wrong keypoints in known frames: the mistakes of detectors and trackers, to try out how well they are found."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from motionfit.body.parts import LIMBS, MIRRORED_POINTS, PART_POINTS
from motionfit.errors import SettingsError
from motionfit.motion import Observations

FAULT_KINDS: dict[str, str] = {
    "swap": "left and right are mistaken for each other",
    "limb": "one arm or leg lies elsewhere",
    "frozen": "the last good detection is repeated",
    "other": "the keypoints are those of another person",
    "shift": "the keypoints are those of another time",
}
"""What goes wrong, by the names that `--simulate` takes."""

_FRAMES = (3, 10)
_LIMB_OFFSET = (0.2, 0.5)
_PERSON_OFFSET = (0.4, 1.2)
_TIME_SHIFT = (6, 12)
_APART = 2
_BODY_HEIGHT = 1.7
_TRIES = 1000


@dataclass(frozen=True)
class Fault:
    """One mistake.

    Attributes:
        kind: A key of `FAULT_KINDS`.
        start: First frame that is wrong.
        stop: The frame after the last.
    """

    kind: str
    start: int
    stop: int


def draw_faults(frames: int, share: float, seed: int) -> tuple[Fault, ...]:
    """Mistakes of random kinds, of 3 to 9 frames, at random places.

    Args:
        frames: Of the clip.
        share: Of the frames that are to be wrong, 0..1; at least one mistake is made.
        seed: The same seed gives the same mistakes.

    Returns:
        By their first frames, with two frames or more between them and before the first.

    Raises:
        SettingsError: There is no room for so many.
    """
    generator = torch.Generator().manual_seed(seed)
    faults: list[Fault] = []
    taken = torch.zeros(frames + _APART, dtype=torch.bool)
    for _ in range(_TRIES):
        length = min(_integer(*_FRAMES, generator), max(frames // 4, 1))
        start = _integer(_APART, max(frames - length, _APART) + 1, generator)
        kind = list(FAULT_KINDS)[_integer(0, len(FAULT_KINDS), generator)]
        if start + length <= frames and not bool(taken[start - _APART : start + length + _APART].any()):
            taken[start : start + length] = True
            faults.append(Fault(kind, start, start + length))
        if faults and float(taken.sum()) >= share * frames:
            return tuple(sorted(faults, key=lambda fault: fault.start))
    raise SettingsError(
        f"--simulate: wrong={share:g} of {frames} frames leaves no room between the mistakes.",
        "Ask for fewer, or give a longer clip.",
    )


def wrong_frames(frames: int, faults: tuple[Fault, ...]) -> Bool[Tensor, " frames"]:
    """The frames in which something is wrong."""
    wrong = torch.zeros(frames, dtype=torch.bool)
    for fault in faults:
        wrong[fault.start : fault.stop] = True
    return wrong


def spoil(observations: Observations, faults: tuple[Fault, ...], seed: int) -> Observations:
    """The same observations with mistakes in some frames; what was not observed stays so.

    Args:
        observations: Right ones.
        faults: The mistakes; none before the first frame or after the last.
        seed: Of sizes and directions; they do not depend on the other mistakes.

    Raises:
        SettingsError: A mistake is out of the clip.
    """
    points, confidence = _points_of(observations)
    spoiled, sure = points.clone(), confidence.clone()
    for place, fault in enumerate(faults):
        if not 0 <= fault.start < fault.stop <= observations.frames:
            raise SettingsError(
                f"--simulate: {fault.kind}={fault.start}:{fault.stop} is no span of the clip's "
                f"{observations.frames} frames.",
                "Frames count from 0 and the last one is not included.",
            )
        generator = torch.Generator().manual_seed(seed * 1009 + place)
        frames = slice(fault.start, fault.stop)
        spoiled[frames], sure[frames] = _mistaken(observations.kind, points, confidence, fault, generator)
    return _with_points(observations, spoiled, sure)


def _mistaken(
    kind: str, points: Tensor, confidence: Tensor, fault: Fault, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """What is taken for the points of the frames of a fault, and with what confidence."""
    frames = torch.arange(fault.start, fault.stop)
    own, sure = points[frames].clone(), confidence[frames]
    if fault.kind == "swap":
        mirrored = list(MIRRORED_POINTS[kind])
        return own[:, mirrored], sure[:, mirrored]
    if fault.kind == "limb":
        limb = list(_seen_limb(kind, sure, generator))
        own[:, limb] += _offset(points, confidence, _LIMB_OFFSET, generator)
        return own, sure
    if fault.kind == "frozen":
        last = torch.full_like(frames, max(fault.start - 1, 0))
        return points[last], confidence[last]
    later = _other_frames(frames, points.shape[0], fault.kind, generator)
    if fault.kind == "shift":
        return points[later], confidence[later]
    aside = _offset(points, confidence, _PERSON_OFFSET, generator, is_level=True)
    return points[later] + aside, confidence[later]


def _seen_limb(kind: str, sure: Tensor, generator: torch.Generator) -> tuple[int, ...]:
    """The points of an arm or leg, of one that is seen: a hidden one cannot be mistaken."""
    limbs = [PART_POINTS[kind][limb] for limb in LIMBS]
    seen = [limb for limb in limbs if float((sure[:, limb] > 0).float().mean()) > 0.5] or limbs
    return seen[_integer(0, len(seen), generator)]


def _other_frames(frames: Tensor, count: int, kind: str, generator: torch.Generator) -> Tensor:
    """Frames some time away, or half a clip away for another person; those past an end come from the other side."""
    away = _integer(*_TIME_SHIFT, generator) if kind == "shift" else max(count // 2, 1)
    sign = 1 if float(torch.rand((), generator=generator)) < 0.5 else -1
    moved = frames + sign * away
    is_inside = bool((moved >= 0).all() and (moved < count).all())
    return moved if is_inside else (frames - sign * away) % count


def _offset(
    points: Float[Tensor, "frames points axes"],
    confidence: Float[Tensor, "frames points"],
    metres: tuple[float, float],
    generator: torch.Generator,
    is_level: bool = False,
) -> Tensor:
    """A random move of a length in metres (in an image by how tall the person is there), if asked for a level one."""
    direction = torch.randn(points.shape[-1], generator=generator, dtype=torch.float64)
    if is_level:
        direction[-1] = 0.0
    length = metres[0] + (metres[1] - metres[0]) * float(torch.rand((), generator=generator))
    if points.shape[-1] == 2:
        rows = torch.where(confidence > 0, points[..., 1], torch.nan)
        tall = rows.nan_to_num(-torch.inf).amax(1) - rows.nan_to_num(torch.inf).amin(1)
        length *= float(tall[tall.isfinite()].median()) / _BODY_HEIGHT
    offset: Tensor = length * direction / direction.norm()
    return offset.to(points)


def _integer(low: int, high: int, generator: torch.Generator) -> int:
    return int(torch.randint(low, max(high, low + 1), (), generator=generator))


def _points_of(observations: Observations) -> tuple[Tensor, Tensor]:
    """The observed points with how sure each is; zero = not observed."""
    if observations.keypoints2d is not None:
        return observations.keypoints2d[..., :2], observations.keypoints2d[..., 2]
    points, mask = observations.joints3d, observations.joints3d_mask
    if points is None:
        points, mask = observations.keypoints3d, observations.keypoints3d_mask
    if points is None:
        raise ValueError("the observations hold nothing to spoil")
    return points, (torch.ones_like(points[..., 0]) if mask is None else mask.to(points))


def _with_points(observations: Observations, points: Tensor, confidence: Tensor) -> Observations:
    mask = confidence > 0
    points = torch.where(mask[..., None], points, torch.zeros_like(points))
    if observations.keypoints2d is not None:
        return replace(observations, keypoints2d=torch.cat([points, confidence[..., None]], -1))
    if observations.joints3d is not None:
        return replace(observations, joints3d=points, joints3d_mask=mask)
    return replace(observations, keypoints3d=points, keypoints3d_mask=mask)
