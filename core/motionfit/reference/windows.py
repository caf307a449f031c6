"""A clip as batches of windows, and the windows as one clip again, cut as published.

The windows are those of `pipeline.windows` (the published rule). Kept faults: where windows overlap the earlier one
stands to its end, so there is a step at its last frame; every window has a shape of its own. A clip shorter than a
window, at which the published rule divides by zero, is one window here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor

from motionfit.body.model import BodyModel
from motionfit.geometry.planes import RigidTransform, prior_from_observed, world_floor
from motionfit.motion import Observations
from motionfit.pipeline.batch import make_batch
from motionfit.pipeline.initialise_root import root_from_points
from motionfit.pipeline.timeline import GRID_FPS
from motionfit.pipeline.windows import Windows, cut
from motionfit.reference.observed import WindowBatch

PUBLISHED_FLOOR = (0.0, 0.5, 0.0)
"""Normal times offset of the floor that videos start with: level, half a metre under the camera."""


@dataclass(frozen=True)
class WindowedClip:
    """A clip cut into windows.

    Attributes:
        windows: Their frames.
        batches: Windows that are fitted together.
        prior_from_observed: For each window of 3D data, from the world to the frame that it is fitted in.
    """

    windows: Windows
    batches: tuple[WindowBatch, ...]
    prior_from_observed: RigidTransform | None = None


def windowed(observations: Observations, body: BodyModel, windows: Windows, together: int) -> WindowedClip:
    """Cut a clip.

    The published data sets give 3D data in the frame of the true first body: it stands over the origin and faces +y.
    Here that body is the rest pose laid on what is seen of the torso.

    Args:
        observations: Of the clip.
        body: That is fitted; its device and precision are those of the batches.
        windows: Their frames.
        together: Windows of a batch.

    Raises:
        InputError: The body cannot be placed in 3D data.
    """
    parts = [slice(first, first + together) for first in range(0, len(windows), together)]
    if observations.in_camera_frame:
        return WindowedClip(windows, tuple(_video_batch(observations, body, windows[part]) for part in parts))
    frames = _first_bodies(observations, body, windows)
    batches = []
    for part in parts:
        of_part = RigidTransform(frames.rotation[part], frames.translation[part])
        batches.append(_world_batch(observations, body, windows[part], of_part))
    return WindowedClip(windows, tuple(batches), frames)


def _video_batch(observations: Observations, body: BodyModel, windows: Windows) -> WindowBatch:
    assert observations.keypoints2d is not None
    assert observations.camera is not None
    like, count = body.joint_template, len(windows)
    return WindowBatch(
        fps=observations.fps,
        keypoints2d=cut(observations.keypoints2d.to(like)[None], windows),
        intrinsics=observations.camera.intrinsics.to(like).expand(count, 3, 3),
        floor=first_floor(observations).to(like).expand(count, 3),
        intervals=windows,
    )


def _world_batch(observations: Observations, body: BodyModel, windows: Windows, frames: RigidTransform) -> WindowBatch:
    like = body.joint_template

    def points(seen: Tensor | None) -> Tensor | None:
        if seen is None:
            return None
        parts = cut(seen.to(like)[None], windows)
        return frames.apply(parts.flatten(1, 2)).reshape(parts.shape)

    def mask(seen: Tensor | None) -> Tensor | None:
        return None if seen is None else cut(seen.to(like.device)[None], windows)

    return WindowBatch(
        fps=observations.fps,
        joints3d=points(observations.joints3d),
        joints3d_mask=mask(observations.joints3d_mask),
        keypoints3d=points(observations.keypoints3d),
        keypoints3d_mask=mask(observations.keypoints3d_mask),
    )


def first_floor(observations: Observations) -> Float[Tensor, "3"]:
    """The floor that the fit starts from, normal times offset: the given one, else the published guess."""
    if observations.floor is None:
        return torch.tensor(PUBLISHED_FLOOR)
    return observations.floor.normal * observations.floor.offset


def _first_bodies(observations: Observations, body: BodyModel, windows: Windows) -> RigidTransform:
    device = body.joint_template.device
    at_any_rate = replace(observations, fps=GRID_FPS, times=None)  # the published code knows frames, not seconds
    translation, root = root_from_points(body, make_batch([at_any_rate], device, body.joint_template.dtype))
    firsts = [start for start, _ in windows]
    floor = observations.floor or world_floor()
    rest_root = body.joint_template[0]
    place = translation[0, firsts]
    return prior_from_observed(
        floor.normal.to(place).expand_as(place),
        floor.offset.to(place).expand(len(firsts)),
        root[0, firsts],
        place + rest_root,
        rest_root.expand_as(place),
    )


def joined(parts: Float[Tensor, "some length *values"], windows: Windows) -> Tensor:
    """The first windows as one clip; frames that none of them reaches repeat the last one that is there.

    Args:
        parts: Of the first windows, or of all.
        windows: All windows of the clip.
    """
    pieces = [parts[0]]
    for part, ((_, stop), (start, _)) in zip(parts[1:], pairwise(windows), strict=False):
        pieces.append(part[stop - start :])
    clip = torch.cat(pieces)
    missing = windows[-1][1] - len(clip)
    return torch.cat([clip, clip[-1:].expand(missing, *clip.shape[1:])]) if missing else clip
