"""What a batch of windows was observed to do, in the layout of the published code: windows of equal length."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from motionfit.body.keypoints import BODY25_IGNORED
from motionfit.pipeline.windows import Windows


@dataclass(frozen=True)
class PreviousWindow:
    """The last window of the batch before, as it was fitted; the next batch is tied to it.

    Attributes:
        keypoints: The 43 surface keypoints, camera frame, metres.
        betas: Its shape.
        floor: Its floor, normal times offset.
        interval: Its first and last-plus-one frame in the clip.
    """

    keypoints: Float[Tensor, "frames 43 3"]
    betas: Float[Tensor, "16"]
    floor: Float[Tensor, "3"]
    interval: tuple[int, int]


@dataclass(frozen=True)
class WindowBatch:
    """Windows side by side; what was not observed is absent or masked.

    Attributes:
        fps: Frames per second.
        joints3d: In the prior's frame, metres, with `joints3d_mask`.
        keypoints3d: Likewise.
        keypoints2d: BODY_25 pixels and confidence.
        intrinsics: Pixels; focal lengths and principal point are read.
        floor: First guess, normal times offset, camera frame; with 2D keypoints.
        intervals: First and last-plus-one frame of each window in the clip; None = windows that do not overlap.
        previous: The window before the first of these.
    """

    fps: float
    joints3d: Float[Tensor, "windows frames 22 3"] | None = None
    joints3d_mask: Bool[Tensor, "windows frames 22"] | None = None
    keypoints3d: Float[Tensor, "windows frames 43 3"] | None = None
    keypoints3d_mask: Bool[Tensor, "windows frames 43"] | None = None
    keypoints2d: Float[Tensor, "windows frames 25 3"] | None = None
    intrinsics: Float[Tensor, "windows 3 3"] | None = None
    floor: Float[Tensor, "windows 3"] | None = None
    intervals: Windows | None = None
    previous: PreviousWindow | None = None

    @property
    def data(self) -> Tensor:
        """Whichever observations there are; its first two axes are windows and frames."""
        for given in (self.joints3d, self.keypoints3d, self.keypoints2d):
            if given is not None:
                return given
        raise ValueError("a batch without observations")

    @property
    def frames(self) -> int:
        """Frames of each window."""
        return int(self.data.shape[1])

    @property
    def in_camera_frame(self) -> bool:
        """True for 2D keypoints, where the floor is a variable."""
        return self.keypoints2d is not None

    def first_frames(self, count: int) -> WindowBatch:
        """Only the first frames of every window."""

        def cut(values: Tensor | None) -> Tensor | None:
            return None if values is None else values[:, :count]

        return replace(
            self,
            joints3d=cut(self.joints3d),
            joints3d_mask=cut(self.joints3d_mask),
            keypoints3d=cut(self.keypoints3d),
            keypoints3d_mask=cut(self.keypoints3d_mask),
            keypoints2d=cut(self.keypoints2d),
        )


def without_ignored(keypoints2d: Float[Tensor, "*batch 25 3"]) -> Float[Tensor, "*batch 25 3"]:
    """The keypoints with zero confidence where the data term leaves them out (the first estimate does not)."""
    counted = torch.ones(25, dtype=keypoints2d.dtype, device=keypoints2d.device)
    counted[list(BODY25_IGNORED)] = 0.0
    return torch.cat([keypoints2d[..., :2], keypoints2d[..., 2:] * counted[:, None]], -1)
