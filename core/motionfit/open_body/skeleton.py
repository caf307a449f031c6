"""The 52 joints of SMPL-H: names, parents and the mirror map."""

import numpy as np

_BODY_NAMES = (
    *("pelvis", "left_hip", "right_hip", "spine1", "left_knee", "right_knee", "spine2"),
    *("left_ankle", "right_ankle", "spine3", "left_foot", "right_foot", "neck", "left_collar"),
    *("right_collar", "head", "left_shoulder", "right_shoulder", "left_elbow", "right_elbow"),
    *("left_wrist", "right_wrist"),
)
_BODY_PARENTS = (-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19)
FINGERS = ("index", "middle", "pinky", "ring", "thumb")

JOINT_NAMES: tuple[str, ...] = (
    *_BODY_NAMES,
    *(f"{side}_{finger}{i}" for side in ("left", "right") for finger in FINGERS for i in (1, 2, 3)),
)
JOINT_INDEX: dict[str, int] = {name: index for index, name in enumerate(JOINT_NAMES)}
JOINT_COUNT = len(JOINT_NAMES)


def _parent(index: int) -> int:
    if index < len(_BODY_PARENTS):
        return _BODY_PARENTS[index]
    if (index - len(_BODY_PARENTS)) % 3 == 0:
        return JOINT_INDEX[f"{JOINT_NAMES[index].split('_')[0]}_wrist"]
    return index - 1


PARENTS: tuple[int, ...] = tuple(_parent(index) for index in range(JOINT_COUNT))


def mirrored_name(name: str) -> str:
    """Returns the name with left and right exchanged."""
    if name.startswith("left_"):
        return "right_" + name.removeprefix("left_")
    if name.startswith("right_"):
        return "left_" + name.removeprefix("right_")
    return name


MIRROR: tuple[int, ...] = tuple(JOINT_INDEX[mirrored_name(name)] for name in JOINT_NAMES)
MIRROR_SIGN = np.array([-1.0, 1.0, 1.0])


def descendants(joint: int) -> list[int]:
    """Returns the joint and all joints below it."""
    found = [joint]
    for index in range(joint + 1, JOINT_COUNT):
        if PARENTS[index] in found:
            found.append(index)
    return found
