"""Which triangle each pixel shows: a z-buffer over all triangles at once.

Pixel centres lie at whole numbers (OpenCV). Every pixel of every triangle's bounding box is a candidate;
small triangles, as bodies have, make few more candidates than they cover pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

_NEAREST = 0.05
_CANDIDATES_AT_ONCE = 4_000_000


@dataclass(frozen=True)
class Fragments:
    """The covered pixels.

    Attributes:
        pixels: Index into the flattened picture, row by row; each pixel once.
        faces: The triangle that is in front there.
        weights: Perspective-correct weights of its three corners.
        depth: Metres along the viewing axis.
    """

    pixels: Int[np.ndarray, " fragments"]
    faces: Int[np.ndarray, " fragments"]
    weights: Float[np.ndarray, "fragments 3"]
    depth: Float[np.ndarray, " fragments"]


def rasterise(
    points: Float[np.ndarray, "vertices 2"],
    depth: Float[np.ndarray, " vertices"],
    faces: Int[np.ndarray, "faces 3"],
    size: tuple[int, int],
) -> Fragments:
    """Find the front triangle of each pixel.

    Args:
        points: Pixels.
        depth: Metres; triangles with a corner nearer than 5 cm are left out.
        faces: Corners of the triangles; both sides are drawn.
        size: Width and height of the picture.
    """
    width, height = size
    kept, low, counts = _boxes(points, depth, faces, size)
    nearest = np.zeros(width * height, np.float64)
    face_at = np.full(width * height, -1, np.int64)
    ends = np.cumsum(counts.prod(1))
    start = 0
    while start < len(kept):
        done = ends[start - 1] if start else 0
        stop = max(int(np.searchsorted(ends, done + _CANDIDATES_AT_ONCE, "right")), start + 1)
        part = slice(start, stop)
        _draw(points, depth, faces, kept[part], low[part], counts[part], width, nearest, face_at)
        start = stop
    pixels = np.flatnonzero(face_at >= 0)
    shown = face_at[pixels]
    weights = _weights(points, faces[shown], np.stack([pixels % width, pixels // width], 1).astype(float))
    over_depth = weights / depth[faces[shown]]
    inverse = over_depth.sum(1)
    return Fragments(pixels, shown, over_depth / inverse[:, None], 1.0 / inverse)


def _boxes(
    points: np.ndarray, depth: np.ndarray, faces: np.ndarray, size: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Triangles that may show, the first pixel of their bounding boxes, and the boxes' widths and heights."""
    corners = points[faces]
    last = np.array(size) - 1
    low = np.clip(np.ceil(corners.min(1)), 0, last + 1).astype(np.int64)
    high = np.clip(np.floor(corners.max(1)), -1, last).astype(np.int64)
    counts = high - low + 1
    is_seen = (counts > 0).all(1) & (depth[faces].min(1) > _NEAREST) & (np.abs(_doubled_area(corners)) > 1e-9)
    kept = np.flatnonzero(is_seen)
    return kept, low[kept], counts[kept]


def _draw(
    points: np.ndarray,
    depth: np.ndarray,
    faces: np.ndarray,
    kept: np.ndarray,
    low: np.ndarray,
    counts: np.ndarray,
    width: int,
    nearest: np.ndarray,
    face_at: np.ndarray,
) -> None:
    """Put triangles into the z-buffer (inverse depth) and the buffer of faces."""
    areas = counts.prod(1)
    owner = np.repeat(np.arange(len(kept)), areas)
    place = np.arange(len(owner)) - np.repeat(np.cumsum(areas) - areas, areas)
    row, column = np.divmod(place, counts[owner, 0])
    x, y = column + low[owner, 0], row + low[owner, 1]
    planes = _weight_planes(points[faces[kept]])
    inverse_planes = np.einsum("fkc,fk->fc", planes, 1.0 / depth[faces[kept]])
    first, second, third = (_at(planes[owner, corner], x, y) for corner in range(3))
    is_inside = (first >= 0) & (second >= 0) & (third >= 0)
    owner, x, y = owner[is_inside], x[is_inside], y[is_inside]
    inverse = _at(inverse_planes[owner], x, y)
    pixels = y * width + x
    np.maximum.at(nearest, pixels, inverse)
    is_front = inverse >= nearest[pixels]
    face_at[pixels[is_front]] = kept[owner[is_front]]


def _doubled_area(corners: np.ndarray) -> np.ndarray:
    one, other = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    area: np.ndarray = one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0]
    return area


def _weight_planes(corners: np.ndarray) -> np.ndarray:
    """Per triangle and corner the coefficients (of x, of y, constant) of its screen-space weight."""
    following, after = np.roll(corners, -1, 1), np.roll(corners, -2, 1)
    along_x = following[..., 1] - after[..., 1]
    along_y = after[..., 0] - following[..., 0]
    constant = following[..., 0] * after[..., 1] - following[..., 1] * after[..., 0]
    planes: np.ndarray = np.stack([along_x, along_y, constant], -1) / _doubled_area(corners)[:, None, None]
    return planes


def _at(planes: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    values: np.ndarray = planes[:, 0] * x + planes[:, 1] * y + planes[:, 2]
    return values


def _weights(points: np.ndarray, corners: np.ndarray, places: np.ndarray) -> np.ndarray:
    planes = _weight_planes(points[corners])
    weights = planes[..., 0] * places[:, :1] + planes[..., 1] * places[:, 1:] + planes[..., 2]
    return np.asarray(np.clip(weights, 0.0, None))
