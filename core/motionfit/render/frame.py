"""One picture: meshes over a floor, or over a video frame."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from motionfit.motion import Camera, Floor
from motionfit.render.floor import FloorView, darken_by_shadow, view_floor
from motionfit.render.layers import Picture, as_colours, as_picture, draw_meshes
from motionfit.render.mesh import Mesh
from motionfit.render.shading import light_over


def render_frame(
    meshes: Sequence[Mesh],
    camera: Camera,
    floor: Floor | None = None,
    background: Picture | None = None,
    supersampling: int = 2,
    floor_view: FloorView | None = None,
) -> Picture:
    """Draw a scene.

    Args:
        meshes: In the camera frame.
        camera: Static pinhole camera.
        floor: In the camera frame; drawn with planks and shadows where there is no background.
        background: A picture of the camera's size to draw on instead.
        supersampling: Samples per pixel along each axis.
        floor_view: `view_floor(camera, floor)`, if it was made before.
    """
    light = light_over(floor)
    width, height = camera.image_size
    if background is not None:
        if background.shape[:2] != (height, width):
            raise ValueError(f"the background is {background.shape[:2]}, the camera sees {(height, width)}")
        colours = as_colours(background)
    elif floor is not None:
        view = view_floor(camera, floor) if floor_view is None else floor_view
        colours = darken_by_shadow(view.colours, view, meshes, light)
    else:
        colours = np.full((height, width, 3), 0.78, np.float32)
    return as_picture(draw_meshes(meshes, camera, light, supersampling).over(colours))


def overlay(picture: Picture, meshes: Sequence[Mesh], camera: Camera, opacity: float = 0.75) -> Picture:
    """Meshes drawn, half transparent, over a picture that the camera took."""
    layer = draw_meshes(meshes, camera, light_over(None))
    return as_picture(layer.over(as_colours(picture), opacity))
