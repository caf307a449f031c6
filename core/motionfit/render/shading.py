"""Light on meshes: a Lambert key light, a soft fill from sky and floor, and a rim that lifts silhouettes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from motionfit.motion import Floor

_KEY, _SKY, _GROUND, _RIM = 0.62, 0.50, 0.28, 0.12


@dataclass(frozen=True)
class Light:
    """Directions in the camera frame, unit length.

    Attributes:
        up: Away from the floor.
        towards_key: From the scene to the key light.
    """

    up: Float[np.ndarray, "3"]
    towards_key: Float[np.ndarray, "3"]


def light_over(floor: Floor | None) -> Light:
    """A key light from above, left of and behind the camera."""
    up = np.array([0.0, -1.0, 0.0]) if floor is None else floor.normal.detach().cpu().double().numpy()
    towards = 1.0 * up + np.array([-0.55, 0.0, -0.6])
    return Light(up, towards / np.linalg.norm(towards))


def vertex_normals(
    vertices: Float[np.ndarray, "vertices 3"], faces: Int[np.ndarray, "faces 3"]
) -> Float[np.ndarray, "vertices 3"]:
    """Unit normals at the vertices: the mean of their triangles' normals by area."""
    normals = face_normals(vertices, faces)
    corners = faces.ravel()
    summed = np.stack([np.bincount(corners, np.repeat(normals[:, axis], 3), len(vertices)) for axis in range(3)], 1)
    return unit(summed)


def face_normals(
    vertices: Float[np.ndarray, "vertices 3"], faces: Int[np.ndarray, "faces 3"]
) -> Float[np.ndarray, "faces 3"]:
    """Normals of triangles, as long as twice their areas."""
    corners = vertices[faces]
    normals: np.ndarray = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    return normals


def unit(vectors: Float[np.ndarray, "*batch 3"]) -> Float[np.ndarray, "*batch 3"]:
    """The vectors at unit length; a zero vector stays zero."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12))


def shade(
    colours: Float[np.ndarray, "points 3"],
    normals: Float[np.ndarray, "points 3"],
    places: Float[np.ndarray, "points 3"],
    light: Light,
) -> Float[np.ndarray, "points 3"]:
    """Colours of lit surface points.

    Args:
        colours: Of the surface, 0..1.
        normals: Unit length; turned towards the camera where they point away.
        places: In the camera frame: the way to the camera is their opposite.
        light: Where light comes from.
    """
    towards_camera = -unit(places)
    facing = (normals * towards_camera).sum(1, keepdims=True)
    normals = np.where(facing < 0, -normals, normals)
    key = np.clip(normals @ light.towards_key, 0.0, None)[:, None]
    sky = 0.5 + 0.5 * (normals @ light.up)[:, None]
    rim = (1.0 - np.abs(facing)) ** 3
    lit = colours * (_KEY * key + _GROUND + (_SKY - _GROUND) * sky) + _RIM * rim * sky
    return np.asarray(np.clip(lit, 0.0, 1.0))
