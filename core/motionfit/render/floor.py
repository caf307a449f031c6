"""The floor of a scene: planks or a checker in perspective, haze at the horizon, the shadows of meshes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from scipy import ndimage

from motionfit.geometry.planes import world_from_floor
from motionfit.motion import Camera, Floor
from motionfit.render.mesh import Mesh
from motionfit.render.rasterise import rasterise
from motionfit.render.shading import Light

_PLANK_WIDTH, _PLANK_LENGTH = 0.16, 1.3
_WALL_TOP, _WALL_BOTTOM = np.array([0.60, 0.64, 0.68]), np.array([0.80, 0.80, 0.78])
_HAZE_FROM, _HAZE_FULL = 5.0, 16.0
_SHADOW_CELL, _SHADOW_REACH, _SHADOW_BLUR, _SHADOW_DEPTH = 0.015, 4.0, 2.2, 0.55


@dataclass(frozen=True)
class FloorView:
    """What a camera sees of a floor; static, so it is made once per clip.

    Attributes:
        colours: The empty scene, 0..1.
        is_floor: Pixels that look at the floor.
        places: Floor coordinates (right, ahead) of each pixel, metres; meaningless off the floor.
        camera_from_floor: Rows: the directions right, ahead and up of the floor in the camera frame.
        offset: Of the floor plane, metres.
    """

    colours: Float[np.ndarray, "height width 3"]
    is_floor: Bool[np.ndarray, "height width"]
    places: Float[np.ndarray, "height width 2"]
    camera_from_floor: Float[np.ndarray, "3 3"]
    offset: float


def view_floor(camera: Camera, floor: Floor, texture: str = "planks", samples: int = 3) -> FloorView:
    """Draw the empty scene.

    Args:
        camera: Static.
        floor: In the camera frame.
        texture: "planks" or "checker".
        samples: Samples per pixel along each axis.
    """
    axes = world_from_floor(floor).rotation.detach().cpu().double().numpy()
    offset = float(floor.offset)
    total = np.zeros((camera.image_size[1], camera.image_size[0], 3))
    shifts = (np.arange(samples) + 0.5) / samples - 0.5
    for dy in shifts:
        for dx in shifts:
            is_floor, places, distance = _look(camera, axes, offset, dx, dy)
            total = total + _scene(is_floor, places, distance, texture)
    is_floor, places, _ = _look(camera, axes, offset, 0.0, 0.0)
    colours = np.asarray(total, np.float32) / np.float32(samples**2)
    return FloorView(colours, is_floor, places, axes, offset)


def _look(
    camera: Camera, axes: np.ndarray, offset: float, dx: float, dy: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Whether each pixel sees the floor, where, and how far from the camera's foot point."""
    width, height = camera.image_size
    x, y = np.meshgrid(np.arange(width) + dx, np.arange(height) + dy)
    pixels = np.stack([x, y, np.ones_like(x)], -1)
    rays = pixels @ np.linalg.inv(camera.intrinsics.detach().cpu().double().numpy()).T
    slope = rays @ axes[2]
    reach = offset / np.where(np.abs(slope) < 1e-9, 1e-9, slope)
    is_floor = reach > 0
    places = (rays * np.where(is_floor, reach, 0.0)[..., None]) @ axes[:2].T
    return is_floor, places, np.linalg.norm(places, axis=-1)


def _scene(is_floor: np.ndarray, places: np.ndarray, distance: np.ndarray, texture: str) -> np.ndarray:
    rows = np.linspace(0.0, 1.0, is_floor.shape[0])[:, None, None]
    wall = np.broadcast_to(_WALL_TOP * (1 - rows) + _WALL_BOTTOM * rows, (*is_floor.shape, 3))
    surface = _checker(places) if texture == "checker" else _planks(places)
    haze = np.clip((distance - _HAZE_FROM) / (_HAZE_FULL - _HAZE_FROM), 0.0, 1.0)[..., None]
    hazy = surface * (1 - haze) + wall * haze
    return np.where(is_floor[..., None], hazy, wall)


def _checker(places: np.ndarray) -> np.ndarray:
    is_dark = (np.floor(places).astype(np.int64).sum(-1) % 2).astype(bool)[..., None]
    return np.where(is_dark, np.array([0.52, 0.54, 0.57]), np.array([0.66, 0.67, 0.68]))


def _planks(places: np.ndarray) -> np.ndarray:
    across, along = places[..., 0] / _PLANK_WIDTH, places[..., 1] / _PLANK_LENGTH
    column = np.floor(across)
    along = along + _scatter(column, 1.7)
    row = np.floor(along)
    tone = _scatter(column, row + 0.37)
    grain = np.sin(across * 40 + 3 * np.sin(along * 5 + 9 * tone) + 30 * tone)
    fine = np.sin(across * 131 + 2 * np.sin(along * 11 + 20 * tone))
    shade = 0.82 + 0.24 * tone + 0.035 * grain + 0.02 * fine
    edge = np.minimum(across - column, column + 1 - across) * _PLANK_WIDTH
    end = np.minimum(along - row, row + 1 - along) * _PLANK_LENGTH
    shade = shade * np.where(np.minimum(edge, end) < 0.003, 0.6, 1.0)
    return np.asarray(shade[..., None] * np.array([0.64, 0.47, 0.33]))


def _scatter(a: np.ndarray, b: np.ndarray | float) -> np.ndarray:
    """A number in 0..1 that looks random, the same for the same arguments."""
    mixed = np.sin(a * 12.9898 + np.asarray(b) * 78.233) * 43758.5453
    return np.asarray(mixed - np.floor(mixed))


def darken_by_shadow(
    colours: Float[np.ndarray, "height width 3"], view: FloorView, meshes: Sequence[Mesh], light: Light
) -> Float[np.ndarray, "height width 3"]:
    """The scene with the soft shadow of meshes on the floor.

    The shadow is drawn on a map of the floor around the meshes, which the picture then looks up.
    """
    if not meshes:
        return colours
    direction = view.camera_from_floor @ light.towards_key
    on_floor = [_fall(mesh.vertices, view, direction) for mesh in meshes]
    low = np.concatenate(on_floor).min(0) - 0.3
    extent = np.minimum(np.concatenate(on_floor).max(0) + 0.3 - low, 2 * _SHADOW_REACH)
    size = tuple(int(cells) for cells in np.ceil(extent / _SHADOW_CELL) + 1)
    shadow = np.zeros(size[0] * size[1], np.float32)
    for mesh, places in zip(meshes, on_floor, strict=True):
        cells = (places - low) / _SHADOW_CELL
        shadow[rasterise(cells, np.ones(len(cells)), mesh.faces, (size[0], size[1])).pixels] = 1.0
    soft = ndimage.gaussian_filter(shadow.reshape(size[1], size[0]), _SHADOW_BLUR)
    cells = (view.places[view.is_floor] - low) / _SHADOW_CELL
    dark = ndimage.map_coordinates(soft, [cells[:, 1], cells[:, 0]], order=1, mode="constant")
    shaded = colours.copy()
    shaded[view.is_floor] *= (1.0 - _SHADOW_DEPTH * dark)[:, None].astype(colours.dtype)
    return shaded


def _fall(vertices: np.ndarray, view: FloorView, towards_light: np.ndarray) -> np.ndarray:
    """Where the shadows of points lie on the floor."""
    points = vertices @ view.camera_from_floor.T
    height = np.clip(points[:, 2] - view.offset, 0.0, None)
    fallen: np.ndarray = points[:, :2] - height[:, None] * (towards_light[:2] / max(towards_light[2], 0.2))
    return fallen
