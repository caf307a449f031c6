"""Observations of one or several clips of equal length as tensors ready for the optimiser.

The frames of a batch are those of the grid that the state lives on (`pipeline.timeline`); the frames of a clip stand in
the slots of the grid frames that they follow.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from motionfit.body.keypoints import BODY25_IGNORED
from motionfit.energies.reprojection import SIGMA
from motionfit.geometry.planes import world_floor
from motionfit.motion import Floor, Observations
from motionfit.pipeline.floor import level_floor
from motionfit.pipeline.point_weights import point_weights
from motionfit.pipeline.slots import between_frames, in_slots, shares_in_slots
from motionfit.pipeline.timeline import timeline_of
from motionfit.pipeline.view import View, view_tensors
from motionfit.pipeline.windows import Windows, cut, equal_shares

FIXED_SCALES: dict[str, float] = {
    "joints3d": math.inf,
    "keypoints3d": math.inf,
    "points3d": math.inf,
    "keypoints2d": SIGMA,
}
"""Scales of the robust squares where a preset does not ask for measured ones: those of HuMoR."""

_PER_CLIP = ("floor_normal", "floor_offset", "height")


@dataclass(frozen=True)
class Batch:
    """Clips (or windows of clips) side by side; what was not observed is absent or masked.

    Attributes:
        fps: Frames per second of the grid.
        share: How far the observations of each slot lie towards the next frame, in frames; None = they are on it.
        joints3d: With `joints3d_mask`.
        keypoints3d: With `keypoints3d_mask`.
        points3d: Unordered surface points, with `points3d_mask`.
        keypoints2d: Pixels of a camera of `view.COMMON_FOCAL_LENGTH`, with `confidence` (zero = not observed, also for
            the keypoints left out by design).
        intrinsics: With 2D data; one per clip where they do not change.
        camera_rotation: With `camera_translation`: camera from the frame of the observations, where the camera moves.
        trust: Factor on the likelihood of each frame under the motion prior (`trust.prior_trust`); None = 1.
        height: Of each person, metres; NaN = not known, None = of nobody.
        floor_normal: Up.
        floor_offset: n·p = d on the floor, metres.
        frame_weights: How much each frame counts: windows that share one have equal parts of it.
        point_weights: Of each point, by term: clips that offer fewer kinds of points than there are, or fewer frames
            per second than the grid has, count them more.
        scales: Of the robust square of each data term, m or pixels; see `observation_scales`.
    """

    fps: float
    floor_normal: Float[Tensor, "clips 3"]
    floor_offset: Float[Tensor, " clips"]
    frame_weights: Float[Tensor, "clips frames"]
    share: Float[Tensor, "clips frames slots"] | None = None
    joints3d: Float[Tensor, "clips frames slots 22 3"] | None = None
    joints3d_mask: Bool[Tensor, "clips frames slots 22"] | None = None
    keypoints3d: Float[Tensor, "clips frames slots 43 3"] | None = None
    keypoints3d_mask: Bool[Tensor, "clips frames slots 43"] | None = None
    points3d: Float[Tensor, "clips frames slots points 3"] | None = None
    points3d_mask: Bool[Tensor, "clips frames slots points"] | None = None
    keypoints2d: Float[Tensor, "clips frames slots 25 2"] | None = None
    confidence: Float[Tensor, "clips frames slots 25"] | None = None
    intrinsics: Float[Tensor, " clips #frames #slots 3 3"] | None = None
    camera_rotation: Float[Tensor, "clips frames slots 3 3"] | None = None
    camera_translation: Float[Tensor, "clips frames slots 3"] | None = None
    trust: Float[Tensor, "clips frames"] | None = None
    height: Float[Tensor, " clips"] | None = None
    point_weights: Mapping[str, Float[Tensor, " clips"]] = field(default_factory=dict)
    scales: Mapping[str, Float[Tensor, " clips"]] = field(default_factory=dict)

    @property
    def clips(self) -> int:
        """Number of clips."""
        return int(self.floor_normal.shape[0])

    @property
    def frames(self) -> int:
        """Number of frames of each clip."""
        return int(self._data.shape[1])

    @property
    def slots(self) -> int:
        """How many frames of a clip one frame of the grid may have."""
        return int(self._data.shape[2])

    @property
    def _data(self) -> Tensor:
        for data in (self.joints3d, self.keypoints3d, self.points3d, self.keypoints2d):
            if data is not None:
                return data
        raise ValueError("a batch without data has no frames")

    @property
    def view(self) -> View:
        """The cameras, with 2D data."""
        assert self.intrinsics is not None
        return View(self.intrinsics, self.camera_rotation, self.camera_translation)

    @property
    def grid(self) -> Float[Tensor, " frames"]:
        """The frames as places in time."""
        return torch.arange(self.frames, dtype=self.floor_offset.dtype, device=self.floor_offset.device)

    def places(self, clip: int) -> Float[Tensor, "frames slots"]:
        """Where the slots of a clip lie in time, in frames of the grid."""
        places = self.grid[:, None].expand(self.frames, self.slots)
        return places if self.share is None else places + self.share[clip]

    def in_slots(self, points: Float[Tensor, "clips frames points 3"]) -> Float[Tensor, "clips frames slots points 3"]:
        """Points that were predicted on the grid, at the times of the observations (linear between frames)."""
        return points[:, :, None] if self.share is None else between_frames(points, self.share)

    def windows(self, windows: Windows) -> Batch:
        """Every window as a clip of its own."""
        count = len(windows)
        is_one = self.intrinsics is not None and self.intrinsics.shape[1] == 1
        per_clip = (*_PER_CLIP, "intrinsics") if is_one else _PER_CLIP

        def cut_out(name: str, value: Tensor) -> Tensor:
            return value.repeat_interleave(count, 0) if name in per_clip else cut(value, windows)

        cut_up = self._changed(cut_out, lambda number: number.repeat_interleave(count, 0))
        shares = equal_shares(windows).to(self.frame_weights).repeat(self.clips, 1)
        return replace(cut_up, frame_weights=cut_up.frame_weights * shares)._without_overhang()

    def rows(self, rows: Int[Tensor, " rows"]) -> Batch:
        """Some of the clips."""
        return self._changed(lambda _, value: value[rows], lambda number: number[rows])

    def _changed(self, values: Callable[[str, Tensor], Tensor], numbers: Callable[[Tensor], Tensor]) -> Batch:
        """With other tensors, and other numbers per clip of the data terms."""
        changed: dict[str, Any] = {}
        for each in fields(self):
            value = getattr(self, each.name)
            if isinstance(value, Mapping):
                changed[each.name] = {name: numbers(number) for name, number in value.items()}
            elif isinstance(value, Tensor):
                changed[each.name] = values(each.name, value)
        return replace(self, **changed)

    def scaled(self, scales: Mapping[str, Float[Tensor, " clips"]]) -> Batch:
        """With these scales of the robust squares; windows share those of their clip."""
        rows = {name: scale.repeat_interleave(self.clips // scale.shape[0]) for name, scale in scales.items()}
        return replace(self, scales={**self.scales, **rows})

    def first_frames(self, count: int) -> Batch:
        """Only the first frames of every clip."""
        return self.windows(((0, min(count, self.frames)),))

    def _without_overhang(self) -> Batch:
        """Unobserved: what lies after the last frame, since it is predicted from that and the next one."""
        if self.share is None:
            return self
        inside = torch.ones_like(self.share, dtype=torch.bool)
        inside[:, -1] = self.share[:, -1] == 0.0
        kept = {
            name: value & inside[..., None] if value.dtype == torch.bool else value * inside[..., None]
            for name in ("joints3d_mask", "keypoints3d_mask", "points3d_mask", "confidence")
            if (value := getattr(self, name)) is not None
        }
        return replace(self, share=self.share * inside, **kept)


def make_batch(
    observations: Sequence[Observations],
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
) -> Batch:
    """Put observations of equal kind, length and frame rate side by side.

    Raises:
        InputError: Time stamps make no sense.
        ValueError: The clips do not share a grid.
    """
    floors = [
        given.floor or (level_floor(given.camera) if given.in_camera_frame else world_floor()) for given in observations
    ]
    lines = [timeline_of(given) for given in observations]
    if len({(line.fps, line.frames) for line in lines}) > 1:
        raise ValueError("clips that are fitted together need equal lengths and frame rates")

    def placed(name: str) -> Tensor:
        return in_slots([getattr(given, name) for given in observations], lines)

    data: dict[str, Tensor] = {}
    first = observations[0]
    for name in ("joints3d", "joints3d_mask", "keypoints3d", "keypoints3d_mask"):
        if getattr(first, name) is not None:
            data[name] = placed(name)
    for name in ("points3d", "points3d_mask"):
        if getattr(first, name) is not None:
            most = max(getattr(given, name).shape[1] for given in observations)
            data[name] = in_slots([_filled_up(getattr(given, name), most) for given in observations], lines)
    if first.keypoints2d is not None:
        detected = placed("keypoints2d")
        confidence = detected[..., 2].clone()
        confidence[..., list(BODY25_IGNORED)] = 0.0
        data["confidence"] = confidence
        cameras, scales = view_tensors([given.camera for given in observations if given.camera], lines)
        data |= cameras | {"keypoints2d": detected[..., :2] * scales[:, None, None, None, None]}
    if any(given.height is not None for given in observations):
        data["height"] = torch.tensor([math.nan if given.height is None else given.height for given in observations])
    share = shares_in_slots(lines)
    if share is not None:
        data["share"] = share
    per_frame = torch.tensor([line.frames_per_observed for line in lines], dtype=torch.float64)
    weights = {
        name: (point_weights(name, mask) * per_frame).to(device, dtype) for name, mask in _observed(data).items()
    }
    moved = {
        name: value.to(device) if value.dtype == torch.bool else value.to(device, dtype) for name, value in data.items()
    }
    return Batch(
        fps=lines[0].fps,
        floor_normal=torch.stack([floor.normal for floor in floors]).to(device, dtype),
        floor_offset=torch.stack([floor.offset for floor in floors]).to(device, dtype),
        frame_weights=torch.ones(len(lines), lines[0].frames, device=device, dtype=dtype),
        point_weights=weights,
        scales={name: torch.full_like(weight, FIXED_SCALES[name]) for name, weight in weights.items()},
        **moved,
    )


def _filled_up(points: Tensor, count: int) -> Tensor:
    """With zeros (False) up to so many points a frame."""
    missing = points.new_zeros(points.shape[0], count - points.shape[1], *points.shape[2:])
    return torch.cat([points, missing], 1)


def _observed(data: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """What was observed of each data term, (clips, frames, slots, points)."""
    masks = {name: data[f"{name}_mask"] for name in ("joints3d", "keypoints3d", "points3d") if name in data}
    return masks | ({"keypoints2d": data["confidence"] > 0} if "confidence" in data else {})


def floor_of(batch: Batch, clip: int) -> Floor:
    """The floor of one clip, on the CPU."""
    return Floor(batch.floor_normal[clip].cpu(), batch.floor_offset[clip].cpu())
