"""Pose blend shapes that make linear blend skinning look like dual-quaternion skinning.

When one joint turns, a vertex that moves with it by the share w should turn by that share of the
angle about the joint; linear blending instead cuts through the chord, and elbows and shoulders
collapse. The difference, taken back to the rest pose, is regressed on the joint's rotation matrix.
"""

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray
from scipy.spatial.transform import Rotation

from motionfit.open_body.skeleton import (
    JOINT_COUNT,
    JOINT_NAMES,
    MIRROR,
    MIRROR_SIGN,
    descendants,
)

_SAMPLES = 120
_RIDGE = 0.02
_SMALLEST = 8e-5
_DECIMALS = 5
_LIMIT_DEGREES = {"spine": 50.0, "neck": 60.0, "head": 60.0, "collar": 45.0, "foot": 60.0, "wrist": 80.0}
_DEFAULT_LIMIT_DEGREES = 125.0


def sample_rotations(joint: int, rng: np.random.Generator) -> Float[ndarray, "samples 3 3"]:
    """Samples rotations of a joint about any axis up to its limit."""
    limits = [degrees for part, degrees in _LIMIT_DEGREES.items() if part in JOINT_NAMES[joint]]
    limit = np.radians(limits[0] if limits else _DEFAULT_LIMIT_DEGREES)
    axes = rng.normal(size=(_SAMPLES, 3))
    axes /= np.linalg.norm(axes, axis=1, keepdims=True)
    turns = axes * rng.uniform(0.0, limit, (_SAMPLES, 1))
    return np.asarray(Rotation.from_rotvec(turns).as_matrix())


def wanted_offsets(
    arms: Float[ndarray, "vertices 3"],
    shares: Float[ndarray, " vertices"],
    rotations: Float[ndarray, "samples 3 3"],
) -> Float[ndarray, "samples vertices 3"]:
    """Returns the rest-pose offsets with which linear blending meets dual quaternions.

    Args:
        arms: vertices relative to the joint (metres).
        shares: how much of the joint's motion each vertex takes.
        rotations: of the joint.
    """
    full = Rotation.from_matrix(rotations).as_quat(canonical=True)
    still = np.array([0.0, 0.0, 0.0, 1.0])
    blended = shares[None, :, None] * full[:, None] + (1.0 - shares)[None, :, None] * still
    partial = Rotation.from_quat(blended.reshape(-1, 4)).as_matrix()
    partial = partial.reshape(len(rotations), len(arms), 3, 3)
    linear = np.eye(3) + shares[None, :, None, None] * (rotations[:, None] - np.eye(3))
    missing = np.einsum("svab,vb->sva", partial - linear, arms)
    return np.linalg.solve(linear, missing[..., None])[..., 0]


def ridge(
    features: Float[ndarray, "samples features"],
    targets: Float[ndarray, "samples outputs"],
    strength: float,
) -> Float[ndarray, "features outputs"]:
    """Least squares with a penalty on the coefficients, per sample."""
    normal = features.T @ features + strength * len(features) * np.eye(features.shape[1])
    return np.asarray(np.linalg.solve(normal, features.T @ targets))


def pose_directions(
    vertices: Float[ndarray, "vertices 3"],
    joints: Float[ndarray, "joints 3"],
    weights: Float[ndarray, "vertices joints"],
    mirror: Int[ndarray, " vertices"],
    rng: np.random.Generator,
) -> Float[ndarray, "vertices 3 features"]:
    """Fits the pose blend shapes; features are the entries of R - I of joints 1 to 51."""
    directions = np.zeros((len(vertices), 3, JOINT_COUNT, 3, 3))
    flips = np.multiply.outer(MIRROR_SIGN, np.multiply.outer(MIRROR_SIGN, MIRROR_SIGN))
    for joint, opposite in enumerate(MIRROR):
        if joint == 0 or opposite < joint:
            continue
        shares = weights[:, descendants(joint)].sum(axis=1)
        moving = np.flatnonzero((shares > 1e-3) & (shares < 1.0 - 1e-3))
        rotations = sample_rotations(joint, rng)
        targets = wanted_offsets(vertices[moving] - joints[joint], shares[moving], rotations)
        features = (rotations - np.eye(3)).reshape(_SAMPLES, 9)
        fitted = ridge(features, targets.reshape(_SAMPLES, -1), _RIDGE)
        directions[moving, :, joint] = fitted.reshape(3, 3, -1, 3).transpose(2, 3, 0, 1)
        mirrored = flips * directions[mirror][:, :, joint]
        if opposite == joint:
            directions[:, :, joint] = 0.5 * (directions[:, :, joint] + mirrored)
        else:
            directions[:, :, opposite] = mirrored
    directions[np.abs(directions) < _SMALLEST] = 0.0
    return np.round(directions[:, :, 1:].reshape(len(vertices), 3, -1), _DECIMALS)
