"""The arrays of an SMPL-H file."""

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray

from motionfit.open_body.hands import left_hand_basis, mirrored_hand, relaxed_left_hand
from motionfit.open_body.landmarks import KEYPOINT_ORDER, KEYPOINTS, SMPLX_LANDMARKS, Landmark
from motionfit.open_body.skeleton import JOINT_COUNT, JOINT_NAMES, PARENTS

LICENSE = "CC0-1.0; derived from MakeHuman/MPFB2 CC0 assets"


def _slot_table(landmarks: tuple[Landmark, ...]) -> dict[int, str]:
    """Returns the name (with the side) of each index of the landmarks."""
    names: dict[int, str] = {}
    for landmark in landmarks:
        for side, index in (("left", landmark.left), ("right", landmark.right)):
            if index is not None:
                names[index] = landmark.name if landmark.is_middle else f"{side} {landmark.name}"
    return names


def file_arrays(
    template: Float[ndarray, "vertices 3"],
    triangles: Int[ndarray, "faces 3"],
    shape_directions: Float[ndarray, "vertices 3 components"],
    pose_directions: Float[ndarray, "vertices 3 features"],
    regressor: Float[ndarray, "joints vertices"],
    weights: Float[ndarray, "vertices joints"],
) -> dict[str, ndarray]:
    """Returns the arrays under the keys that SMPL-H readers expect (float32)."""
    relaxed, basis = relaxed_left_hand(), left_hand_basis()
    vertices = template.astype(np.float32)
    regressor = regressor.astype(np.float32)
    keypoints, landmarks = _slot_table(KEYPOINTS), _slot_table(SMPLX_LANDMARKS)
    floats = {
        "v_template": vertices,
        "shapedirs": shape_directions,
        "posedirs": pose_directions,
        "J_regressor": regressor,
        "weights": weights,
        "J": regressor.astype(np.float64) @ vertices,
        "hands_meanl": relaxed,
        "hands_meanr": mirrored_hand(relaxed),
        "hands_componentsl": basis,
        "hands_componentsr": mirrored_hand(basis),
        "hands_coeffsl": np.zeros((0, 45)),
        "hands_coeffsr": np.zeros((0, 45)),
    }
    return {
        **{name: np.asarray(values, dtype=np.float32) for name, values in floats.items()},
        "f": triangles.astype(np.uint32),
        "kintree_table": np.array([PARENTS, range(JOINT_COUNT)], dtype=np.int64),
        "bs_type": np.array("lrotmin"),
        "bs_style": np.array("lbs"),
        "license": np.array(LICENSE),
        "joint_names": np.array(JOINT_NAMES),
        "keypt_names": np.array([keypoints[index] for index in KEYPOINT_ORDER]),
        "keypt_vids": np.array(KEYPOINT_ORDER, dtype=np.int64),
        "vertex_id_names": np.array(list(landmarks.values())),
        "vertex_ids": np.array(list(landmarks), dtype=np.int64),
    }
