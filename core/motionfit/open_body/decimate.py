"""Mirror-symmetric decimation by half-edge collapse.

Kept vertices are a subset of the old ones, so every attribute of the body is only indexed. Only the
left half is worked on: middle vertices may collapse only along the middle line, so that the half and
its mirror image still fit together.
"""

import heapq
from collections import defaultdict

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray

_LENGTH_COST = 0.002
_ATTRIBUTE_COST = 1e-5
_SMALLEST_COSINE = 0.3
_SMALLEST_QUALITY = 0.12
_LARGEST_VALENCE = 10


class HalfMesh:
    """The left half of a closed mesh, changed by collapses.

    Args:
        vertices: positions of all vertices (metres).
        triangles: faces of the left half.
        is_middle: vertices on the mirror plane.
        attributes: what else should not be lost between neighbours (skin weights).
        importance: factor on the cost of losing a vertex.
    """

    def __init__(
        self,
        vertices: Float[ndarray, "vertices 3"],
        triangles: Int[ndarray, "faces 3"],
        is_middle: Bool[ndarray, " vertices"],
        attributes: Float[ndarray, "vertices attributes"],
        importance: Float[ndarray, " vertices"],
    ) -> None:
        self.vertices = vertices
        self.is_middle = is_middle
        self.attributes = attributes
        self.importance = importance
        self.faces: dict[int, tuple[int, int, int]] = {
            index: (int(a), int(b), int(c)) for index, (a, b, c) in enumerate(triangles)
        }
        self.faces_of: defaultdict[int, set[int]] = defaultdict(set)
        for index, face in self.faces.items():
            for corner in face:
                self.faces_of[corner].add(index)
        self.quadrics, self.areas = _quadrics(vertices, triangles)

    def neighbours(self, vertex: int) -> set[int]:
        """Returns the vertices that share a face with the vertex."""
        found = {corner for face in self.faces_of[vertex] for corner in self.faces[face]}
        found.discard(vertex)
        return found

    def cost(self, lost: int, kept: int) -> float:
        """Returns what is lost when the first vertex moves onto the second (m⁴)."""
        position = np.append(self.vertices[kept], 1.0)
        error = float(position @ (self.quadrics[lost] + self.quadrics[kept]) @ position)
        step = self.vertices[lost] - self.vertices[kept]
        change = self.attributes[lost] - self.attributes[kept]
        spread = _LENGTH_COST * float(step @ step) + _ATTRIBUTE_COST * float(change @ change)
        return float(self.importance[lost] * (max(error, 0.0) + self.areas[lost] * spread))

    def may_collapse(self, lost: int, kept: int) -> bool:
        """Tells whether the mesh stays closed, symmetric, unfolded and well shaped."""
        shared = self.faces_of[lost] & self.faces_of[kept]
        around_lost, around_kept = self.neighbours(lost), self.neighbours(kept)
        common = around_lost & around_kept
        if len(common) != len(shared) or len(self.faces_of[lost]) - len(shared) < 1:
            return False
        if len(around_lost | around_kept) - 2 > _LARGEST_VALENCE:
            return False
        if any(len(self.neighbours(w)) <= 3 and not self.is_middle[w] for w in common):
            return False
        if self.is_middle[lost]:
            if not self.is_middle[kept] or len(shared) != 1:
                return False
        elif self.is_middle[kept] and any(self.is_middle[w] and w not in common for w in around_lost - {kept}):
            return False
        return self._faces_stay_good(lost, kept, shared)

    def _faces_stay_good(self, lost: int, kept: int, shared: set[int]) -> bool:
        for index in self.faces_of[lost] - shared:
            face = self.faces[index]
            old = self.vertices[list(face)]
            new = self.vertices[[kept if corner == lost else corner for corner in face]]
            old_normal, old_quality = _normal_and_quality(old)
            new_normal, new_quality = _normal_and_quality(new)
            if float(old_normal @ new_normal) < _SMALLEST_COSINE:
                return False
            if new_quality < min(_SMALLEST_QUALITY, 0.9 * old_quality):
                return False
        return True

    def collapse(self, lost: int, kept: int) -> None:
        """Moves one vertex onto another and drops the faces between them."""
        for index in list(self.faces_of[lost]):
            face = self.faces[index]
            if kept in face:
                for corner in face:
                    self.faces_of[corner].discard(index)
                del self.faces[index]
                continue
            a, b, c = (kept if corner == lost else corner for corner in face)
            self.faces[index] = (a, b, c)
            self.faces_of[kept].add(index)
        del self.faces_of[lost]
        self.quadrics[kept] += self.quadrics[lost]
        self.areas[kept] += self.areas[lost]


def _quadrics(
    vertices: Float[ndarray, "vertices 3"], triangles: Int[ndarray, "faces 3"]
) -> tuple[Float[ndarray, "vertices 4 4"], Float[ndarray, " vertices"]]:
    """Returns the area-weighted plane quadrics and the area of each vertex (Garland, Heckbert 1997)."""
    a, b, c = (vertices[triangles[:, i]] for i in range(3))
    normal = np.cross(b - a, c - a)
    length = np.linalg.norm(normal, axis=1)
    unit = normal / np.maximum(length, 1e-15)[:, None]
    plane = np.column_stack([unit, -np.sum(unit * a, axis=1)])
    area = length / 6.0
    outer = area[:, None, None] * plane[:, :, None] * plane[:, None, :]
    quadrics = np.zeros((len(vertices), 4, 4))
    areas = np.zeros(len(vertices))
    for i in range(3):
        np.add.at(quadrics, triangles[:, i], outer)
        np.add.at(areas, triangles[:, i], area)
    return quadrics, areas


def _normal_and_quality(corners: Float[ndarray, "3 3"]) -> tuple[Float[ndarray, "3"], float]:
    """Returns the unit normal and a shape measure: 1 equilateral, 0 degenerate."""
    u, v = corners[1] - corners[0], corners[2] - corners[0]
    w = u - v
    normal = np.array([u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]])
    twice_area = float(np.sqrt(normal @ normal))
    quality = 2.0 * 3.0**0.5 * twice_area / max(float(u @ u + v @ v + w @ w), 1e-18)
    return normal / max(twice_area, 1e-15), quality


def decimate_half(
    mesh: HalfMesh, protected: set[int], target: int
) -> tuple[Int[ndarray, " kept"], Int[ndarray, "faces 3"]]:
    """Collapses until the whole body (both halves) has at most `target` vertices.

    Args:
        mesh: the left half; is changed.
        protected: vertices that stay.
        target: vertices of the whole body.

    Returns:
        The vertices kept in the left half and its faces.
    """
    heap: list[tuple[float, int, int, int]] = []
    version: defaultdict[int, int] = defaultdict(int)

    def push(lost: int) -> None:
        if lost in protected:
            return
        for kept in mesh.neighbours(lost):
            stamp = version[lost] + version[kept]
            heapq.heappush(heap, (mesh.cost(lost, kept), lost, kept, stamp))

    for vertex in sorted(mesh.faces_of):
        push(vertex)
    count = sum(1 if mesh.is_middle[vertex] else 2 for vertex in mesh.faces_of)
    while count > target and heap:
        _, lost, kept, stamp = heapq.heappop(heap)
        alive = lost in mesh.faces_of and kept in mesh.faces_of
        if not alive or stamp != version[lost] + version[kept] or not mesh.may_collapse(lost, kept):
            continue
        around = mesh.neighbours(lost) - {kept}
        mesh.collapse(lost, kept)
        count -= 1 if mesh.is_middle[lost] else 2
        for vertex in sorted(around | {kept}):
            version[vertex] += 1
        for vertex in sorted(around | {kept}):
            push(vertex)
    return np.array(sorted(mesh.faces_of)), np.array(list(mesh.faces.values()))
