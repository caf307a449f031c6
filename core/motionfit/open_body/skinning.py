"""Skin weights: MakeHuman's game-engine rig on the SMPL-H joints, and dual-quaternion skinning."""

import numpy as np
import scipy.sparse as sp
from jaxtyping import Float, Int
from numpy import ndarray
from scipy.spatial.transform import Rotation

from motionfit.open_body.makehuman import BaseMesh, read_weights
from motionfit.open_body.skeleton import FINGERS, JOINT_COUNT, JOINT_INDEX, MIRROR

_BONE_OF_JOINT: dict[str, str] = {
    "neck": "neck_01",
    "head": "head",
    **{
        f"{side}_{joint}": f"{bone}_{side[0]}"
        for side in ("left", "right")
        for joint, bone in (
            ("hip", "thigh"),
            ("knee", "calf"),
            ("ankle", "foot"),
            ("foot", "ball"),
            ("collar", "clavicle"),
            ("shoulder", "upperarm"),
            ("elbow", "lowerarm"),
            ("wrist", "hand"),
            *((f"{finger}{i}", f"{finger}_0{i}") for finger in FINGERS for i in (1, 2, 3)),
        )
    },
}
_TRUNK_BONES = ("pelvis", "spine_01", "spine_02", "spine_03")
_TRUNK_JOINTS = ("pelvis", "spine1", "spine2", "spine3")
_SMOOTHING_STEPS = 4
_SMALLEST_WEIGHT = 0.004
_INFLUENCES = 6


def smoothstep(values: Float[ndarray, "*shape"], low: float, high: float) -> Float[ndarray, "*shape"]:
    """Rises smoothly from 0 at `low` to 1 at `high`."""
    t = np.clip((values - low) / (high - low), 0.0, 1.0)
    return np.asarray(t * t * (3.0 - 2.0 * t))


def trunk_shares(
    heights: Float[ndarray, " vertices"], joint_heights: Float[ndarray, "4"]
) -> Float[ndarray, "vertices 4"]:
    """Shares the trunk among pelvis, spine1, spine2 and spine3 by height (metres).

    Each joint's share begins with a smoothstep half as wide as the distance to its neighbours.
    """
    gaps = np.diff(joint_heights)
    reached = [np.ones_like(heights)]
    for index in range(1, 4):
        reach = 0.6 * gaps[max(0, index - 1) : index + 1].mean()
        low, high = joint_heights[index] - reach, joint_heights[index] + reach
        reached.append(np.minimum(reached[-1], smoothstep(heights, low, high)))
    reached.append(np.zeros_like(heights))
    return np.stack([reached[i] - reached[i + 1] for i in range(4)], axis=1)


def prune_weights(
    weights: Float[ndarray, "vertices joints"], smallest: float, influences: int
) -> Float[ndarray, "vertices joints"]:
    """Keeps the largest weights of each vertex and scales them to sum 1.

    Args:
        weights: non-negative, no row all 0.
        smallest: smaller shares are dropped.
        influences: how many joints may hold a vertex.
    """
    shares = weights / weights.sum(axis=1, keepdims=True)
    limit = np.sort(shares, axis=1)[:, -influences][:, None]
    kept = np.where((shares >= smallest) & (shares >= limit), shares, 0.0)
    return np.asarray(kept / kept.sum(axis=1, keepdims=True))


def skin_weights(
    base: BaseMesh,
    vertices: Float[ndarray, "vertices 3"],
    joints: Float[ndarray, "joints 3"],
    mean_of_neighbours: sp.csr_array,
) -> Float[ndarray, "vertices joints"]:
    """Returns mirror-symmetric skin weights of the full mesh.

    Args:
        base: the base mesh.
        vertices: the mean body in MakeHuman's pose (metres).
        joints: its joints.
        mean_of_neighbours: matrix that averages the neighbours of each vertex.
    """
    weights = np.zeros((base.vertex_count, JOINT_COUNT))
    columns = [JOINT_INDEX[name] for name in _BONE_OF_JOINT]
    weights[:, columns] = read_weights(base, "game_engine", tuple(_BONE_OF_JOINT.values()))
    trunk = read_weights(base, "game_engine", _TRUNK_BONES).sum(axis=1)
    trunk_columns = [JOINT_INDEX[name] for name in _TRUNK_JOINTS]
    shares = trunk_shares(vertices[:, 1], joints[trunk_columns, 1])
    weights[:, trunk_columns] = trunk[:, None] * shares
    weights[base.is_eye] = np.eye(JOINT_COUNT)[JOINT_INDEX["head"]]
    weights = mirror_averaged(weights, base.mirror[: base.vertex_count])
    for _ in range(_SMOOTHING_STEPS):
        weights = 0.5 * (weights + mean_of_neighbours @ weights)
    return prune_weights(weights, _SMALLEST_WEIGHT, _INFLUENCES)


def mirror_averaged(
    weights: Float[ndarray, "vertices joints"], mirror: Int[ndarray, " vertices"]
) -> Float[ndarray, "vertices joints"]:
    """Averages the weights with those of the mirror image."""
    return np.asarray(0.5 * (weights + weights[mirror][:, list(MIRROR)]))


def dual_quaternion_skinning(
    vertices: Float[ndarray, "vertices 3"],
    weights: sp.csr_array,
    rotations: Float[ndarray, "joints 3 3"],
    joints: Float[ndarray, "joints 3"],
    posed_joints: Float[ndarray, "joints 3"],
) -> Float[ndarray, "vertices 3"]:
    """Poses vertices by blending the joints' rigid motions as dual quaternions.

    Args:
        vertices: at rest (metres).
        weights: vertices by joints.
        rotations: of each joint from rest, in the world frame.
        joints: at rest.
        posed_joints: where they go.
    """
    real = Rotation.from_matrix(rotations).as_quat(canonical=True)
    shift = posed_joints - np.einsum("jab,jb->ja", rotations, joints)
    # dual part: half of (shift, 0) times the rotation, scalar last
    dual = 0.5 * np.concatenate(
        [
            real[:, 3:] * shift + np.cross(shift, real[:, :3]),
            -np.sum(shift * real[:, :3], axis=1, keepdims=True),
        ],
        axis=1,
    )
    blended = weights @ np.concatenate([real, dual], axis=1)
    blended /= np.linalg.norm(blended[:, :4], axis=1, keepdims=True)
    axis, scalar = blended[:, :3], blended[:, 3:4]
    dual_axis, dual_scalar = blended[:, 4:7], blended[:, 7:]
    turned = vertices + 2.0 * np.cross(axis, np.cross(axis, vertices) + scalar * vertices)
    moved = 2.0 * (scalar * dual_axis - dual_scalar * axis + np.cross(axis, dual_axis))
    return np.asarray(turned + moved)
