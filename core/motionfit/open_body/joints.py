"""Where the SMPL-H joints lie in a MakeHuman body, as weights on its points."""

import numpy as np
from jaxtyping import Bool, Float
from numpy import ndarray
from scipy.optimize import nnls

from motionfit.open_body.makehuman import BaseMesh
from motionfit.open_body.skeleton import JOINT_COUNT, JOINT_INDEX, MIRROR

# MakeHuman numbers the fingers from the thumb.
_FINGER_NUMBER = {"thumb": 1, "index": 2, "middle": 3, "ring": 4, "pinky": 5}

# Trunk joints lie lower and further back in SMPL than MakeHuman's cubes: blends of both neighbours.
_CUBE_BLEND: dict[str, dict[str, float]] = {
    "pelvis": {"l-upper-leg": 0.225, "r-upper-leg": 0.225, "spine-3": 0.55},
    "spine1": {"spine-3": 0.4, "spine-2": 0.6},
    "spine2": {"spine-2": 0.35, "spine-1": 0.65},
    "spine3": {"spine-1": 0.9, "neck": 0.1},
    "neck": {"neck": 0.6, "head": 0.4},
    "head": {"head": 0.88, "head-2": 0.12},
    "left_collar": {"l-clavicle": 0.3, "l-scapula": 0.7},
    "left_shoulder": {"l-shoulder": 1.0},
    "left_elbow": {"l-elbow": 1.0},
    "left_wrist": {"l-hand": 1.0},
    "left_hip": {"l-upper-leg": 0.9, "r-upper-leg": 0.1},
    "left_knee": {"l-knee": 1.0},
    "left_ankle": {"l-ankle": 1.0},
    "left_foot": {"l-foot-1": 1.0},
    **{
        f"left_{finger}{i}": {f"l-finger-{number}-{i}": 1.0}
        for finger, number in _FINGER_NUMBER.items()
        for i in (1, 2, 3)
    },
}
# Offsets (metres) of what the cubes cannot blend: SMPL's pelvis lies further forward, its knee lower.
_OFFSET = {"pelvis": (0.0, 0.0, 0.012), "left_knee": (0.0, -0.006, 0.0)}
# joint -> (half height, half width) in metres of the slab of surface points that it follows
_RINGS = {
    "pelvis": (0.03, 0.25),
    "spine1": (0.03, 0.25),
    "spine2": (0.03, 0.22),
    "spine3": (0.03, 0.20),
    "left_knee": (0.03, 0.10),
}


def cube_joints(base: BaseMesh, points: Float[ndarray, "points 3"]) -> Float[ndarray, "points joints"]:
    """Returns the weights (points by joints) that give the joints from the joint cubes."""
    weights = np.zeros((len(points), JOINT_COUNT))
    for name, blend in _CUBE_BLEND.items():
        for cube, share in blend.items():
            weights[base.cubes[cube], JOINT_INDEX[name]] = share
    return with_mirrored_joints(weights, base)


def with_mirrored_joints(weights: Float[ndarray, "points joints"], base: BaseMesh) -> Float[ndarray, "points joints"]:
    """Fills the right side with the mirror image of the left."""
    completed = weights.copy()
    for left, right in enumerate(MIRROR):
        if right > left:
            completed[:, right] = weights[base.mirror, left]
    return completed


def ring_weights(ring: Float[ndarray, "ring 3"], location: Float[ndarray, "3"]) -> Float[ndarray, " ring"]:
    """Returns non-negative weights of sum 1, as equal as can be, that give the location."""
    exactness = 1e3
    system = np.vstack([exactness * ring.T, np.full(len(ring), exactness), np.eye(len(ring))])
    wanted = np.concatenate([exactness * location, [exactness], np.full(len(ring), 1.0 / len(ring))])
    weights, _ = nnls(system, wanted)
    return np.asarray(weights / weights.sum())


def joint_weights(base: BaseMesh, points: Float[ndarray, "points 3"]) -> Float[ndarray, "points joints"]:
    """Returns the weights (points by joints) that give the joints of any body.

    Knees, spine and pelvis follow a ring of surface points, since the cubes drift there.

    Args:
        base: the base mesh.
        points: the mean body, in MakeHuman's own pose.
    """
    weights = cube_joints(base, points)
    locations = weights.T @ points
    vertices = points[: base.vertex_count]
    for name, (half_height, half_width) in _RINGS.items():
        joint = JOINT_INDEX[name]
        location = locations[joint] + _OFFSET.get(name, (0.0, 0.0, 0.0))
        near: Bool[ndarray, " vertices"] = (np.abs(vertices[:, 1] - location[1]) < half_height) & (
            np.abs(vertices[:, 0] - location[0]) < half_width
        )
        rows = np.flatnonzero(near)
        weights[:, joint] = 0.0
        weights[rows, joint] = ring_weights(vertices[rows], location)
    return with_mirrored_joints(weights, base)
