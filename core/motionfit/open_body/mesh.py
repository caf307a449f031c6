"""Small facts about meshes: neighbours, triangles, areas, normals."""

import numpy as np
import scipy.sparse as sp
from jaxtyping import Float, Int
from numpy import ndarray


def mirrored_triangles(
    quads: Int[ndarray, "quads 4"], mirror: Int[ndarray, " points"], left: Float[ndarray, " points"]
) -> tuple[Int[ndarray, "half 3"], Int[ndarray, "half 3"]]:
    """Splits the quads in triangles, left and right as mirror images.

    Args:
        quads: faces, none of which crosses the middle.
        mirror: mirror image of each vertex.
        left: coordinate that is positive on the left, 0 in the middle.

    Returns:
        The triangles of the left half and of the right half, both wound outwards.
    """
    half = quads[left[quads].sum(axis=1) > 0]
    triangles = np.concatenate([half[:, [0, 1, 2]], half[:, [0, 2, 3]]])
    return triangles, mirror[triangles][:, ::-1]


def directed_edges(triangles: Int[ndarray, "faces 3"]) -> Int[ndarray, "edges 2"]:
    """Returns the three directed edges of every triangle."""
    return np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])


def is_closed(triangles: Int[ndarray, "faces 3"]) -> bool:
    """Tells whether every directed edge occurs once and has its opposite."""
    edges = {(int(a), int(b)) for a, b in directed_edges(triangles)}
    return len(edges) == 3 * len(triangles) and all((b, a) in edges for a, b in edges)


def neighbour_mean(triangles: Int[ndarray, "faces 3"], count: int) -> sp.csr_array:
    """Returns the matrix that averages the neighbours of each vertex."""
    edges = directed_edges(triangles)
    both = np.concatenate([edges, edges[:, ::-1]])
    adjacency = sp.csr_array((np.ones(len(both)), (both[:, 0], both[:, 1])), shape=(count, count))
    adjacency.data[:] = 1.0
    degree = np.asarray(adjacency.sum(axis=1)).ravel()
    return sp.csr_array(sp.diags_array(1.0 / degree) @ adjacency)


def face_normals(
    vertices: Float[ndarray, "vertices 3"], triangles: Int[ndarray, "faces 3"]
) -> Float[ndarray, "faces 3"]:
    """Returns the normals of the faces, twice the area long."""
    a, b, c = (vertices[triangles[:, i]] for i in range(3))
    return np.cross(b - a, c - a)


def vertex_areas(
    vertices: Float[ndarray, "vertices 3"], triangles: Int[ndarray, "faces 3"]
) -> Float[ndarray, " vertices"]:
    """Returns a third of the area (m²) of the faces round each vertex."""
    areas = np.linalg.norm(face_normals(vertices, triangles), axis=1) / 6.0
    return np.bincount(triangles.ravel(), np.repeat(areas, 3), minlength=len(vertices))
