"""Observations that no body can cause: they are left out before a fit, and told by frame and name.

A robust distance bounds what an outlier does; a point a kilometre away, or one that is not a number, also spoils the
start, the floor and the precision of everything else, so it must not come in at all.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from motionfit.body.keypoints import BODY25_NAMES
from motionfit.body.skeleton import JOINT_NAMES
from motionfit.errors import InputError
from motionfit.motion import Observations

_LARGEST_BODY = 10.0
_FARTHEST = 10_000.0
_BODY_PER_REACH = 5.0
_REACH = 5.0
_LEAP = 10.0
_STEPS = 10.0
_NEIGHBOURS = 5
_PICTURES = 5.0
_TINY = 0.1
_PERSONS = 1.5
_NAMED = 3
_LEAST_POINTS = 5


def without_wild(given: Observations) -> Observations:
    """The observations without those that are not numbers or lie far from the rest of the body.

    3D points are left out when they lie over 5 m from the middle (median) of their frame, and all of a frame when that
    middle lies over 10 m, and over ten usual steps, from that of the frames around it. 2D keypoints are left out when
    they lie over five picture sizes outside the picture, and all of a frame when they are a tenth as far apart as
    usual, or their middle lies over one and a half persons, and over ten usual steps, from the frames around.

    Returns:
        What is left out is masked and told in one more warning; what was not observed holds zeros, without a mask all
        was.

    Raises:
        InputError: The person cannot be measured in metres, or is over 10 km from the origin.
    """
    if given.keypoints2d is not None:
        return _without_wild_2d(given, given.keypoints2d)
    if given.joints3d is not None:
        joints, mask, wild = _cleaned(given.joints3d, given.joints3d_mask, "joints3d")
        told = _told(given, wild, JOINT_NAMES)
        given = replace(given, joints3d=joints, joints3d_mask=mask, warnings=told)
    if given.keypoints3d is not None:
        keypoints, mask, wild = _cleaned(given.keypoints3d, given.keypoints3d_mask, "keypoints3d")
        told = _told(given, wild, ())
        given = replace(given, keypoints3d=keypoints, keypoints3d_mask=mask, warnings=told)
    if given.points3d is not None:
        points, mask, wild = _cleaned(given.points3d, given.points3d_mask, "points3d")
        given = replace(given, points3d=points, points3d_mask=mask, warnings=_told(given, wild, ()))
    return given


def _cleaned(points: Tensor, mask: Tensor | None, name: str) -> tuple[Tensor, Tensor, Tensor]:
    """The points with zeros where none counts, which of them count, and which were wild."""
    seen = torch.ones(points.shape[:2], dtype=torch.bool) if mask is None else mask
    wild = _wild_points(points, seen, name)
    counts = seen & ~wild
    return torch.where(counts[..., None], points, torch.zeros_like(points)), counts, wild


def _wild_points(
    points: Float[Tensor, "frames points 3"], seen: Bool[Tensor, "frames points"], name: str
) -> Bool[Tensor, "frames points"]:
    """Which of the seen points are wild; see `without_wild`."""
    is_number = torch.isfinite(points).all(-1)
    middle = _median(points, seen & is_number)
    away: Tensor = torch.linalg.vector_norm(points - middle[:, None], dim=-1)
    _check_size(away, seen & is_number, middle, name)
    wild = seen & ~(is_number & (away <= _REACH))
    middle = _median(points, seen & ~wild)
    return wild | (seen & _leaps(middle, _LEAP)[:, None])


def _median(points: Tensor, counts: Tensor) -> Tensor:
    """Median of each coordinate over the points that count, (frames, axes); NaN where none does."""
    median: Tensor = torch.where(counts[..., None], points, torch.nan).nanmedian(1).values
    return median


def _check_size(away: Tensor, seen: Tensor, middle: Tensor, name: str) -> None:
    enough = seen.sum(1) >= _LEAST_POINTS
    if not bool(enough.any()):
        return
    reach = torch.where(seen, away, torch.nan).nanmedian(1).values[enough]
    size = _BODY_PER_REACH * float(reach.median())
    if size > _LARGEST_BODY:
        unit = "millimetres" if size > 500 else "centimetres" if size > 50 else "another unit"
        raise InputError(
            f"The person in {name} measures some {size:,.0f} m; the numbers look like {unit}.",
            f"Give {name} in metres" + (" (divide by 1000)." if unit == "millimetres" else "."),
        )
    place = float(middle[enough].norm(dim=-1).median())
    if place > _FARTHEST:
        raise InputError(
            f"The person in {name} is {place:,.0f} m from the origin, too far for single precision.",
            "Move the origin near the person.",
        )


def _leaps(middle: Float[Tensor, "frames axes"], least: float) -> Bool[Tensor, " frames"]:
    """Frames that are far from those around them; frames without points are no leap and are no neighbours.

    Args:
        middle: Of each frame; NaN where there are no points.
        least: A leap is longer than this and ten usual steps.
    """
    places = torch.isfinite(middle).all(-1).nonzero()[:, 0]
    leaps = torch.zeros(middle.shape[0], dtype=torch.bool)
    if places.shape[0] < 3:
        return leaps
    known = middle[places]
    steps = known.diff(dim=0).norm(dim=-1) / places.diff()
    width = min(2 * _NEIGHBOURS + 1, places.shape[0])
    starts = (torch.arange(places.shape[0]) - width // 2).clamp(0, places.shape[0] - width)
    around = known[starts[:, None] + torch.arange(width)].median(1).values
    leaps[places] = (known - around).norm(dim=-1) > least + _STEPS * steps.median()
    return leaps


def _without_wild_2d(given: Observations, keypoints: Float[Tensor, "frames 25 3"]) -> Observations:
    is_number = torch.isfinite(keypoints).all(-1)
    seen = keypoints[..., 2] > 0
    width, height = (1, 1) if given.camera is None else given.camera.image_size
    size = torch.tensor([width, height], dtype=keypoints.dtype)
    is_near = ((keypoints[..., :2] / size - 0.5).abs() <= _PICTURES + 0.5).all(-1)
    wild = seen & ~(is_number & is_near)
    wild = wild | (seen & _wild_frames_2d(keypoints[..., :2], seen & ~wild)[:, None])
    clean = torch.where((seen & ~wild)[..., None], keypoints, torch.zeros_like(keypoints))
    return replace(given, keypoints2d=clean, warnings=_told(given, wild, BODY25_NAMES))


def _wild_frames_2d(pixels: Float[Tensor, "frames 25 2"], seen: Bool[Tensor, "frames 25"]) -> Bool[Tensor, " frames"]:
    """Frames whose points are all in one place, or on somebody else."""
    low = torch.where(seen[..., None], pixels, torch.inf).amin(1)
    high = torch.where(seen[..., None], pixels, -torch.inf).amax(1)
    size: Tensor = (high - low).norm(dim=-1)
    enough: Tensor = seen.sum(1) >= _LEAST_POINTS
    if not bool(enough.any()):
        return torch.zeros_like(enough)
    usual = float(size[enough].median())
    return (enough & (size < _TINY * usual)) | _leaps(_median(pixels, seen), _PERSONS * usual)


def _told(given: Observations, wild: Bool[Tensor, "frames points"], names: tuple[str, ...]) -> tuple[str, ...]:
    """The warnings, with one more where something is wild."""
    found = wild.nonzero().tolist()
    if not found:
        return given.warnings
    named = [f"{names[point] if names else f'point {point}'} at frame {frame}" for frame, point in found[:_NAMED]]
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return (
        *given.warnings,
        f"Observed points that are not numbers, or far from the rest of the body, are left out: "
        f"{', '.join(named)}{more}.",
    )
