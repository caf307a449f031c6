"""Small geometry for drawing: segments as quads, balls, bones, axes, the camera's frustum."""

from __future__ import annotations

from functools import cache

import numpy as np
from jaxtyping import Float, Float32, UInt32
from numpy.typing import NDArray

from motionfit.body.skeleton import PARENTS
from motionfit.motion import Camera

Points = Float[NDArray[np.floating], "points 3"]
Colour = tuple[float, float, float, float]

_CORNERS = np.array([[0, -1], [1, -1], [1, 1], [0, -1], [1, 1], [0, 1]], np.float32)
_TRAIL_POINTS = 2000


def segments(
    starts: Points, ends: Points, colours: Float[NDArray[np.floating], "points 4"]
) -> Float32[NDArray[np.float32], "corners 12"]:
    """Six corners per segment for `line.vert`: start, end, corner, colour."""
    rows = np.concatenate(
        [starts, ends, np.zeros((len(starts), 2)), np.broadcast_to(colours, (len(starts), 4))], axis=1
    )
    corners = np.repeat(rows.astype(np.float32), 6, axis=0)
    corners[:, 6:8] = np.tile(_CORNERS, (len(starts), 1))
    return corners


def bones(joints: Float[NDArray[np.floating], "22 3"], colour: Colour) -> NDArray[np.float32]:
    """The skeleton's bones as segments."""
    children = np.arange(1, len(PARENTS))
    return segments(joints[np.array(PARENTS[1:])], joints[children], np.array([colour]))


def trail(path: Points, frame: int, colour: Colour) -> NDArray[np.float32]:
    """The way of a point: what lies before the frame is strong, what comes is faint; at most 2,000 segments."""
    step = max(1, len(path) // _TRAIL_POINTS)
    kept = np.arange(0, len(path), step)
    colours = np.tile(np.array([colour]), (max(len(kept) - 1, 0), 1))
    colours[:, 3] *= np.where(kept[:-1] < frame, 1.0, 0.35)
    return segments(path[kept[:-1]], path[kept[1:]], colours)


def frustum(camera: Camera, depth: float, colour: Colour) -> NDArray[np.float32]:
    """The camera's pyramid down to a depth (camera frame, metres), with a mark on its upper side."""
    width, height = camera.image_size
    pixels = np.array(
        [[0, 0, 1], [width, 0, 1], [width, height, 1], [0, height, 1],
         [0.4 * width, 0, 1], [0.6 * width, 0, 1], [0.5 * width, -0.12 * height, 1]]
    )  # fmt: skip
    rays = pixels @ np.linalg.inv(camera.intrinsics.detach().cpu().double().numpy()).T
    places = np.concatenate([np.zeros((1, 3)), rays * depth])
    pairs = np.array([[0, 1], [0, 2], [0, 3], [0, 4], [1, 2], [2, 3], [3, 4], [4, 1], [5, 7], [7, 6]])
    return segments(places[pairs[:, 0]], places[pairs[:, 1]], np.array([colour]))


@cache
def _ball() -> tuple[NDArray[np.float32], NDArray[np.uint32]]:
    """A unit ball of 10 by 14 faces."""
    rings, sectors = 10, 14
    down = np.linspace(0, np.pi, rings + 1)[:, None]
    around = np.linspace(0, 2 * np.pi, sectors + 1)[None]
    x, y = np.sin(down) * np.cos(around), np.sin(down) * np.sin(around)
    places = np.stack([x, y, np.cos(down) + 0 * around], -1).reshape(-1, 3)
    first = (np.arange(rings)[:, None] * (sectors + 1) + np.arange(sectors)[None]).ravel()
    below = first + sectors + 1
    faces = np.stack([first, below, below + 1, first, below + 1, first + 1], -1).reshape(-1, 3)
    return places.astype(np.float32), faces.astype(np.uint32)


def ball_triangles(count: int) -> UInt32[NDArray[np.uint32], "faces 3"]:
    """Triangles of `count` balls."""
    places, faces = _ball()
    shifts = np.arange(count, dtype=np.uint32)[:, None, None] * np.uint32(len(places))
    return (faces[None] + shifts).reshape(-1, 3)


def balls(centres: Points, radii: Float[NDArray[np.floating], " points"]) -> NDArray[np.float32]:
    """Positions and normals of balls, for `ball_triangles`; a radius of 0 hides one."""
    places, _ = _ball()
    positions = centres[:, None] + places[None] * radii[:, None, None]
    normals = np.broadcast_to(places[None], positions.shape)
    return np.concatenate([positions, normals], -1).reshape(-1, 6).astype(np.float32)
