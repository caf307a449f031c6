"""The vertex indices that programs around SMPL-H hard-code, and which point of our body goes there.

smplx reads 21 landmark vertices; the motion-fitting literature uses 43 surface keypoints. Our
vertices are permuted so that the same point of the body sits at the same index.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray

from motionfit.open_body.skeleton import JOINT_INDEX


@dataclass(frozen=True)
class Landmark:
    """A surface point and its indices.

    Attributes:
        name: what it is.
        left: index of the left (or middle) vertex, if used.
        right: index of the right vertex, if used.
        joint: joint from which it is found.
        offset: from that joint (metres, T pose, left side).
        is_tip: take the vertex furthest in the offset's direction, not the one nearest to its end.
    """

    name: str
    left: int | None
    right: int | None
    joint: str
    offset: tuple[float, float, float]
    is_tip: bool = False

    @property
    def is_middle(self) -> bool:
        """Whether the point lies on the mirror plane."""
        return self.offset[0] == 0.0


KEYPOINTS: tuple[Landmark, ...] = (
    Landmark("thigh", 920, 4404, "left_hip", (0.045, -0.285, 0.080)),
    Landmark("sternum", 3076, None, "spine3", (0.0, 0.045, 0.130)),
    Landmark("clavicle notch", 3169, None, "spine3", (0.0, 0.105, 0.090)),
    Landmark("hip", 823, 4310, "pelvis", (0.175, -0.075, 0.025)),
    Landmark("knee", 1010, 4495, "left_knee", (0.018, -0.008, 0.050)),
    Landmark("shin", 1085, 4569, "left_knee", (-0.005, -0.140, 0.015)),
    Landmark("big toe", 3217, 6615, "left_foot", (-0.018, 0.006, 0.072)),
    Landmark("ankle", 3313, 6713, "left_ankle", (0.030, 0.005, 0.005)),
    Landmark("heel", 3383, 6785, "left_ankle", (0.007, -0.040, -0.050)),
    Landmark("small toe", 3207, 6607, "left_foot", (0.041, 0.004, 0.028)),
    Landmark("scapula", 1241, 4194, "spine3", (0.085, 0.060, -0.060)),
    Landmark("upper arm", 1508, None, "left_shoulder", (0.125, 0.035, -0.015)),
    Landmark("front shoulder", 1306, 4797, "left_shoulder", (-0.005, 0.025, 0.040)),
    Landmark("biceps", None, 4122, "left_shoulder", (0.150, -0.005, 0.030)),
    Landmark("elbow", 1618, 5135, "left_elbow", (0.005, 0.010, -0.030)),
    Landmark("forearm", 1569, 5040, "left_elbow", (0.110, 0.035, 0.0)),
    Landmark("wrist thumb side", 2230, 5691, "left_elbow", (0.235, 0.005, 0.020)),
    Landmark("hand back", 2173, 5636, "left_wrist", (0.080, 0.008, 0.020)),
    Landmark("wrist pinky side", 2108, 5404, "left_elbow", (0.235, 0.005, -0.030)),
    Landmark("temple", 134, 3645, "head", (0.050, 0.070, 0.075)),
    Landmark("back waist", 3123, 6543, "pelvis", (0.045, 0.040, -0.065)),
    Landmark("mid back waist", 3024, None, "pelvis", (0.0, 0.045, -0.065)),
    Landmark("back head", 182, 3694, "head", (0.045, 0.070, -0.070)),
    Landmark("front waist", None, 4294, "pelvis", (0.120, 0.025, 0.100)),
    Landmark("shoulder top", 744, None, "left_shoulder", (-0.030, 0.045, 0.0)),
)
# the order in which the literature lists the keypoints' vertices
KEYPOINT_ORDER: tuple[int, ...] = (
    *(4404, 920, 3076, 3169, 823, 4310, 1010, 1085, 4495, 4569, 6615, 3217, 3313, 6713, 6785, 3383),
    *(6607, 3207, 1241, 1508, 4797, 4122, 1618, 1569, 5135, 5040, 5691, 5636, 5404, 2230, 2173, 2108),
    *(134, 3645, 6543, 3123, 3024, 4194, 1306, 182, 3694, 4294, 744),
)
SMPLX_LANDMARKS: tuple[Landmark, ...] = (
    Landmark("nose", 332, None, "head", (0.0, -0.015, 0.120)),
    Landmark("eye", 2800, 6260, "head", (0.029, 0.022, 0.091)),
    Landmark("ear", 583, 4071, "head", (0.080, 0.005, -0.005)),
    Landmark("thumb", 2746, 6191, "left_thumb3", (0.025, -0.010, 0.015), is_tip=True),
    Landmark("index", 2319, 5782, "left_index3", (0.025, 0.0, 0.002), is_tip=True),
    Landmark("middle", 2445, 5905, "left_middle3", (0.025, 0.0, 0.0001), is_tip=True),
    Landmark("ring", 2556, 6016, "left_ring3", (0.025, 0.0, -0.002), is_tip=True),
    Landmark("pinky", 2673, 6133, "left_pinky3", (0.020, 0.0, -0.003), is_tip=True),
    Landmark("big toe tip", 3216, 6617, "left_foot", (-0.022, 0.004, 0.072)),
    Landmark("small toe tip", 3226, 6624, "left_foot", (0.036, 0.0, 0.031)),
    Landmark("heel bottom", 3387, 6787, "left_ankle", (-0.004, -0.041, -0.052)),
)


def find_landmarks(
    vertices: Float[ndarray, "vertices 3"],
    joints: Float[ndarray, "joints 3"],
    weights: Float[ndarray, "vertices joints"],
    allowed: Bool[ndarray, " vertices"],
    is_middle: Bool[ndarray, " vertices"],
) -> dict[Landmark, int]:
    """Finds the left (or middle) vertex of every landmark, each a different one.

    Args:
        vertices: the neutral body in the T pose (metres).
        joints: its joints.
        weights: its skin weights.
        allowed: vertices that may be used (seen from outside).
        is_middle: vertices on the mirror plane.
    """
    found: dict[Landmark, int] = {}
    free = allowed.copy()
    for landmark in (*SMPLX_LANDMARKS, *KEYPOINTS):
        joint = JOINT_INDEX[landmark.joint]
        arms = vertices - joints[joint]
        offset = np.array(landmark.offset)
        usable = free & (is_middle if landmark.is_middle else ~is_middle & (vertices[:, 0] > 0))
        if landmark.is_tip:
            usable &= weights.argmax(axis=1) == joint
            rating = -(arms @ offset)
        else:
            rating = np.linalg.norm(arms - offset, axis=1)
        vertex = int(np.argmin(np.where(usable, rating, np.inf)))
        found[landmark] = vertex
        free[vertex] = False
    return found


def slots(found: dict[Landmark, int], mirror: Int[ndarray, " vertices"]) -> dict[int, int]:
    """Returns which vertex is to sit at each hard-coded index."""
    wanted: dict[int, int] = {}
    for landmark, vertex in found.items():
        if landmark.left is not None:
            wanted[landmark.left] = vertex
        if landmark.right is not None:
            wanted[landmark.right] = int(mirror[vertex])
    return wanted


def permutation(count: int, wanted: dict[int, int]) -> Int[ndarray, " vertices"]:
    """Returns the old index of each new vertex, with the wanted ones at their slots.

    Raises:
        ValueError: the body has too few vertices for the slots.
    """
    if count <= max(wanted):
        raise ValueError(f"{count} vertices are too few for the slot {max(wanted)}.")
    taken = set(wanted.values())
    rest = iter(vertex for vertex in range(count) if vertex not in taken)
    return np.array([wanted[index] if index in wanted else next(rest) for index in range(count)])
