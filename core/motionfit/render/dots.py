"""Small marks: discs on a picture, and little solids in a scene."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from motionfit.render.layers import Picture
from motionfit.render.mesh import Colour, Mesh

_OCTAHEDRON = np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]], float)
_OCTAHEDRON_FACES = np.array(
    [[0, 2, 4], [2, 1, 4], [1, 3, 4], [3, 0, 4], [2, 0, 5], [1, 2, 5], [3, 1, 5], [0, 3, 5]], np.int64
)


def draw_discs(picture: Picture, points: Float[np.ndarray, "points 2"], colour: Colour, radius: float = 2.5) -> Picture:
    """The picture with a disc on each point (pixels); what lies outside is cut off."""
    drawn = picture.copy()
    height, width = picture.shape[:2]
    reach = int(np.ceil(radius))
    dy, dx = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    is_inside = dy**2 + dx**2 <= radius**2
    columns = np.rint(points[:, :1]).astype(np.int64) + dx[is_inside]
    rows = np.rint(points[:, 1:]).astype(np.int64) + dy[is_inside]
    is_seen = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
    drawn[rows[is_seen], columns[is_seen]] = np.rint(np.array(colour) * 255).astype(np.uint8)
    return drawn


def markers(points: Float[np.ndarray, "points 3"], colour: Colour, radius: float = 0.018) -> Mesh:
    """A little octahedron on each point (camera frame, metres)."""
    vertices = (points[:, None] + _OCTAHEDRON * radius).reshape(-1, 3)
    starts = np.arange(len(points))[:, None, None] * len(_OCTAHEDRON)
    faces = (starts + _OCTAHEDRON_FACES).reshape(-1, 3)
    return Mesh(vertices, faces, np.broadcast_to(np.asarray(colour, float), vertices.shape), is_smooth=False)
