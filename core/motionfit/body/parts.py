"""Which observed points belong to which part of the body, and which of them are each other's mirror image."""

from __future__ import annotations

from motionfit.body.keypoints import BODY25_NAMES
from motionfit.body.skeleton import BODY_JOINTS, JOINT_GROUPS, MIRROR

BODY_PARTS: tuple[str, ...] = ("head", "torso", "left_arm", "right_arm", "left_leg", "right_leg")
"""Of people's words: pelvis and spine are the torso."""

LIMBS: tuple[str, ...] = BODY_PARTS[2:]

SURFACE_KEYPOINT_JOINTS: tuple[int, ...] = (
    2, 1, 9, 9, 1, 2, 1, 4, 2, 5, 11, 10, 7, 8, 8, 7, 11, 10, 9, 16, 17, 17, 18, 18, 19, 19, 19, 21, 19, 18, 20, 18,
    15, 15, 0, 0, 0, 9, 16, 15, 15, 0, 16,
)  # fmt: skip
"""The joint that moves each of the 43 surface keypoints most, by the weights of the open body."""

SURFACE_KEYPOINT_MIRROR: tuple[int, ...] = (
    1, 0, 2, 3, 5, 4, 8, 9, 6, 7, 11, 10, 13, 12, 15, 14, 17, 16, 37, 21, 38, 19, 24, 25, 22, 23, 29, 30, 31, 26, 27,
    28, 33, 32, 35, 34, 36, 18, 20, 40, 39, 41, 42,
)  # fmt: skip
"""The surface keypoint on the other side; two have none and stand for themselves."""


def _mirrored(name: str) -> str:
    swapped = {"left": "right", "right": "left"}
    side, _, rest = name.partition("_")
    return f"{swapped[side]}_{rest}" if side in swapped else name


_BODY25_MIRROR = tuple(BODY25_NAMES.index(_mirrored(name)) for name in BODY25_NAMES)
_BODY25_WORDS: dict[str, tuple[str, ...]] = {
    "head": ("nose", "eye", "ear"),
    "torso": ("neck", "mid_hip"),
    "arm": ("shoulder", "elbow", "wrist"),
    "leg": ("hip", "knee", "ankle", "toe", "heel"),
}


def _part_of_joint(joint: int) -> str:
    part = next((name for name, joints in JOINT_GROUPS.items() if joint in joints), "torso")
    return "torso" if part == "spine" else part


def _part_of_body25(name: str) -> str:
    part = next(part for part in ("head", "torso", "arm", "leg") if any(word in name for word in _BODY25_WORDS[part]))
    return f"{name.split('_')[0]}_{part}" if part in ("arm", "leg") else part


def _collect(parts: list[str]) -> dict[str, tuple[int, ...]]:
    return {part: tuple(i for i, found in enumerate(parts) if found == part) for part in BODY_PARTS}


PART_POINTS: dict[str, dict[str, tuple[int, ...]]] = {
    "joints3d": _collect([_part_of_joint(joint) for joint in range(BODY_JOINTS)]),
    "keypoints3d": _collect([_part_of_joint(joint) for joint in SURFACE_KEYPOINT_JOINTS]),
    "keypoints2d": _collect([_part_of_body25(name) for name in BODY25_NAMES]),
}
"""Of each kind of observation: the points of each part."""

MIRRORED_POINTS: dict[str, tuple[int, ...]] = {
    "joints3d": MIRROR,
    "keypoints3d": SURFACE_KEYPOINT_MIRROR,
    "keypoints2d": _BODY25_MIRROR,
}
"""Of each kind of observation: the point on the other side."""
