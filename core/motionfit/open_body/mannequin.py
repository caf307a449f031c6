"""Fills anatomical detail of chest, navel and groin smoothly, so that the body reads as a mannequin."""

import numpy as np
import scipy.sparse as sp
from jaxtyping import Float
from numpy import ndarray
from scipy.sparse.linalg import splu

from motionfit.open_body.skinning import smoothstep

# centre in the T pose (x of the left one) and radius, metres
_SPOTS: tuple[tuple[tuple[float, float, float], float], ...] = (
    ((0.100, 0.050, 0.142), 0.085),
    ((0.0, -0.138, 0.155), 0.050),
    ((0.0, -0.360, 0.080), 0.085),
)
_FULL_WITHIN = 0.45
_HOLD = 10.0
# a little of a stretched membrane keeps the thin plate from swelling where the mesh is dense
_TENSION = 0.05
_SMALLEST_RELEASE = 1e-3


def detail_mask(vertices: Float[ndarray, "vertices 3"]) -> Float[ndarray, " vertices"]:
    """Returns 1 where detail is to go, fading to 0 (vertices of the neutral T pose, metres)."""
    position = np.column_stack([np.abs(vertices[:, 0]), vertices[:, 1:]])
    mask = np.zeros(len(vertices))
    for centre, radius in _SPOTS:
        distance = np.linalg.norm(position - centre, axis=1)
        mask = np.maximum(mask, 1.0 - smoothstep(distance, _FULL_WITHIN * radius, radius))
    return mask


def filled(
    values: Float[ndarray, "vertices columns"],
    mask: Float[ndarray, " vertices"],
    mean_of_neighbours: sp.csr_array,
) -> Float[ndarray, "vertices columns"]:
    """Replaces the values in the mask by the smoothest continuation of what surrounds them.

    The result is a thin plate under slight tension, held to the old values outside the mask and free
    where the mask is 1. It is linear in the values, hence right for positions and shape directions.
    """
    laplacian = sp.eye_array(len(values), format="csr") - mean_of_neighbours
    degree = 1.0 / mean_of_neighbours.max(axis=1).toarray().ravel()
    stiffness = laplacian.T @ laplacian + _TENSION * (sp.diags_array(degree) @ laplacian)
    hold = _HOLD * ((1.0 - mask) / np.maximum(mask, _SMALLEST_RELEASE)) ** 2
    # solved for the change, so that vertices outside the mask stay exactly as they are
    inside = np.flatnonzero(mask > 0)
    system = sp.csr_array(stiffness + sp.diags_array(hold))[inside][:, inside]
    force = -np.ascontiguousarray((stiffness @ values)[inside])
    result = values.copy()
    result[inside] += splu(sp.csc_array(system)).solve(force)
    return result
