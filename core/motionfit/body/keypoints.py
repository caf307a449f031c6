"""Named points on the body: 43 surface keypoints and the BODY_25 set of 2D detectors.

Vertex ids are the slots of body files in SMPL-H topology; the open body puts the same points at the same ids.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from motionfit.body.model import BodyModel, Surface, pose_skeleton, skin

SURFACE_KEYPOINT_IDS: tuple[int, ...] = (
    4404, 920, 3076, 3169, 823, 4310, 1010, 1085, 4495, 4569, 6615, 3217, 3313, 6713, 6785, 3383, 6607, 3207, 1241,
    1508, 4797, 4122, 1618, 1569, 5135, 5040, 5691, 5636, 5404, 2230, 2173, 2108, 134, 3645, 6543, 3123, 3024, 4194,
    1306, 182, 3694, 4294, 744,
)  # fmt: skip
"""The 43 keypoints of 3D surface data (HuMoR, ICCV 2021), in the order of `keypoints3d`."""

SURFACE_KEYPOINTS = len(SURFACE_KEYPOINT_IDS)

BODY25_NAMES: tuple[str, ...] = (
    "nose", "neck", "right_shoulder", "right_elbow", "right_wrist", "left_shoulder", "left_elbow", "left_wrist",
    "mid_hip", "right_hip", "right_knee", "right_ankle", "left_hip", "left_knee", "left_ankle", "right_eye",
    "left_eye", "right_ear", "left_ear", "left_big_toe", "left_small_toe", "left_heel", "right_big_toe",
    "right_small_toe", "right_heel",
)  # fmt: skip

_BODY25_LANDMARK_IDS: dict[int, int] = {
    0: 332, 15: 6260, 16: 2800, 17: 4071, 18: 583, 19: 3216, 20: 3226, 21: 3387, 22: 6617, 23: 6624, 24: 6787,
}  # fmt: skip
_BODY25_JOINTS: dict[int, int] = {
    1: 12, 2: 17, 3: 19, 4: 21, 5: 16, 6: 18, 7: 20, 8: 0, 9: 2, 10: 5, 11: 8, 12: 1, 13: 4, 14: 7,
}  # fmt: skip

BODY25_IGNORED: tuple[int, ...] = (1, 9, 12)
"""Neck and hips: detectors put them elsewhere than SMPL's joints, so the data term leaves them out."""

BODY25_EDGES: tuple[tuple[int, int], ...] = (
    (1, 0), (0, 15), (0, 16), (15, 17), (16, 18), (1, 2), (2, 3), (3, 4), (1, 5), (5, 6), (6, 7), (1, 8), (8, 9),
    (9, 10), (10, 11), (8, 12), (12, 13), (13, 14), (14, 19), (19, 20), (14, 21), (11, 22), (22, 23), (11, 24),
)  # fmt: skip
"""Pairs to draw as a stick figure."""


@dataclass(frozen=True)
class KeypointSurfaces:
    """The few surface points that data terms read, cut out of a body model once."""

    keypoints: Surface
    landmarks: Surface

    @classmethod
    def of(cls, body: BodyModel) -> KeypointSurfaces:
        """Cut the 43 surface keypoints and the 11 BODY_25 landmarks out of a body."""
        device = body.faces.device
        landmark_ids = list(_BODY25_LANDMARK_IDS.values())
        return cls(
            body.points(torch.tensor(SURFACE_KEYPOINT_IDS, device=device)),
            body.points(torch.tensor(landmark_ids, device=device)),
        )


def body25_from(
    joints: Float[Tensor, "*batch 22 3"], landmarks: Float[Tensor, "*batch 11 3"]
) -> Float[Tensor, "*batch 25 3"]:
    """Arrange joints and landmark points in BODY_25 order."""
    everything = torch.cat([joints, landmarks], -2)
    landmark_slots = {slot: 22 + place for place, slot in enumerate(_BODY25_LANDMARK_IDS)}
    order = [_BODY25_JOINTS.get(slot, landmark_slots.get(slot, 0)) for slot in range(25)]
    return everything[..., order, :]


def body25_points(
    body: BodyModel,
    betas: Float[Tensor, "*batch 16"],
    translation: Float[Tensor, "*batch frames 3"],
    root_orientation: Float[Tensor, "*batch frames 3 3"],
    body_pose: Float[Tensor, "*batch frames 21 3 3"],
) -> Float[Tensor, "*batch frames 25 3"]:
    """BODY_25 in 3D, metres, in the frame of translation and orientation."""
    landmarks = KeypointSurfaces.of(body).landmarks
    rest = body.rest_joints(betas)
    posed = pose_skeleton(rest, translation, root_orientation, body_pose)
    return body25_from(posed.joints, skin(landmarks, landmarks.shaped(betas), rest, posed, body_pose))
