"""A relaxed hand and a basis of hand poses, as SMPL-H files carry them.

In the T pose the left hand points along +x with the palm down, so bending a finger turns it about -z
and spreading turns it about y. The right hand mirrors the left: an axis-angle vector keeps x and
changes the sign of y and z.
"""

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from motionfit.open_body.skeleton import FINGERS

_HAND_JOINTS = 15
_BEND_AXIS = np.array([0.0, 0.0, -1.0])
_THUMB_BEND_AXIS = np.array([0.45, -0.75, -0.48])
_SPREAD_AXIS = np.array([0.0, -1.0, 0.0])
# bend of the three joints of a relaxed finger (radians)
_RELAXED_BEND = {
    "index": (0.22, 0.24, 0.12),
    "middle": (0.28, 0.26, 0.14),
    "pinky": (0.32, 0.22, 0.14),
    "ring": (0.30, 0.26, 0.14),
    "thumb": (0.12, 0.10, 0.12),
}
_SPREAD = {"index": 1.0, "middle": 0.3, "ring": -0.4, "pinky": -1.0, "thumb": 0.5}


def relaxed_left_hand() -> Float[ndarray, "45"]:
    """Returns the axis-angle pose (radians) of a relaxed left hand."""
    pose = np.zeros((_HAND_JOINTS, 3))
    for index, finger in enumerate(FINGERS):
        pose[3 * index : 3 * index + 3] = np.outer(_RELAXED_BEND[finger], _bend_axis(finger))
    return pose.ravel()


def _bend_axis(finger: str) -> Float[ndarray, "3"]:
    axis = _THUMB_BEND_AXIS if finger == "thumb" else _BEND_AXIS
    return np.asarray(axis / np.linalg.norm(axis))


def left_hand_basis() -> Float[ndarray, "45 45"]:
    """Returns orthonormal rows: the bend of each finger, the spread, then what is left."""
    rows = []
    for index, finger in enumerate(FINGERS):
        bend = np.zeros((_HAND_JOINTS, 3))
        bend[3 * index : 3 * index + 3] = _bend_axis(finger)
        rows.append(bend.ravel())
    spread = np.zeros((_HAND_JOINTS, 3))
    for index, finger in enumerate(FINGERS):
        spread[3 * index] = _SPREAD[finger] * _SPREAD_AXIS
    rows.append(spread.ravel())
    vectors = np.vstack([*rows, np.eye(3 * _HAND_JOINTS)])
    basis: list[Float[ndarray, 45]] = []
    for vector in vectors:
        rest = vector - sum((vector @ row) * row for row in basis)
        length = np.linalg.norm(rest)
        if length > 1e-6:
            basis.append(rest / length)
    return np.array(basis)


def mirrored_hand(poses: Float[ndarray, "*poses 45"]) -> Float[ndarray, "*poses 45"]:
    """Returns the right hand's poses of the left's, and the other way round."""
    return np.asarray(poses * np.tile([1.0, -1.0, -1.0], _HAND_JOINTS))
