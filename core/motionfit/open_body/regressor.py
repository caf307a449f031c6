"""The joint regressor: each joint as a non-negative mean of nearby vertices."""

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray
from scipy.optimize import nnls

from motionfit.open_body.skeleton import JOINT_COUNT, JOINT_NAMES, MIRROR

_CANDIDATES = 160
# the surface lies far from the joints of the trunk: many more vertices until they surround one
_TRUNK_CANDIDATES = 700
_TRUNK = ("pelvis", "spine", "hip", "collar", "neck", "shoulder")
_MEAN_WEIGHT = 30.0
_SUM_WEIGHT = 30.0
_RIDGE = 1e-3


def nonnegative_mean(
    points: Float[ndarray, "samples axes candidates"], wanted: Float[ndarray, "samples axes"]
) -> Float[ndarray, " candidates"]:
    """Finds weights ≥ 0 of sum 1 with which the points give the wanted location in all samples.

    The mean over the samples counts extra, so that the neutral body is met best.
    """
    candidates = points.shape[2]
    root = np.sqrt(len(points))
    rows = points.reshape(-1, candidates)
    extra = _MEAN_WEIGHT * root * points.mean(axis=0)
    system = np.vstack([rows, extra, np.full((1, candidates), _SUM_WEIGHT * root), _RIDGE * root * np.eye(candidates)])
    right = np.concatenate(
        [
            wanted.ravel(),
            _MEAN_WEIGHT * root * wanted.mean(axis=0),
            [_SUM_WEIGHT * root],
            np.zeros(candidates),
        ]
    )
    # the triangular factor has the same least-squares solution and is far smaller
    reduced = np.asarray(np.linalg.qr(np.column_stack([system, right]), mode="r"))
    weights, _ = nnls(reduced[:, :-1], reduced[:, -1])
    return np.asarray(weights / weights.sum())


def joint_regressor(
    bodies: Float[ndarray, "bodies vertices 3"],
    joints: Float[ndarray, "bodies joints 3"],
    mirror: Int[ndarray, " vertices"],
    candidates: Int[ndarray, " candidates"],
) -> Float[ndarray, "joints vertices"]:
    """Fits the regressor on mirror-symmetric T-posed bodies; the result is mirror-symmetric.

    Args:
        bodies: training bodies (metres).
        joints: their joints.
        mirror: mirror image of each vertex.
        candidates: vertices that may be used.
    """
    regressor = np.zeros((JOINT_COUNT, bodies.shape[1]))
    mean, mean_joints = bodies.mean(axis=0), joints.mean(axis=0)
    for joint, opposite in enumerate(MIRROR):
        if opposite < joint:
            continue
        distance = np.linalg.norm(mean[candidates] - mean_joints[joint], axis=1)
        is_trunk = JOINT_NAMES[joint].split("_")[-1].rstrip("123") in _TRUNK
        count = _TRUNK_CANDIDATES if is_trunk else _CANDIDATES
        near = candidates[np.argsort(distance, kind="stable")[:count]]
        if opposite == joint:
            near = np.union1d(near, mirror[near])
        weights = nonnegative_mean(bodies[:, near].transpose(0, 2, 1), joints[:, joint])
        regressor[joint, near] = weights
        regressor[opposite, mirror[near]] = weights
        if opposite == joint:
            regressor[joint] = 0.5 * (regressor[joint] + regressor[joint, mirror])
    return regressor
