"""Smooths anatomical detail of chest, navel and groin away, so that the body reads as a mannequin."""

import numpy as np
import scipy.sparse as sp
from jaxtyping import Float
from numpy import ndarray

from motionfit.open_body.skinning import smoothstep

# centre in the T pose (x of the left one) and radius, metres
_SPOTS: tuple[tuple[tuple[float, float, float], float], ...] = (
    ((0.092, 0.045, 0.13), 0.060),
    ((0.0, -0.155, 0.13), 0.035),
    ((0.0, -0.350, 0.05), 0.070),
)
_STEPS = 40


def detail_mask(vertices: Float[ndarray, "vertices 3"]) -> Float[ndarray, " vertices"]:
    """Returns 1 where detail is to go, fading to 0 (vertices of the neutral T pose, metres)."""
    mirrored = np.abs(vertices[:, 0])
    position = np.column_stack([mirrored, vertices[:, 1:]])
    mask = np.zeros(len(vertices))
    for centre, radius in _SPOTS:
        distance = np.linalg.norm(position - centre, axis=1)
        mask = np.maximum(mask, 1.0 - smoothstep(distance, 0.4 * radius, radius))
    return mask


def smoothed(
    values: Float[ndarray, "vertices columns"],
    mask: Float[ndarray, " vertices"],
    mean_of_neighbours: sp.csr_array,
) -> Float[ndarray, "vertices columns"]:
    """Diffuses the values where the mask is; linear, so good for positions and shape directions."""
    for _ in range(_STEPS):
        values = values + 0.5 * mask[:, None] * (mean_of_neighbours @ values - values)
    return values
