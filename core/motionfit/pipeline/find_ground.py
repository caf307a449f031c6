"""From the poses of stage II to the ground that stage III stands on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from motionfit.body.keypoints import SURFACE_KEYPOINT_IDS
from motionfit.body.model import BodyModel
from motionfit.body.soles import sole_vertices
from motionfit.errors import SettingsError
from motionfit.geometry.planes import world_floor
from motionfit.motion import Floor, Observations
from motionfit.pipeline.batch import Batch
from motionfit.pipeline.data_terms import PosedBody
from motionfit.pipeline.floor import level_floor
from motionfit.pipeline.ground import Ground
from motionfit.pipeline.ground_evidence import footings, with_upright_body
from motionfit.pipeline.ground_plane import GroundPlane, UpGuess, fit_ground
from motionfit.pipeline.windows import Windows

_CAMERA_IS_LEVEL = math.radians(8.0)
_UP_IS_GIVEN = math.radians(2.0)
_HELD = 1e-6
_FOOTING_2D, _FOOTING_3D = 0.04, 0.02
_COMMON_2D, _COMMON_3D = 0.04, 0.01
"""Deviations of feet in stage II, metres: of single footings, and of all together (the size of a person is unknown)."""

_HEIGHT_PRECISION_LEAST = 4.0
_FEET = (7, 8, 10, 11)
_FEET_2D = (11, 14, 19, 20, 21, 22, 23, 24)
_LOW_SHARE = 0.1
_IMPLAUSIBLE = 0.10


@dataclass(frozen=True)
class FoundGround:
    """The ground of clips side by side, and where it comes from.

    Attributes:
        ground: Of all clips.
        planes: The estimate of each clip (in mode "given" it is made and not used).
        notes: Sentences for the user about each clip.
    """

    ground: Ground
    planes: list[GroundPlane]
    notes: list[list[str]]


def ground_mode(setting: str, observations: Sequence[Observations]) -> str:
    """The mode of `Ground` that a setting means for clips of one kind.

    Raises:
        SettingsError: The floor should be the given one, and none is given.
    """
    if setting != "default":
        if setting == "given" and any(each.floor is None and each.in_camera_frame for each in observations):
            raise SettingsError("There is no given floor to stand on.", "Give --floor, or --ground auto to find it.")
        return setting
    modes = {"given" if each.floor_is_given or not each.in_camera_frame else "auto" for each in observations}
    if len(modes) > 1:
        raise ValueError("some of the clips come with a floor and some without; fit them one by one")
    return modes.pop()


def find_ground(
    setting: str,
    observations: Sequence[Observations],
    batch: Batch,
    body: BodyModel,
    posed: PosedBody,
    windows: Windows,
) -> FoundGround:
    """The ground of every clip.

    Args:
        setting: What motion stands on, for `ground_mode`.
        observations: Of each clip.
        batch: The same.
        body: That was posed.
        posed: Stage II.
        windows: Of stage III.
    """
    mode = ground_mode(setting, observations)
    surface = body.points(sole_vertices(body).flatten())
    soles = posed.points(surface).unflatten(2, (2, -1)).cpu().double()
    joints, seen = posed.joints().cpu().double(), feet_seen(batch, body).cpu()
    planes = [
        _estimate(mode, given, soles[clip], joints[clip], seen[clip], batch.fps)
        for clip, given in enumerate(observations)
    ]
    like = batch.floor_offset
    if mode == "given":
        floors = [given.floor or world_floor() for given in observations]
        normal, offset = torch.stack([f.normal for f in floors]).to(like), torch.stack([f.offset for f in floors])
        ground = Ground.held(normal, offset.to(like))
        warnings = [
            _warnings(floor, plane) if not given.in_camera_frame else []
            for given, floor, plane in zip(observations, floors, planes, strict=True)
        ]
        return FoundGround(ground, planes, warnings)
    ground = Ground.found(mode, planes, like)
    if mode == "none":
        heights = [_low_heights(soles[clip], plane, windows) for clip, plane in enumerate(planes)]
        ground = replace(ground, start_heights=torch.cat(heights).to(like))
    return FoundGround(ground, planes, [[] for _ in planes])


def feet_seen(batch: Batch, body: BodyModel) -> Bool[Tensor, "clips frames"]:
    """In which frames anything was observed of the feet; of unordered points any may be theirs."""
    seen: list[Tensor] = []
    if batch.joints3d_mask is not None:
        seen.append(batch.joints3d_mask[..., _FEET])
    if batch.keypoints3d_mask is not None:
        owner = body.surface.weights[list(SURFACE_KEYPOINT_IDS)].argmax(-1)
        seen.append(batch.keypoints3d_mask[..., torch.isin(owner, owner.new_tensor(_FEET))])
    if batch.points3d_mask is not None:
        seen.append(batch.points3d_mask)
    if batch.confidence is not None:
        seen.append(batch.confidence[..., _FEET_2D] > 0)
    return torch.stack([each.flatten(2).any(-1) for each in seen]).any(0)


def up_guess(given: Observations, floor: Floor | None) -> UpGuess:
    """Which way is up as far as the data says it: by a floor, by the world's z axis, or by a level camera."""
    if floor is not None:
        return UpGuess(floor.normal.cpu().double(), _UP_IS_GIVEN)
    if not given.in_camera_frame:
        return UpGuess(world_floor().normal.double(), _UP_IS_GIVEN)
    return UpGuess(level_floor(given.camera).normal.double(), _CAMERA_IS_LEVEL)


def _estimate(
    mode: str,
    given: Observations,
    soles: Float[Tensor, "frames feet points 3"],
    joints: Float[Tensor, "frames 22 3"],
    seen: Bool[Tensor, " frames"],
    fps: float,
) -> GroundPlane:
    up = up_guess(given, given.floor)
    if mode != "auto":
        up = UpGuess(up.direction, _HELD)
    elif given.in_camera_frame and given.floor is None:
        up = with_upright_body(up, joints, fps)
    points, weights = footings(soles, fps)
    weights = weights * seen[:, None, None].expand(soles.shape[:3]).flatten()
    if float(weights.sum()) < 1e-3:
        weights = torch.full_like(weights, 1e-3 / weights.shape[0])
    least, common = (_FOOTING_2D, _COMMON_2D) if given.in_camera_frame else (_FOOTING_3D, _COMMON_3D)
    plane = fit_ground(points, weights, up, least, common)
    return replace(plane, height_precision=max(plane.height_precision, _HEIGHT_PRECISION_LEAST))


def _low_heights(
    soles: Float[Tensor, "frames feet points 3"], plane: GroundPlane, windows: Windows
) -> Float[Tensor, " windows"]:
    """How far the lowest soles of each window are over a plane."""
    lowest = (soles @ plane.normal - plane.offset).amin((1, 2))
    return torch.stack([torch.quantile(lowest[start:stop], _LOW_SHARE) for start, stop in windows])


def _warnings(floor: Floor, plane: GroundPlane) -> list[str]:
    """Whether feet stand far from a floor that is held."""
    apart = float(floor.normal.cpu().double() @ plane.anchor - floor.offset)
    if plane.support < 1.0 or abs(apart) <= _IMPLAUSIBLE:
        return []
    where = "above" if apart > 0 else "under"
    return [f"The feet stand {100.0 * abs(apart):.0f} cm {where} the floor; use --ground auto to find where it is."]
