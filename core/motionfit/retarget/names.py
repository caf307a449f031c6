"""Finding the SMPL joints in a skeleton: limbs and head by their names, the trunk by what hangs on what.

Names are compared without the prefix of their program, without case and punctuation, and with the side told apart:
"mixamorig:LeftUpLeg", "lThigh", "upper_leg.L" and "CC_Base_L_Thigh" are all a left hip. Pelvis, spine, chest, neck
and collars need no names: the pelvis is where legs and head part, the chest where arms and head part.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise, product

from motionfit.body.skeleton import JOINT_NAMES, PARENTS
from motionfit.errors import InputError
from motionfit.retarget.rig import Between, JointMap

FAMILIES: dict[str, frozenset[str]] = {
    "cmu-asf": frozenset({"root", "lowerback", "lfemur", "lwrist", "lhand"}),
    "cmu-bvh": frozenset({"LHipJoint", "LowerBack", "LeftFingerBase"}),
    "daz": frozenset({"abdomen", "lButtock", "lShldr"}),
    "iclone": frozenset({"CC_Base_Hip", "CC_Base_L_Thigh"}),
}
"""Rigs with habits of their own, told by names that only they use; all others are "named"."""

_PREFIX = re.compile(r"^(?:.*:|Character\d*_|mixamorig\d*_?|CC_Base_|Bip\d+[ _]+|J_Bip_(?:C_)?)")
_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_SIDES = {"l": "left", "left": "left", "r": "right", "right": "right"}
_LIMBS: dict[str, tuple[str, ...]] = {
    "hip": ("upleg", "upperleg", "thigh", "thighbend", "femur", "hip"),
    "knee": ("lowerleg", "lowleg", "knee", "shin", "calf", "tibia", "leg"),
    "ankle": ("ankle", "foot"),
    "foot": ("toebase", "toes", "toe", "toe0", "ball", "foot"),
    "shoulder": ("upperarm", "uparm", "humerus", "shldr", "shldrbend", "arm", "shoulder"),
    "elbow": ("forearm", "forearmbend", "lowerarm", "lowarm", "radius", "elbow"),
    "wrist": ("wrist", "hand"),
}
_FAMILY_WRIST = {"cmu-asf": ("hand",), "cmu-bvh": ("fingerbase",)}
_LOWER_CASE_BONE = re.compile(r"^([lr])(femur|tibia|foot|toes|humerus|radius|hand|clavicle)$")
_CHAINS = (("hip", "knee", "ankle", "foot"), ("shoulder", "elbow", "wrist"))


def find_joints(names: Sequence[str], parents: Sequence[int], source: str) -> JointMap:
    """Find the SMPL joints among the joints of a rig.

    Args:
        names: Of the rig's joints; those ending in `_end` play no joint.
        parents: Index of the parent; -1 for the root.
        source: Name of the file, for messages.

    Raises:
        InputError: Joints that a body needs were not found, or hang together as no body does.
    """
    family = next((key for key, marks in FAMILIES.items() if marks <= set(names)), "named")
    ancestors = [_way_to_root(joint, parents) for joint in range(len(names))]
    found = _found_by_name(names, ancestors, family)
    _check_found(found, names, source)
    _check_chains(found, ancestors, names, source)
    _add_trunk(found, ancestors, names, source)
    between = _add_spine_and_neck(found, ancestors, family)
    joints, lacking = _filled(found)
    return JointMap(family, joints, lacking, between, _forearm_twists(found, ancestors))


def _part(name: str) -> tuple[str, str]:
    """Side ("left", "right" or "") and part of a joint's name."""
    name = _PREFIX.sub("", name)
    match = _LOWER_CASE_BONE.match(name)
    if match:
        return _SIDES[match[1]], match[2]
    words = [word.lower() for word in _WORD.findall(name)]
    for side in ("left", "right"):
        words = [part for word in words for part in ([side, word[len(side) :]] if word.startswith(side) else [word])]
    sides = [_SIDES[word] for word in words if word in _SIDES]
    return (sides[0] if len(sides) == 1 else ""), "".join(word for word in words if word not in _SIDES)


def _found_by_name(names: Sequence[str], ancestors: list[list[int]], family: str) -> dict[str, int]:
    """Index of the rig's joint per SMPL name, for limbs and head."""
    parts: dict[tuple[str, str], list[int]] = {}
    for joint, name in enumerate(names):
        if not name.endswith("_end"):
            parts.setdefault(_part(name), []).append(joint)
    found = {"head": parts[("", "head")][0]} if ("", "head") in parts else {}
    for side in ("left", "right"):
        for chain in _CHAINS:
            choices = {}
            for limb in chain:
                words = _FAMILY_WRIST.get(family, _LIMBS[limb]) if limb == "wrist" else _LIMBS[limb]
                choices[f"{side}_{limb}"] = [joint for word in words for joint in parts.get((side, word), [])]
            found |= _chain({name: joints for name, joints in choices.items() if joints}, ancestors)
    return found


def _chain(choices: dict[str, list[int]], ancestors: list[list[int]]) -> dict[str, int]:
    """The joints of a limb, the usual names first, each hanging on the one before if there are such.

    Toes may be missing: then the name of the foot, which some rigs give to the toes, is the ankle's.
    """
    without_toes = {name: joints for name, joints in choices.items() if not name.endswith("_foot")}
    for tried in (choices, without_toes):
        for joints in product(*tried.values()):
            if all(upper in ancestors[lower][1:] for upper, lower in pairwise(joints)):
                return dict(zip(tried, joints, strict=True))
    return {name: joints[0] for name, joints in without_toes.items()}


def _check_found(found: dict[str, int], names: Sequence[str], source: str) -> None:
    needed = [f"{side}_{limb}" for chain in _CHAINS for limb in chain[:3] for side in ("left", "right")] + ["head"]
    missing = [name for name in needed if name not in found]
    if missing:
        own = [name for name in names if not name.endswith("_end")]
        shown = ", ".join(own[:60]) + (f" and {len(own) - 60} more" if len(own) > 60 else "")
        raise InputError(
            f"{source}: no joint of this skeleton is recognised as {', '.join(missing)}. Its joints are: {shown}.",
            "Rename the joints as HumanIK or Mixamo do (LeftUpLeg, LeftLeg, LeftFoot, LeftArm, LeftForeArm, "
            "LeftHand, Head, …) and read the file again.",
        )


def _way_to_root(joint: int, parents: Sequence[int]) -> list[int]:
    """The joint and its ancestors, the root last."""
    way = [joint]
    while parents[way[-1]] >= 0:
        way.append(parents[way[-1]])
    return way


def _check_chains(found: dict[str, int], ancestors: list[list[int]], names: Sequence[str], source: str) -> None:
    for side in ("left", "right"):
        for chain in _CHAINS:
            joints = [found[f"{side}_{limb}"] for limb in chain[:3]]
            for upper, lower in pairwise(joints):
                if upper not in ancestors[lower][1:]:
                    raise InputError(
                        f"{source}: {names[lower]} does not hang on {names[upper]}, so they are no limb.",
                        "Check the names of the joints.",
                    )


def _add_trunk(found: dict[str, int], ancestors: list[list[int]], names: Sequence[str], source: str) -> None:
    """Add the pelvis, where legs and head part, and spine3, where arms and head part."""
    for name, parts in (("pelvis", ("left_hip", "right_hip", "head")), ("spine3", _SHOULDERS_AND_HEAD)):
        ways = [ancestors[found[part]][1:] for part in parts]
        common = next((joint for joint in ways[0] if all(joint in way for way in ways[1:])), None)
        if common is None:
            raise InputError(
                f"{source}: {', '.join(names[found[part]] for part in parts)} hang on no common joint.",
                "A skeleton must have one root from which both legs and the head can be reached.",
            )
        found[name] = common


_SHOULDERS_AND_HEAD = ("left_shoulder", "right_shoulder", "head")


def _add_spine_and_neck(found: dict[str, int], ancestors: list[list[int]], family: str) -> tuple[Between, ...]:
    """Add spine, neck and collars; returns the joints that turn only a part of the way."""
    pelvis, chest, head = found["pelvis"], found["spine3"], found["head"]
    for side in ("left", "right"):
        above = _inside(ancestors[found[f"{side}_shoulder"]], chest)
        if above:
            found[f"{side}_collar"] = above[0]
    between = []
    neck = _inside(ancestors[head], chest)
    if neck:
        found["neck"] = neck[0]
    if len(neck) > 1:
        between.append(_between("neck", neck[0], neck[-1], 0.5))
    spine = _inside(ancestors[chest], pelvis)
    if spine:
        found["spine1"], found["spine2"] = spine[0], spine[len(spine) // 2]
        if family == "daz":
            # Its abdomen bends at the waist; all of it at the lowest spine joint would be a kink.
            between.append(_between("spine1", pelvis, spine[0], 0.5))
    elif chest != pelvis:
        found["spine1"] = found["spine2"] = chest
        between += [_between("spine1", pelvis, chest, 1 / 3), _between("spine2", pelvis, chest, 2 / 3)]
    return tuple(between)


def _between(name: str, first: int, second: int, fraction: float) -> Between:
    return Between(JOINT_NAMES.index(name), first, second, fraction)


def _inside(way: list[int], above: int) -> list[int]:
    """The joints between an ancestor and the start of a way to the root, both left out, the uppermost first."""
    return list(reversed(way[1 : way.index(above)])) if above in way else []


def _filled(found: dict[str, int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """All 22 joints, and those that repeat their ancestor."""
    joints: list[int] = []
    lacking: list[int] = []
    for joint, name in enumerate(JOINT_NAMES):
        if name in found:
            joints.append(found[name])
        else:
            joints.append(joints[PARENTS[joint]])
            lacking.append(joint)
    return tuple(joints), tuple(lacking)


def _forearm_twists(found: dict[str, int], ancestors: list[list[int]]) -> tuple[int | None, int | None]:
    left, right = (_inside(ancestors[found[f"{side}_wrist"]], found[f"{side}_elbow"]) for side in ("left", "right"))
    return (left[0] if left else None), (right[0] if right else None)
