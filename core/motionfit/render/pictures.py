"""Pictures of a fit: the mesh over the video, and stage II, initial roll-out and result in a row."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from motionfit.body.in_camera import motion_in_camera
from motionfit.body.model import BodyModel, vertices
from motionfit.files.frames import transform_floor, transform_motion
from motionfit.files.inputs import ClipInput
from motionfit.files.video import VideoFile
from motionfit.geometry.cameras import camera_at, pose_at
from motionfit.geometry.planes import RigidTransform, world_floor, world_from_floor
from motionfit.motion import Camera, Floor, Motion, Observations
from motionfit.pipeline.result import FitResult
from motionfit.render.dots import draw_discs, markers
from motionfit.render.floor import FloorView, view_floor
from motionfit.render.frame import overlay, render_frame
from motionfit.render.layers import Picture
from motionfit.render.mesh import Colour, body_mesh
from motionfit.render.png import write_png
from motionfit.render.sheets import contact_sheet
from motionfit.simulation import Projection, camera_from_world
from motionfit.simulation.camera import camera_of

STAGE_COLOURS: dict[str, Colour] = {
    "stage1": (0.80, 0.47, 0.65),
    "stage2": (0.34, 0.71, 0.91),
    "stage3_init": (0.90, 0.62, 0.00),
    "stage3": (0.18, 0.75, 0.57),
}
"""As in the application: Okabe and Ito's colours."""

COMPARED = ("stage2", "stage3_init", "stage3")
_OBSERVED: Colour = (0.94, 0.89, 0.26)
_FREE_VIEW = Projection((480, 360), 420.0)
_FRAMES_SHOWN = 4


def write_fit_pictures(folder: Path, clip: ClipInput, result: FitResult, body: BodyModel) -> list[Path]:
    """Write PNG files that show a fit.

    `frame_NNNN.png` shows the last stage over the video (or over a plain floor, where there is none) with what
    was observed; `comparison.png` shows stage II, the initial roll-out of stage III and the result side by side
    for the same frames, from the same place.

    Args:
        folder: Made if needed.
        clip: What was fitted.
        result: The fit; stages that it does not hold are left out.
        body: That was fitted.

    Returns:
        The files, in the order in which to look at them.

    Raises:
        OutputError: The place is not writable or the disk is full.
    """
    frames = frames_to_show(result.final.motion.frames)
    written: list[Path] = []
    for frame, picture in zip(frames, fit_frames(clip, result, body, frames), strict=True):
        written.append(folder / f"frame_{frame:04d}.png")
        write_png(written[-1], picture)
    written.append(folder / "comparison.png")
    write_png(written[-1], comparison(result, body, frames))
    return written


def frames_to_show(count: int) -> list[int]:
    """A few frames, evenly over the clip."""
    wanted = min(count, _FRAMES_SHOWN)
    return [int(place) for place in (np.arange(wanted) + 0.5) * count / wanted]


def fit_frames(clip: ClipInput, result: FitResult, body: BodyModel, frames: list[int]) -> list[Picture]:
    """The last stage with what was observed: over the video where there is one."""
    observations, stage = result.observations, result.final
    colour = STAGE_COLOURS[stage.key]
    if observations.camera is None or not observations.in_camera_frame:
        return _free_frames(result, body, frames)
    cameras = [camera_at(observations.camera, frame) for frame in frames]
    motion = motion_in_camera(stage.motion, body, observations.camera)
    meshes = [body_mesh(skin, body, colour) for skin in _skins(motion, body, frames)]
    if clip.video is None:
        floors = _floors_seen(observations.camera, stage.floor, frames)
        pictures = [
            render_frame([mesh], camera, floor, floor_view=view)
            for mesh, camera, (floor, view) in zip(meshes, cameras, floors, strict=True)
        ]
    else:
        with VideoFile(clip.video) as video:
            behind = [np.asarray(video.frame(min(frame, video.frames - 1))) for frame in frames]
        pictures = [overlay(below, [mesh], camera) for below, mesh, camera in zip(behind, meshes, cameras, strict=True)]
    return [
        draw_discs(picture, _seen_pixels(observations, frame), _OBSERVED)
        for picture, frame in zip(pictures, frames, strict=True)
    ]


def _floors_seen(camera: Camera, floor: Floor, frames: list[int]) -> list[tuple[Floor, FloorView]]:
    """The floor in the camera of each frame, and the empty scene; drawn once where the camera stands still."""
    if camera.rotation is None and camera.intrinsics.ndim == 2:
        return [(floor, view_floor(camera, floor))] * len(frames)
    poses = [pose_at(camera, frame) for frame in frames]
    floors = [floor if pose is None else transform_floor(floor, pose) for pose in poses]
    return [(seen, view_floor(camera_at(camera, frame), seen)) for seen, frame in zip(floors, frames, strict=True)]


def comparison(result: FitResult, body: BodyModel, frames: list[int]) -> Picture:
    """One row per frame: stage II, initial roll-out, result (as far as the fit came), seen from one place."""
    world = world_from_floor(result.final.floor)
    keys = [key for key in COMPARED if key in result.stages] or [result.final.key]
    motions = {key: transform_motion(result.stages[key].motion, body, world) for key in keys}
    seen, camera, floor, view = _free_view(motions[keys[-1]], body)
    columns = {key: _skins(transform_motion(motions[key], body, seen), body, frames) for key in keys}
    pictures = [
        render_frame([body_mesh(columns[key][place], body, STAGE_COLOURS[key])], camera, floor, floor_view=view)
        for place in range(len(frames))
        for key in keys
    ]
    return contact_sheet(pictures, columns=len(keys))


def _free_frames(result: FitResult, body: BodyModel, frames: list[int]) -> list[Picture]:
    """3D data: the body on its floor, with the observed points as markers."""
    stage = result.final
    world = world_from_floor(stage.floor)
    motion = transform_motion(stage.motion, body, world)
    seen, camera, floor, view = _free_view(motion, body)
    skins = _skins(transform_motion(motion, body, seen), body, frames)
    pictures = []
    for skin, frame in zip(skins, frames, strict=True):
        points = seen.apply(world.apply(_seen_points(result.observations, frame)))
        meshes = [body_mesh(skin, body, STAGE_COLOURS[stage.key]), markers(points.double().numpy(), _OBSERVED)]
        pictures.append(render_frame(meshes, camera, floor, floor_view=view))
    return pictures


def _free_view(motion: Motion, body: BodyModel) -> tuple[RigidTransform, Camera, Floor, FloorView]:
    """Camera from world, camera, floor and empty scene for a motion in the world."""
    seen = camera_from_world(motion, body, _FREE_VIEW)
    camera, floor = camera_of(_FREE_VIEW), transform_floor(world_floor(), seen)
    return seen, camera, floor, view_floor(camera, floor)


def _skins(motion: Motion, body: BodyModel, frames: list[int]) -> torch.Tensor:
    with torch.no_grad():
        return vertices(
            body,
            motion.betas,
            motion.translation[frames],
            motion.root_orientation[frames],
            motion.body_pose[frames],
        )


def _seen_pixels(observations: Observations, frame: int) -> np.ndarray:
    assert observations.keypoints2d is not None
    keypoints = observations.keypoints2d[frame].double().numpy()
    return np.asarray(keypoints[keypoints[:, 2] > 0, :2])


def _seen_points(observations: Observations, frame: int) -> torch.Tensor:
    for points, mask in (
        (observations.joints3d, observations.joints3d_mask),
        (observations.keypoints3d, observations.keypoints3d_mask),
        (observations.points3d, observations.points3d_mask),
    ):
        if points is not None:
            return points[frame] if mask is None else points[frame][mask[frame]]
    return torch.zeros(0, 3)
