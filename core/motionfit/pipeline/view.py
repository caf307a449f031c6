"""The cameras of a batch: what they see of points that lie in the frame of the observations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from motionfit.geometry.cameras import project
from motionfit.motion import Camera
from motionfit.pipeline.slots import in_slots
from motionfit.pipeline.timeline import Timeline

COMMON_FOCAL_LENGTH = 1060.0
"""Pixels. 2D keypoints are scaled to this focal length: that of the 1920-pixel videos that the weights come from."""


@dataclass(frozen=True)
class View:
    """Cameras of the slots of a batch, or one per clip (frames and slots of length one).

    Attributes:
        intrinsics: Pixels.
        rotation: Camera from the frame of the observations; None = they are the same.
        translation: Likewise, metres.
    """

    intrinsics: Float[Tensor, " clips #frames #slots 3 3"]
    rotation: Float[Tensor, "clips frames slots 3 3"] | None = None
    translation: Float[Tensor, "clips frames slots 3"] | None = None

    def in_camera(self, points: Float[Tensor, "clips frames slots *points 3"]) -> Tensor:
        """Points in the frame of their camera."""
        if self.rotation is None or self.translation is None:
            return points
        between = [1] * (points.ndim - 4)
        rotation = self.rotation.reshape(*self.rotation.shape[:3], *between, 3, 3)
        turned = (rotation @ points.unsqueeze(-1)).squeeze(-1)
        return turned + self.translation.reshape(*self.translation.shape[:3], *between, 3)

    def pixels(
        self, points: Float[Tensor, "clips frames slots points 3"]
    ) -> Float[Tensor, "clips frames slots points 2"]:
        """Where points are seen, in the pixels of the batch."""
        return project(self.in_camera(points), self.intrinsics[..., None, :, :])

    def part(self, frames: slice, slot: int) -> View:
        """The cameras of one slot of some frames."""

        def cut(values: Tensor | None) -> Tensor | None:
            return None if values is None else values[:, frames, slot : slot + 1]

        intrinsics = self.intrinsics if self.intrinsics.shape[1] == 1 else cut(self.intrinsics)
        assert intrinsics is not None
        return replace(self, intrinsics=intrinsics, rotation=cut(self.rotation), translation=cut(self.translation))


def view_tensors(
    cameras: Sequence[Camera], lines: Sequence[Timeline]
) -> tuple[dict[str, Tensor], Float[Tensor, " clips"]]:
    """The cameras of clips for a batch, and by what their pixels were scaled.

    Every clip's pixels are scaled by one number (its median focal length becomes the common one), so that weights hold
    for every resolution, and frames that a zoom shows larger count as what they are: more exact.
    """
    focals = torch.stack([camera.intrinsics[..., 0, 0].reshape(-1).median() for camera in cameras])
    scales = COMMON_FOCAL_LENGTH / focals
    if all(camera.intrinsics.ndim == 2 for camera in cameras):
        intrinsics = torch.stack([camera.intrinsics for camera in cameras])[:, None, None].clone()
    else:
        frames = [line.frame.shape[0] for line in lines]
        intrinsics = in_slots(
            [camera.intrinsics.expand(count, 3, 3) for camera, count in zip(cameras, frames, strict=True)], lines
        )
    intrinsics[..., :2, :] *= scales[:, None, None, None, None]
    found = {"intrinsics": intrinsics}
    if any(camera.rotation is not None for camera in cameras):
        rotations = [camera.rotation for camera in cameras if camera.rotation is not None]
        translations = [camera.translation for camera in cameras if camera.translation is not None]
        if not len(rotations) == len(translations) == len(cameras):
            raise ValueError("clips that are fitted together need cameras that all stand still or all move")
        found["camera_rotation"] = in_slots(rotations, lines)
        found["camera_translation"] = in_slots(translations, lines)
    return found, scales
