"""Films of a motion: over the video that was fitted, or seen from a camera that goes round it once."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from motionfit.body.in_camera import motion_in_camera
from motionfit.body.model import vertices
from motionfit.errors import SettingsError
from motionfit.export.clip import ExportClip
from motionfit.files.atomic import atomic_file
from motionfit.files.frames import transform_floor, transform_motion
from motionfit.files.video import VideoFile, write_video
from motionfit.geometry.cameras import camera_at
from motionfit.geometry.planes import world_floor
from motionfit.motion import Motion
from motionfit.render.floor import view_floor
from motionfit.render.frame import overlay, render_frame
from motionfit.render.layers import Picture
from motionfit.render.mesh import body_mesh
from motionfit.render.pictures import STAGE_COLOURS
from motionfit.simulation import Projection
from motionfit.simulation.camera import camera_of, looking_at

_TURNTABLE = Projection((640, 480), 640.0)
_DISTANCE = 3.4


def write_movie(path: Path, clip: ExportClip) -> None:
    """The mesh over the video where there is one, else a turntable.

    Raises:
        OutputError: The place is not writable or the disk is full.
    """
    pictures = turntable(clip) if clip.video is None else over_video(clip)
    with atomic_file(path) as temporary:
        named = temporary.with_name(f"{temporary.name}{path.suffix}")
        try:
            write_video(named, pictures, clip.motion.fps)
            named.replace(temporary)
        finally:
            named.unlink(missing_ok=True)


def over_video(clip: ExportClip) -> Iterator[Picture]:
    """Each frame of the video with the mesh of the last stage on it.

    Raises:
        SettingsError: The motion is no fit of 2D keypoints, so nothing tells the camera.
    """
    if clip.result is None or clip.result.observations.camera is None or clip.video is None:
        raise SettingsError(
            f"{clip.name} knows no camera, so it cannot be drawn over a video.",
            "Export a fit of 2D keypoints, or leave --video out for a turntable.",
        )
    stage, camera = clip.result.final, clip.result.observations.camera
    colour, motion = STAGE_COLOURS[stage.key], motion_in_camera(stage.motion, clip.body, camera)
    with VideoFile(clip.video) as video:
        for frame in range(clip.first, min(clip.first + clip.motion.frames, video.frames)):
            mesh = body_mesh(_points(motion, clip, frame), clip.body, colour)
            yield overlay(np.asarray(video.frame(frame)), [mesh], camera_at(camera, frame))


def turntable(clip: ExportClip) -> Iterator[Picture]:
    """The motion over a floor; the camera goes with the person and round once."""
    camera, colour = camera_of(_TURNTABLE), STAGE_COLOURS["stage3"]
    path = _steady(clip.posed().joints[:, 0], clip.motion.fps)
    for frame, centre in enumerate(path):
        angle = 2.0 * math.pi * frame / clip.motion.frames
        seen = looking_at(centre, torch.tensor([math.sin(angle), -math.cos(angle), 0.0]), _DISTANCE)
        motion = transform_motion(clip.motion.slice(frame, frame + 1), clip.body, seen)
        floor = transform_floor(world_floor(), seen)
        mesh = body_mesh(_points(motion, clip, 0), clip.body, colour)
        yield render_frame([mesh], camera, floor, floor_view=view_floor(camera, floor))


def _steady(path: torch.Tensor, fps: float) -> torch.Tensor:
    """A path (frames, 3) without what is faster than half a second, for a camera that does not shake."""
    reach = max(round(0.5 * fps), 1)
    times = torch.arange(len(path))
    weights = (1.0 - ((times[:, None] - times).abs() / reach).square()).clamp(min=0.0)
    return (weights / weights.sum(1, keepdim=True)) @ path


def _points(motion: Motion, clip: ExportClip, frame: int) -> torch.Tensor:
    one = motion.slice(frame, frame + 1)
    with torch.no_grad():
        return vertices(clip.body, one.betas, one.translation, one.root_orientation, one.body_pose)[0]
