"""The stretch of a clip that is fitted to fit a range of it anew: the range and locked frames on both sides."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, fields, replace
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from motionfit.body.model import BodyModel
from motionfit.metrics.drift import joints_of
from motionfit.motion import Motion, Observations
from motionfit.pipeline.freezes import Freeze
from motionfit.pipeline.settings import FitSettings
from motionfit.pipeline.timeline import Timeline

_ANCHOR_SECONDS = 0.5
"""How long the locked frames after the range show where the motion must lead to."""

_LEAST_SECONDS = 2.0 / 3.0
"""A shorter stretch tells stage III too little of the motion."""


@dataclass(frozen=True)
class Stretch:
    """A range and the locked frames beside it.

    Attributes:
        start: First frame of the range in the clip.
        stop: The frame after the range.
        first: First frame of the stretch: the last locked one before the range, or some more before a short range.
        after: The frame after the stretch.
    """

    start: int
    stop: int
    first: int
    after: int

    @classmethod
    def around(cls, start: int, stop: int, frames: int, fps: float) -> Stretch:
        """The stretch for a range of a clip."""
        after = min(stop + math.ceil(_ANCHOR_SECONDS * fps), frames)
        first = max(min(start - 1, after - math.ceil(_LEAST_SECONDS * fps)), 0)
        return cls(start, stop, first, after)

    def on_grid(self, line: Timeline) -> Stretch:
        """The same on the grid of the state; the range has the grid frames between its locked neighbours, one at least.

        Args:
            line: Of the clip.
        """
        places, count = line.frame + line.share, line.frame.shape[0]
        start = int(places[self.start - 1].floor()) + 1 if self.start > 0 else 0
        stop = int(places[self.stop].ceil()) if self.stop < count else line.frames
        start = min(start, int(places[self.start]))
        after = int(places[self.after - 1].ceil()) + 1 if self.after < count else line.frames
        return Stretch(start, max(stop, start + 1), int(line.frame[self.first]), min(after, line.frames))

    def timeline(self, line: Timeline) -> Timeline:
        """The frames of the stretch on the part of the grid that it takes."""
        grid, own = self.on_grid(line), slice(self.first, self.after)
        return replace(
            line, frames=grid.frames, frame=line.frame[own] - grid.first, share=line.share[own], slot=line.slot[own]
        )

    @property
    def frames(self) -> int:
        """Length of the stretch."""
        return self.after - self.first

    @property
    def inside(self) -> slice:
        """The range among the frames of the stretch."""
        return slice(self.start - self.first, self.stop - self.first)

    @property
    def is_locked(self) -> Bool[Tensor, " frames"]:
        """Which frames of the stretch are locked."""
        locked = torch.ones(self.frames, dtype=torch.bool)
        locked[self.inside] = False
        return locked

    def alone(self) -> Stretch:
        """The same stretch as a clip of its own."""
        return Stretch(self.inside.start, self.inside.stop, 0, self.frames)

    def cut(self, clip: Tensor) -> Tensor:
        """The frames of the stretch out of those of the clip."""
        return clip[self.first : self.after]

    def cut_motion(self, motion: Motion) -> Motion:
        """The motion of the stretch out of that of the clip."""
        return motion.slice(self.first, self.after)

    def cut_observations(self, clip: Observations) -> Observations:
        """What was observed in the frames of the stretch."""
        own = slice(self.first, self.after)
        seen: dict[str, Any] = {
            each.name: value[own] for each in fields(clip) if isinstance(value := getattr(clip, each.name), Tensor)
        }
        camera = clip.camera
        if camera is not None:
            of_frames: dict[str, Any] = {
                each.name: value[own]
                for each in fields(camera)
                if isinstance(value := getattr(camera, each.name), Tensor)
                and (value.ndim == 3 or each.name == "translation")
            }
            camera = replace(camera, **of_frames)
        return replace(clip, frames=self.frames, camera=camera, **seen)

    def joined(self, clip: Tensor, stretch: Tensor) -> Tensor:
        """The clip with the range taken from the stretch; all else is bit-identical."""
        return torch.cat([clip[: self.start], stretch[self.inside].to(clip), clip[self.stop :]])

    def joined_motion(self, clip: Motion, stretch: Motion) -> Motion:
        """The motion of the clip with the range taken from that of the stretch."""
        contacts = clip.contacts
        if contacts is not None and stretch.contacts is not None:
            contacts = self.joined(contacts, stretch.contacts)
        return replace(
            clip,
            translation=self.joined(clip.translation, stretch.translation),
            root_orientation=self.joined(clip.root_orientation, stretch.root_orientation),
            body_pose=self.joined(clip.body_pose, stretch.body_pose),
            contacts=contacts,
        )

    def span(self, start: int, stop: int) -> tuple[int, int] | None:
        """Frames of the clip as those of the stretch; None where it has none of them."""
        own = max(start, self.first) - self.first, min(stop, self.after) - self.first
        return own if own[0] < own[1] else None

    def freezes(self, freezes: Collection[Freeze]) -> frozenset[Freeze]:
        """Freezes of the clip as those of the stretch."""
        spans = {freeze: freeze.frames and self.span(*freeze.frames) for freeze in freezes}
        return frozenset(
            replace(freeze, frames=frames) for freeze, frames in spans.items() if frames or freeze.frames is None
        )

    def locks(self) -> frozenset[Freeze]:
        """Freezes that hold the motion in the locked frames, and what the clip has one of."""
        sides = [(0, self.inside.start), (self.inside.stop, self.frames)]
        held = {
            Freeze(variable, frames=side)
            for variable in ("translation", "root_orientation", "body_pose")
            for side in sides
            if side[0] < side[1]
        }
        return frozenset(held | {Freeze("shape"), Freeze("floor")})


def anchored(observations: Observations, stretch: Stretch, motion: Motion, body: BodyModel) -> Observations:
    """The observations with the joints of a motion in the place of all else in the locked frames of a stretch.

    Args:
        observations: Of the clip.
        stretch: Tells which frames are locked.
        motion: Of the clip.
        body: Of the motion.
    """
    locked = torch.zeros(observations.frames, dtype=torch.bool)
    locked[stretch.first : stretch.after] = stretch.is_locked
    joints: Float[Tensor, "frames 22 3"] = joints_of(body, motion)
    everywhere = locked[:, None].expand(-1, joints.shape[1])
    seen, mask = joints, everywhere
    if observations.joints3d is not None and observations.joints3d_mask is not None:
        seen = torch.where(locked[:, None, None], joints, observations.joints3d)
        mask = observations.joints3d_mask | everywhere
    given = replace(observations, joints3d=seen, joints3d_mask=mask)
    if given.keypoints3d_mask is not None:
        given = replace(given, keypoints3d_mask=given.keypoints3d_mask & ~locked[:, None])
    if given.keypoints2d is not None:
        unseen = given.keypoints2d.clone()
        unseen[locked, :, 2] = 0.0
        given = replace(given, keypoints2d=unseen)
    return given


def with_anchor_weight(settings: FitSettings, kind: str) -> FitSettings:
    """Settings in which the joints of locked frames count in stage III, also where the preset knows no 3D joints.

    Args:
        settings: Of the clip.
        kind: Of its observations: where they are no 3D joints themselves, locked ones are never outliers.
    """
    weights = settings.weights.get("stage3", {})
    strong = max(weights.get("joints3d", 0.0), weights.get("joint_consistency", 0.0))
    robust = settings.robust if kind == "joints3d" else {**settings.robust, "joints3d": 0.0}
    return replace(settings.with_weight("stage3", "joints3d", strong), robust=robust)
