"""Films of a motion: over the video that was fitted, or seen from a camera that goes round it once."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from motionfit.body.model import vertices
from motionfit.errors import SettingsError
from motionfit.export.clip import ExportClip
from motionfit.files.atomic import atomic_file
from motionfit.files.frames import transform_floor, transform_motion
from motionfit.files.video import VideoFile, write_video
from motionfit.geometry.planes import RigidTransform, world_floor
from motionfit.motion import Motion
from motionfit.render.floor import view_floor
from motionfit.render.frame import overlay, render_frame
from motionfit.render.layers import Picture
from motionfit.render.mesh import body_mesh
from motionfit.render.pictures import STAGE_COLOURS
from motionfit.simulation import Projection, camera_from_world
from motionfit.simulation.camera import camera_of

_TURNTABLE = Projection((640, 480), 640.0)


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
    colour = STAGE_COLOURS[stage.key]
    with VideoFile(clip.video) as video:
        for frame in range(clip.first, min(clip.first + clip.motion.frames, video.frames)):
            mesh = body_mesh(_points(stage.motion, clip, frame), clip.body, colour)
            yield overlay(np.asarray(video.frame(frame)), [mesh], camera)


def turntable(clip: ExportClip) -> Iterator[Picture]:
    """The motion over a floor; the camera goes round it once."""
    placed = camera_from_world(clip.motion, clip.body, _TURNTABLE)
    camera, colour = camera_of(_TURNTABLE), STAGE_COLOURS["stage3"]
    joints = clip.posed().joints
    centre = (joints.amin((0, 1)) + joints.amax((0, 1))) / 2.0
    for frame in range(clip.motion.frames):
        seen = _turned(placed, centre, 2.0 * math.pi * frame / clip.motion.frames)
        motion = transform_motion(clip.motion.slice(frame, frame + 1), clip.body, seen)
        floor = transform_floor(world_floor(), seen)
        mesh = body_mesh(_points(motion, clip, 0), clip.body, colour)
        yield render_frame([mesh], camera, floor, floor_view=view_floor(camera, floor))


def _turned(placed: RigidTransform, centre: torch.Tensor, angle: float) -> RigidTransform:
    """The camera after the world was turned about the vertical through a point."""
    cosine, sine = math.cos(angle), math.sin(angle)
    turn = torch.tensor([[cosine, -sine, 0.0], [sine, cosine, 0.0], [0.0, 0.0, 1.0]])
    moved = centre - turn @ centre
    return RigidTransform(placed.rotation @ turn, placed.rotation @ moved + placed.translation)


def _points(motion: Motion, clip: ExportClip, frame: int) -> torch.Tensor:
    one = motion.slice(frame, frame + 1)
    with torch.no_grad():
        return vertices(clip.body, one.betas, one.translation, one.root_orientation, one.body_pose)[0]
