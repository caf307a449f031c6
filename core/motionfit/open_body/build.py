"""Wires the steps: from the MakeHuman data to the arrays of the open body's file."""

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from jaxtyping import Bool, Float, Int
from numpy import ndarray

from motionfit.open_body.decimate import HalfMesh, decimate_half
from motionfit.open_body.file import file_arrays
from motionfit.open_body.joints import joint_weights
from motionfit.open_body.landmarks import Landmark, find_landmarks, permutation, slots
from motionfit.open_body.makehuman import BaseMesh, read_base_mesh
from motionfit.open_body.mannequin import detail_mask, filled
from motionfit.open_body.mesh import mirrored_triangles, neighbour_mean, vertex_areas
from motionfit.open_body.population import sample_population
from motionfit.open_body.posedirs import pose_directions
from motionfit.open_body.regressor import joint_regressor
from motionfit.open_body.shape_space import ShapeSpace, shape_space
from motionfit.open_body.skeleton import JOINT_INDEX, JOINT_NAMES
from motionfit.open_body.skinning import skin_weights
from motionfit.open_body.tpose import to_tpose
from motionfit.open_body.visibility import visible_from_outside

logger = logging.getLogger(__name__)

_COMPONENTS = 16
_REGRESSOR_BODIES = 400
_HIDDEN_IMPORTANCE = 1e-4
_HAND_IMPORTANCE = 2.0
_FACE_IMPORTANCE = 2.0


@dataclass(frozen=True)
class BuildSettings:
    """What may be chosen.

    Attributes:
        bodies: adults sampled (≥ 420).
        vertices: target number of vertices of the result (≥ 6,788 for the index slots).
        seed: of all random numbers.
    """

    bodies: int = 1200
    vertices: int = 8400
    seed: int = 20240501

    def __post_init__(self) -> None:
        """Checks the ranges."""
        if self.bodies < _REGRESSOR_BODIES + 20:
            raise ValueError(f"bodies must be at least {_REGRESSOR_BODIES + 20}, not {self.bodies}.")
        if self.vertices < 6800:
            raise ValueError(f"vertices must be at least 6800, not {self.vertices}.")


@dataclass(frozen=True)
class FullBodies:
    """The T-posed population on the full base mesh.

    Attributes:
        base: the base mesh.
        bodies: T-posed vertices (float32, metres).
        joints: their joints.
        weights: skin weights.
        left: faces of the left half.
        right: faces of the right half.
        is_middle: vertices on the mirror plane.
    """

    base: BaseMesh
    bodies: Float[ndarray, "bodies vertices 3"]
    joints: Float[ndarray, "bodies joints 3"]
    weights: Float[ndarray, "vertices joints"]
    left: Int[ndarray, "half 3"]
    right: Int[ndarray, "half 3"]
    is_middle: Bool[ndarray, " vertices"]

    @property
    def triangles(self) -> Int[ndarray, "faces 3"]:
        """All faces."""
        return np.concatenate([self.left, self.right])

    @property
    def mirror(self) -> Int[ndarray, " vertices"]:
        """Mirror image of each vertex."""
        return self.base.mirror[: self.base.vertex_count]


@dataclass(frozen=True)
class Reduced:
    """What decimation keeps.

    Attributes:
        kept: old index of each new vertex.
        mirror: new index of each new vertex's mirror image.
        triangles: faces, new indices.
    """

    kept: Int[ndarray, " kept"]
    mirror: Int[ndarray, " kept"]
    triangles: Int[ndarray, "faces 3"]


def full_bodies(base: BaseMesh, settings: BuildSettings) -> FullBodies:
    """Samples the population and brings it to the T pose."""
    rng = np.random.default_rng(settings.seed)
    population = sample_population(base, settings.bodies, rng)
    mean = population.mean(axis=0, dtype=np.float64)
    count = base.vertex_count
    is_middle = base.mirror[:count] == np.arange(count)
    side = np.where(is_middle, 0.0, mean[:count, 0])
    left, right = mirrored_triangles(base.quads, base.mirror, side)
    of_joints = joint_weights(base, mean)
    mean_of_neighbours = neighbour_mean(np.concatenate([left, right]), count)
    weights = skin_weights(base, mean[:count], of_joints.T @ mean, mean_of_neighbours)
    sparse_weights, sparse_joints = sp.csr_array(weights), sp.csr_array(of_joints.T)
    bodies = np.empty((len(population), count, 3), dtype=np.float32)
    joints = np.empty((len(population), len(JOINT_NAMES), 3))
    for index, points in enumerate(population.astype(np.float64)):
        bodies[index], joints[index] = to_tpose(points[:count], sparse_joints @ points, sparse_weights)
    return FullBodies(base, bodies, joints, weights, left, right, is_middle)


def mannequin_shape_space(full: FullBodies) -> ShapeSpace:
    """Returns the shape space of the population with anatomical detail smoothed away."""
    mean = full.bodies.mean(axis=0, dtype=np.float64)
    space = shape_space(full.bodies, vertex_areas(mean, full.triangles), _COMPONENTS)
    logger.info("%d components explain %.2f %% of the variance", _COMPONENTS, 100 * space.explained)
    columns = np.concatenate([space.mean[:, :, None], space.directions], axis=2)
    mean_of_neighbours = neighbour_mean(full.triangles, len(mean))
    columns = filled(columns.reshape(len(mean), -1), detail_mask(mean), mean_of_neighbours)
    # exact mirror symmetry: rounding in the sums must not break it
    columns = columns.reshape(len(mean), 3, -1)
    flipped = columns[full.mirror] * np.array([-1.0, 1.0, 1.0])[None, :, None]
    columns = 0.5 * (columns + flipped)
    return ShapeSpace(columns[:, :, 0], columns[:, :, 1:], space.explained)


def _importance(
    full: FullBodies, vertices: Float[ndarray, "vertices 3"], visible: Bool[ndarray, " vertices"]
) -> Float[ndarray, " vertices"]:
    """Returns how much the loss of each vertex matters: hands and face more, hidden ones less."""
    hand = [i for i, name in enumerate(JOINT_NAMES) if name[-1] in "123" and "spine" not in name]
    hand += [JOINT_INDEX["left_wrist"], JOINT_INDEX["right_wrist"]]
    head = full.weights[:, JOINT_INDEX["head"]]
    face = head * (vertices[:, 2] > full.joints[:, JOINT_INDEX["head"], 2].mean() + 0.03)
    importance = 1.0 + (_HAND_IMPORTANCE - 1.0) * full.weights[:, hand].sum(axis=1)
    importance += (_FACE_IMPORTANCE - 1.0) * face
    return np.where(visible, importance, _HIDDEN_IMPORTANCE)


def reduce_mesh(full: FullBodies, vertices: Float[ndarray, "vertices 3"], target: int) -> Reduced:
    """Decimates the neutral body and puts the landmarks at their slots."""
    visible = visible_from_outside(vertices, full.triangles)
    visible &= visible[full.mirror]
    neutral_joints = full.joints.mean(axis=0)
    found: dict[Landmark, int] = find_landmarks(vertices, neutral_joints, full.weights, visible, full.is_middle)
    importance = _importance(full, vertices, visible)
    half = HalfMesh(vertices, full.left, full.is_middle, full.weights, importance)
    kept_left, left = decimate_half(half, set(found.values()), target)
    sides = kept_left[~full.is_middle[kept_left]]
    old = np.concatenate([kept_left, full.mirror[sides]])
    rank = np.full(len(vertices), -1)
    rank[old] = np.arange(len(old))
    wanted = {slot: int(rank[vertex]) for slot, vertex in slots(found, full.mirror).items()}
    kept = old[permutation(len(old), wanted)]
    new_index = np.full(len(vertices), -1)
    new_index[kept] = np.arange(len(kept))
    triangles = np.concatenate([left, full.mirror[left][:, ::-1]])
    return Reduced(kept, new_index[full.mirror[kept]], new_index[triangles])


def build(source: Path, settings: BuildSettings) -> dict[str, ndarray]:
    """Builds the open body.

    Args:
        source: the MPFB2 data folder.
        settings: what may be chosen.

    Returns:
        The arrays of the file.
    """
    full = full_bodies(read_base_mesh(source), settings)
    logger.info("%d bodies in T pose", len(full.bodies))
    space = mannequin_shape_space(full)
    reduced = reduce_mesh(full, space.mean, settings.vertices)
    logger.info("%d vertices and %d faces kept", len(reduced.kept), len(reduced.triangles))
    rng = np.random.default_rng(settings.seed + 1)
    order = rng.permutation(len(full.bodies))
    training, unseen = order[:_REGRESSOR_BODIES], order[_REGRESSOR_BODIES:]
    skinned = np.flatnonzero(~full.base.is_eye[reduced.kept])
    regressor = joint_regressor(
        full.bodies[training][:, reduced.kept].astype(np.float64),
        full.joints[training],
        reduced.mirror,
        skinned,
    )
    residual = regressor @ full.bodies[unseen][:, reduced.kept] - full.joints[unseen]
    distance = 1e3 * np.linalg.norm(residual, axis=2)
    logger.info(
        "joint regressor on unseen bodies: %.1f mm mean, %.1f mm 95th percentile",
        distance.mean(),
        np.percentile(distance, 95),
    )
    template = space.mean[reduced.kept]
    weights = full.weights[reduced.kept]
    posedirs = pose_directions(template, regressor @ template, weights, reduced.mirror, rng)
    logger.info("pose blend shapes fitted")
    directions = space.directions[reduced.kept]
    return file_arrays(template, reduced.triangles, directions, posedirs, regressor, weights)
