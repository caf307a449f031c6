"""Which vertices can be seen from outside: the mouth cavity and the eye sockets cannot."""

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray

_CELL = 0.002
_SLACK = 0.004
_DIRECTIONS = 60


def _sphere(count: int) -> Float[ndarray, "count 3"]:
    """Returns directions spread evenly over the sphere (Fibonacci spiral)."""
    index = np.arange(count) + 0.5
    y = 1.0 - 2.0 * index / count
    angle = np.pi * (1.0 + 5.0**0.5) * index
    radius = np.sqrt(1.0 - y * y)
    return np.stack([radius * np.cos(angle), y, radius * np.sin(angle)], axis=1)


def _face_samples(
    vertices: Float[ndarray, "vertices 3"], triangles: Int[ndarray, "faces 3"], parts: int
) -> Float[ndarray, "samples 3"]:
    """Returns points spread over the faces."""
    i, j = np.meshgrid(np.arange(parts + 1), np.arange(parts + 1))
    inside = i + j <= parts
    u, v = i[inside] / parts, j[inside] / parts
    shares = np.stack([1.0 - u - v, u, v])
    return np.asarray(np.einsum("fca,cs->fsa", vertices[triangles], shares).reshape(-1, 3))


def visible_from_outside(
    vertices: Float[ndarray, "vertices 3"], triangles: Int[ndarray, "faces 3"]
) -> Bool[ndarray, " vertices"]:
    """Tells which vertices some far viewpoint sees (depth buffers of 2 mm cells)."""
    samples = _face_samples(vertices, triangles, parts=6)
    visible = np.zeros(len(vertices), dtype=bool)
    for direction in _sphere(_DIRECTIONS):
        first = np.cross(direction, [0.0, 1.0, 0.0])
        first /= np.linalg.norm(first)
        plane = np.stack([first, np.cross(direction, first)], axis=1)
        low = (samples @ plane).min(axis=0)
        cells = ((samples @ plane - low) / _CELL).astype(np.int64)
        width = int(cells[:, 1].max()) + 1
        nearest = np.full((int(cells[:, 0].max()) + 1) * width, -np.inf)
        np.maximum.at(nearest, cells[:, 0] * width + cells[:, 1], samples @ direction)
        own = ((vertices @ plane - low) / _CELL).astype(np.int64)
        depth = nearest[own[:, 0] * width + own[:, 1]]
        visible |= vertices @ direction > depth - _SLACK
    return visible
