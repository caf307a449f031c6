"""Motions and poses without a video: each over its own piece of floor, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch

from motionfit.body.model import BodyModel, vertices
from motionfit.files.frames import transform_floor, transform_motion
from motionfit.geometry.planes import world_floor
from motionfit.motion import Motion
from motionfit.render.floor import view_floor
from motionfit.render.frame import render_frame
from motionfit.render.layers import Picture
from motionfit.render.mesh import CLAY, Colour, body_mesh
from motionfit.render.sheets import contact_sheet
from motionfit.simulation import Projection, camera_from_world
from motionfit.simulation.camera import camera_of

_FARTHEST = 20.0
"""A body that comes farther than this from its start, m, is lost: it is shown where it was seen last."""


def draw_motions(
    motions: Sequence[Motion],
    body: BodyModel,
    size: tuple[int, int] = (240, 240),
    columns: int = 4,
    every: int = 1,
    colours: Sequence[Colour] = (CLAY,),
) -> Iterator[Picture]:
    """Pictures of motions in rows, each seen by a static camera of its own; a shorter one stands still at its end.

    Args:
        motions: In the world frame, at least one.
        body: To pose.
        size: Width and height of one motion's picture, pixels.
        columns: Motions per row.
        every: Draw each so many frames.
        colours: Of the motions, in turn.
    """
    longest = max(motion.frames for motion in motions)
    drawn = [
        _draw(_of_frames(motion, range(0, longest, every)), body, size, colours[place % len(colours)])
        for place, motion in enumerate(motions)
    ]
    for pictures in zip(*drawn, strict=True):
        yield contact_sheet(pictures, columns)


def _of_frames(motion: Motion, frames: range) -> Motion:
    """The motion at these frames, as far as it can be shown."""
    start = motion.translation[:1]
    parts = (motion.translation - start, motion.root_orientation.flatten(1), motion.body_pose.flatten(1))
    is_lost = ~(torch.cat(parts, 1).nan_to_num(torch.inf).abs() < _FARTHEST).all(1)
    last = int(is_lost.int().argmax()) - 1 if bool(is_lost.any()) else motion.frames - 1
    chosen = torch.tensor(frames).clamp(max=max(last, 0))
    return replace(
        motion,
        translation=motion.translation[chosen],
        root_orientation=motion.root_orientation[chosen],
        body_pose=motion.body_pose[chosen],
        contacts=None,
    )


def _draw(motion: Motion, body: BodyModel, size: tuple[int, int], colour: Colour) -> Iterator[Picture]:
    # A normal lens, whatever the size of the picture.
    projection = Projection(size, 1.7 * min(size))
    placed = camera_from_world(motion, body, projection)
    camera, floor = camera_of(projection), transform_floor(world_floor(), placed)
    view, seen = view_floor(camera, floor), transform_motion(motion, body, placed)
    for frame in range(seen.frames):
        one = seen.slice(frame, frame + 1)
        with torch.no_grad():
            points = vertices(body, one.betas, one.translation, one.root_orientation, one.body_pose)[0]
        yield render_frame([body_mesh(points, body, colour)], camera, floor, floor_view=view)
