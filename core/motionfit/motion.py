"""The values that all parts exchange: motion, observations, camera and floor.

Units and frames, stated once: metres, seconds, radians. The world (prior) frame has z up; the camera frame is
OpenCV's (x right, y down, z forward). Rotations are matrices; axis-angle exists at file borders only. All tensors
of one value share device and dtype. What was not observed is marked by a mask and holds finite numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import torch
from jaxtyping import Bool, Float
from torch import Tensor


@dataclass(frozen=True)
class Floor:
    """The plane n·p = d with the unit normal n pointing up (out of the floor)."""

    normal: Float[Tensor, "3"]
    offset: Float[Tensor, ""]


@dataclass(frozen=True)
class Camera:
    """A pinhole camera.

    Attributes:
        intrinsics: Pixels; one matrix for the clip, or one of each frame.
        image_size: Width and height in pixels.
        rotation: Camera from world, of each frame; None = the camera stands still, and its frame is that of the clip.
        translation: Likewise, metres; given where `rotation` is.
    """

    intrinsics: Float[Tensor, "*frames 3 3"]
    image_size: tuple[int, int]
    rotation: Float[Tensor, "frames 3 3"] | None = None
    translation: Float[Tensor, "frames 3"] | None = None


@dataclass(frozen=True)
class Motion:
    """A body in motion.

    Attributes:
        fps: Frames per second.
        translation: The SMPL translation: the root joint stands at rest_root(betas) + translation.
        root_orientation: World (or camera) from body.
        body_pose: Rotation of the 21 body joints relative to their parents.
        betas: Shape coefficients; one person, one shape.
        gender: Of the body file.
        contacts: Probability of contact per joint (22 SMPL joints), if known.
    """

    fps: float
    translation: Float[Tensor, "frames 3"]
    root_orientation: Float[Tensor, "frames 3 3"]
    body_pose: Float[Tensor, "frames 21 3 3"]
    betas: Float[Tensor, "16"]
    gender: str = "neutral"
    contacts: Float[Tensor, "frames 22"] | None = None

    @property
    def frames(self) -> int:
        """Number of frames."""
        return int(self.translation.shape[0])

    @property
    def is_finite(self) -> bool:
        """Whether all numbers of the body are finite."""
        numbers = (self.translation, self.root_orientation, self.body_pose, self.betas)
        return all(bool(torch.isfinite(each).all()) for each in numbers)

    def slice(self, start: int, stop: int) -> Motion:
        """The frames start..stop-1 as a motion of their own."""
        contacts = None if self.contacts is None else self.contacts[start:stop]
        return replace(
            self,
            translation=self.translation[start:stop],
            root_orientation=self.root_orientation[start:stop],
            body_pose=self.body_pose[start:stop],
            contacts=contacts,
        )

    def to(self, device: torch.device | str | None = None, dtype: torch.dtype | None = None) -> Motion:
        """The same motion on another device or in another precision."""
        return replace(
            self,
            translation=self.translation.to(device, dtype),
            root_orientation=self.root_orientation.to(device, dtype),
            body_pose=self.body_pose.to(device, dtype),
            betas=self.betas.to(device, dtype),
            contacts=None if self.contacts is None else self.contacts.to(device, dtype),
        )


@dataclass(frozen=True)
class Observations:
    """What was observed of one person, per frame of the clip.

    Any of the data may be absent (None). 3D data is in the world frame (z up). With 2D data everything is in the
    frame of the static camera, or in the world that the trajectory of a moving camera is told in.

    Attributes:
        fps: Frames per second of the frame axis; the mean rate where there are `times`.
        frames: Number of frames.
        times: Time stamp of each frame, s, strictly rising; None = evenly spaced.
        joints3d: SMPL body joints.
        joints3d_mask: True where a joint was observed.
        keypoints3d: The 43 surface keypoints of `body.keypoints`.
        keypoints3d_mask: True where a keypoint was observed.
        points3d: Unordered points on the surface of the body; a frame that has fewer is filled up under the mask.
        points3d_mask: True where there is a point.
        keypoints2d: BODY_25 pixels x, y and confidence in 0..1; confidence 0 = not observed.
        camera: Needed with 2D data.
        floor: World floor for 3D data; first guess or given floor in the frame of the 2D data.
        floor_is_given: True when the user gave the floor (2D data): it is then held.
        height: Of the person, metres, if it is known.
        warnings: Sentences about assumptions made while reading, shown to the user.
    """

    fps: float
    frames: int
    times: Float[Tensor, " frames"] | None = None
    joints3d: Float[Tensor, "frames 22 3"] | None = None
    joints3d_mask: Bool[Tensor, "frames 22"] | None = None
    keypoints3d: Float[Tensor, "frames 43 3"] | None = None
    keypoints3d_mask: Bool[Tensor, "frames 43"] | None = None
    points3d: Float[Tensor, "frames points 3"] | None = None
    points3d_mask: Bool[Tensor, "frames points"] | None = None
    keypoints2d: Float[Tensor, "frames 25 3"] | None = None
    camera: Camera | None = None
    floor: Floor | None = None
    floor_is_given: bool = False
    height: float | None = None
    warnings: tuple[str, ...] = field(default=())

    @property
    def kind(self) -> str:
        """What the data term uses: "joints3d", "keypoints3d", "points3d" or "keypoints2d"."""
        for name in ("joints3d", "keypoints3d", "points3d", "keypoints2d"):
            if getattr(self, name) is not None:
                return name
        return "nothing"

    @property
    def in_camera_frame(self) -> bool:
        """True for 2D data: the results are then in the frame of the camera, or of the world of its trajectory."""
        return self.keypoints2d is not None

    @property
    def has_trajectory(self) -> bool:
        """True where the camera moves along a given trajectory: its world is then the frame of 2D data."""
        return self.camera is not None and self.camera.rotation is not None
