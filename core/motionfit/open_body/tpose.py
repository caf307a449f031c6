"""Brings bodies from MakeHuman's pose to SMPL's T pose with one global rotation per joint."""

import numpy as np
import scipy.sparse as sp
from jaxtyping import Float
from numpy import ndarray
from scipy.spatial.transform import Rotation

from motionfit.open_body.skeleton import (
    FINGERS,
    JOINT_COUNT,
    JOINT_INDEX,
    MIRROR,
    MIRROR_SIGN,
    PARENTS,
)
from motionfit.open_body.skinning import dual_quaternion_skinning

PELVIS = np.array([0.0, -0.22, 0.028])
_LEAN_DEGREES = {
    "pelvis": -6.0,
    "spine1": -5.6,
    "spine2": -5.8,
    "spine3": -4.0,
    "neck": -2.0,
    "head": -2.0,
}
_COLLAR_DEGREES = 20.0
_FOOT_OUT_DEGREES = 5.5
# joint -> (next joint, direction of that bone in the T pose); left is +x, forward is +z
_BONES: dict[str, tuple[str, tuple[float, float, float]]] = {
    "left_hip": ("left_knee", (0.062, -0.998, -0.012)),
    "left_knee": ("left_ankle", (-0.026, -0.994, -0.105)),
    "left_shoulder": ("left_elbow", (0.994, -0.035, -0.104)),
    "left_elbow": ("left_wrist", (1.0, 0.017, -0.017)),
}
_DROOP = -0.055
# direction of the finger bones in the T pose
_FINGER_DIRECTION: dict[str, tuple[tuple[float, float, float], ...]] = {
    "index": ((1.0, _DROOP, 0.085),) * 2,
    "middle": ((1.0, _DROOP, 0.0),) * 2,
    "ring": ((1.0, _DROOP, -0.07),) * 2,
    "pinky": ((1.0, _DROOP, -0.155),) * 2,
    "thumb": ((0.57, -0.47, 0.68), (0.75, -0.31, 0.59)),
}


def swing(start: Float[ndarray, "3"], end: tuple[float, float, float] | Float[ndarray, "3"]) -> Float[ndarray, "3 3"]:
    """Returns the smallest rotation that takes one direction to another."""
    a, b = start / np.linalg.norm(start), np.asarray(end) / np.linalg.norm(end)
    axis, cosine = np.cross(a, b), float(a @ b)
    cross = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    return np.asarray(np.eye(3) + cross + cross @ cross / (1.0 + cosine))


def _hand_rotation(joints: Float[ndarray, "joints 3"]) -> Float[ndarray, "3 3"]:
    """Returns the rotation of the left hand: middle finger along +x, palm down."""
    wrist, middle, index, pinky = (
        joints[JOINT_INDEX[f"left_{name}"]] for name in ("wrist", "middle1", "index1", "pinky1")
    )
    along = (middle - wrist) / np.linalg.norm(middle - wrist)
    across = index - pinky - ((index - pinky) @ along) * along
    across /= np.linalg.norm(across)
    return np.stack([along, np.cross(across, along), across])


def tpose_rotations(joints: Float[ndarray, "joints 3"]) -> Float[ndarray, "joints 3 3"]:
    """Returns the rotation of every joint, in the world frame, that makes the T pose.

    Args:
        joints: of one mirror-symmetric body in MakeHuman's pose (metres).
    """
    rotations = np.tile(np.eye(3), (JOINT_COUNT, 1, 1))
    for name, degrees in _LEAN_DEGREES.items():
        rotations[JOINT_INDEX[name]] = Rotation.from_euler("x", degrees, degrees=True).as_matrix()
    raise_collar = Rotation.from_euler("z", _COLLAR_DEGREES, degrees=True).as_matrix()
    rotations[JOINT_INDEX["left_collar"]] = raise_collar @ rotations[JOINT_INDEX["spine3"]]
    rotations[JOINT_INDEX["left_hip"]] = rotations[JOINT_INDEX["pelvis"]]
    for name, (child, direction) in _BONES.items():
        index = JOINT_INDEX[name]
        before = rotations[PARENTS[index]]
        bone = joints[JOINT_INDEX[child]] - joints[index]
        rotations[index] = swing(before @ bone, direction) @ before
    turn_foot = Rotation.from_euler("y", _FOOT_OUT_DEGREES, degrees=True).as_matrix()
    rotations[[JOINT_INDEX["left_ankle"], JOINT_INDEX["left_foot"]]] = turn_foot
    rotations[JOINT_INDEX["left_wrist"]] = _hand_rotation(joints)
    _straighten_fingers(rotations, joints)
    flip = np.diag(MIRROR_SIGN)
    for left, right in enumerate(MIRROR):
        if right > left:
            rotations[right] = flip @ rotations[left] @ flip
    return rotations


def _straighten_fingers(rotations: Float[ndarray, "joints 3 3"], joints: Float[ndarray, "joints 3"]) -> None:
    """Writes the rotations of the left fingers; the last bone goes on in line."""
    for finger in FINGERS:
        for i in (1, 2, 3):
            index = JOINT_INDEX[f"left_{finger}{i}"]
            before = rotations[PARENTS[index]]
            rotations[index] = before
            if i < 3:
                bone = before @ (joints[index + 1] - joints[index])
                rotations[index] = swing(bone, _FINGER_DIRECTION[finger][i - 1]) @ before


def forward_kinematics(
    rotations: Float[ndarray, "joints 3 3"], joints: Float[ndarray, "joints 3"]
) -> Float[ndarray, "joints 3"]:
    """Returns the posed joints, with the pelvis at `PELVIS`."""
    posed = np.empty_like(joints)
    posed[0] = PELVIS
    for joint, parent in enumerate(PARENTS):
        if parent >= 0:
            posed[joint] = posed[parent] + rotations[parent] @ (joints[joint] - joints[parent])
    return posed


def to_tpose(
    vertices: Float[ndarray, "vertices 3"],
    joints: Float[ndarray, "joints 3"],
    weights: sp.csr_array,
) -> tuple[Float[ndarray, "vertices 3"], Float[ndarray, "joints 3"]]:
    """Returns the vertices and the joints of one body in the T pose."""
    rotations = tpose_rotations(joints)
    posed = forward_kinematics(rotations, joints)
    return dual_quaternion_skinning(vertices, weights, rotations, joints, posed), posed
