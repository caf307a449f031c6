"""Principal components of the T-posed bodies."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy import ndarray


@dataclass(frozen=True)
class ShapeSpace:
    """Mean and components at unit variance.

    Attributes:
        mean: the neutral vertices (metres).
        directions: vertices, axes, components (metres per standard deviation).
        explained: share of the area-weighted variance.
    """

    mean: Float[ndarray, "vertices 3"]
    directions: Float[ndarray, "vertices 3 components"]
    explained: float


def shape_space(
    bodies: Float[ndarray, "bodies vertices 3"], areas: Float[ndarray, " vertices"], components: int
) -> ShapeSpace:
    """Finds the area-weighted principal components; component 0 is signed to make taller.

    Args:
        bodies: T-posed bodies (metres).
        areas: area that each vertex stands for.
        components: how many to keep.
    """
    mean = bodies.mean(axis=0, dtype=np.float64)
    centred = (bodies - mean.astype(bodies.dtype)).reshape(len(bodies), -1)
    root_areas = np.repeat(np.sqrt(areas), 3).astype(bodies.dtype)
    weighted = centred * root_areas
    gram = (weighted @ weighted.T).astype(np.float64) / (len(bodies) - 1)
    variances, vectors = np.linalg.eigh(gram)
    order = np.argsort(variances)[::-1][:components]
    # the coefficients of the samples at unit variance are the eigenvectors, scaled
    coefficients = vectors[:, order] * np.sqrt(len(bodies) - 1)
    directions = (coefficients.T.astype(bodies.dtype) @ centred) / (len(bodies) - 1)
    directions = directions.reshape(components, *mean.shape).astype(np.float64)
    directions *= _signs(mean, directions)[:, None, None]
    explained = float(variances[order].sum() / variances.sum())
    return ShapeSpace(mean, directions.transpose(1, 2, 0), explained)


def _signs(
    mean: Float[ndarray, "vertices 3"], directions: Float[ndarray, "components vertices 3"]
) -> Float[ndarray, " components"]:
    """Signs: the first component makes taller, each other has its largest entry positive."""
    flat = directions.reshape(len(directions), -1)
    signs = np.sign(flat[np.arange(len(flat)), np.abs(flat).argmax(axis=1)])
    top, bottom = mean[:, 1].argmax(), mean[:, 1].argmin()
    signs[0] = np.sign(directions[0, top, 1] - directions[0, bottom, 1])
    return np.asarray(signs)
