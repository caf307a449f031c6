"""What is drawn: a mesh in the camera frame with a colour per vertex."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from motionfit.body.model import BodyModel

Colour = tuple[float, float, float]
"""Red, green, blue in 0..1."""

CLAY: Colour = (0.80, 0.66, 0.56)
_SHIRT: Colour = (0.20, 0.42, 0.58)
_TROUSERS: Colour = (0.24, 0.25, 0.30)
_SKIN: Colour = (0.83, 0.62, 0.50)
_SHOES: Colour = (0.72, 0.70, 0.66)
_CLOTHES: dict[Colour, tuple[int, ...]] = {
    _SHIRT: (3, 6, 9, 13, 14, 16, 17),
    _TROUSERS: (0, 1, 2, 4, 5),
    _SKIN: (12, 15, 18, 19, 20, 21),
    _SHOES: (7, 8, 10, 11),
}


@dataclass(frozen=True)
class Mesh:
    """Triangles in the camera frame.

    Attributes:
        vertices: Metres; x right, y down, z forward.
        faces: Corners of the triangles.
        colours: Of each vertex, 0..1.
        is_smooth: Shade with vertex normals; else each triangle is flat.
    """

    vertices: Float[np.ndarray, "vertices 3"]
    faces: Int[np.ndarray, "faces 3"]
    colours: Float[np.ndarray, "vertices 3"]
    is_smooth: bool = True


def body_mesh(
    vertices: Float[Tensor, "vertices 3"],
    body: BodyModel,
    colour: Colour | Float[np.ndarray, "vertices 3"] = CLAY,
) -> Mesh:
    """The mesh of a posed body.

    Args:
        vertices: In the camera frame.
        body: Gives the triangles.
        colour: One for all vertices, or each its own.
    """
    points = vertices.detach().cpu().to(torch.float64).numpy()
    colours = np.broadcast_to(np.asarray(colour, np.float64), points.shape)
    return Mesh(points, body.faces.cpu().numpy(), colours)


def clothes_of(body: BodyModel) -> Float[np.ndarray, "vertices 3"]:
    """Vertex colours of a clothed person: each vertex by the joint that moves it most."""
    palette = np.empty((22, 3))
    for colour, joints in _CLOTHES.items():
        palette[list(joints)] = colour
    strongest = body.surface.weights.argmax(1).cpu().numpy()
    colours: np.ndarray = palette[strongest]
    return colours


def box_mesh(
    centre: Float[np.ndarray, "3"],
    axes: Float[np.ndarray, "3 3"],
    colour: Colour,
) -> Mesh:
    """A box.

    Args:
        centre: Metres, camera frame.
        axes: Rows: the three half edges.
        colour: Of all its sides.
    """
    signs = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], float)
    quads = ((0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3))
    faces = np.array([[q[a], q[b], q[c]] for q in quads for a, b, c in ((0, 1, 2), (0, 2, 3))], np.int64)
    vertices = centre + signs @ axes
    return Mesh(vertices, faces, np.broadcast_to(np.asarray(colour, float), vertices.shape), is_smooth=False)
