"""Motion capture files written by formula: one performance as ASF/AMC and as BVH, and rigs with other names.

Everything is computed with scipy and plain loops, so that it is independent of the readers that it tests.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

METRES_PER_CMU_UNIT = 0.0254 / 0.45


@dataclass(frozen=True)
class Bone:
    name: str
    bvh_name: str
    parent: str
    tip: tuple[float, float, float]
    axis: tuple[float, float, float] = (0.0, 0.0, 0.0)
    dof: str = ""


def _side(s, name, x):
    splay, out = math.sin(math.radians(20)), math.cos(math.radians(20))
    leg, arm = (0.0, 0.0, 20.0 * x), (180.0, 30.0 * x, 90.0 * x)
    foot = (-90.0, 0.0, 20.0 * x)
    return [
        Bone(f"{s}hipjoint", f"{s.upper()}HipJoint", "root", (1.75 * x, -1.7, 0.8)),
        Bone(f"{s}femur", f"{name}UpLeg", f"{s}hipjoint", (splay * 6.9 * x, -out * 6.9, 0), leg, "rx ry rz"),
        Bone(f"{s}tibia", f"{name}Leg", f"{s}femur", (splay * 7.4 * x, -out * 7.4, 0), leg, "rx"),
        Bone(f"{s}foot", f"{name}Foot", f"{s}tibia", (0.2 * x, -0.55, 1.95), foot, "rx rz"),
        Bone(f"{s}toes", f"{name}ToeBase", f"{s}foot", (0.0, 0.0, 1.0), foot, "rx"),
        Bone(f"{s}clavicle", f"{name}Shoulder", "thorax", (3.6 * x, 0.8, -0.4), (0, 0, 0), "ry rz"),
        Bone(f"{s}humerus", f"{name}Arm", f"{s}clavicle", (4.9 * x, 0, 0), arm, "rx ry rz"),
        Bone(f"{s}radius", f"{name}ForeArm", f"{s}humerus", (3.1 * x, 0, 0), arm, "rx"),
        Bone(f"{s}wrist", f"{name}Hand", f"{s}radius", (1.5 * x, 0, 0), (0, 0, 90.0 * x), "ry"),
        Bone(f"{s}hand", f"{name}FingerBase", f"{s}wrist", (0.7 * x, 0, 0), (0, 0, 90.0 * x), "rx rz"),
        Bone(f"{s}fingers", f"{name}HandIndex1", f"{s}hand", (0.6 * x, 0, 0), (0, 0, 90.0 * x), "rx"),
    ]


BONES = [
    *_side("l", "Left", 1),
    *_side("r", "Right", -1),
    Bone("lowerback", "LowerBack", "root", (0.1, 2.2, -0.1), (0, 0, 0), "rx ry rz"),
    Bone("upperback", "Spine", "lowerback", (0.0, 2.2, -0.1), (0, 0, 0), "rx ry rz"),
    Bone("thorax", "Spine1", "upperback", (0.0, 2.2, 0.1), (0, 0, 0), "rx ry rz"),
    Bone("lowerneck", "Neck", "thorax", (0.0, 1.5, 0.2), (0, 0, 0), "rx ry rz"),
    Bone("upperneck", "Neck1", "lowerneck", (0.0, 1.5, -0.1), (0, 0, 0), "rx ry rz"),
    Bone("head", "Head", "upperneck", (0.0, 1.7, 0.0), (0, 0, 0), "rx ry rz"),
]
BY_NAME = {bone.name: bone for bone in BONES}
ORDERED = [*(b for b in BONES if b.parent == "root")]
for _bone in ORDERED:
    ORDERED.extend(bone for bone in BONES if bone.parent == _bone.name)


@dataclass(frozen=True)
class Performance:
    """Degrees per bone, and the place (ASF units) and angles of the root."""

    angles: dict[str, np.ndarray]
    root_place: np.ndarray
    root_angles: np.ndarray

    @property
    def frames(self) -> int:
        return len(self.root_place)


def perform(frames: int = 40, size: float = 25.0) -> Performance:
    """Smooth angles of all bones; knees and elbows bend one way only."""
    time = np.arange(frames)[:, None] / frames
    angles = {}
    for index, bone in enumerate(BONES):
        dof = np.arange(len(bone.dof.split()))
        wave = size * np.sin(2 * np.pi * (time * (1 + dof % 2) + 0.13 * index + 0.29 * dof))
        angles[bone.name] = 1.5 * np.abs(wave) if bone.dof == "rx" and bone.name[1:] in ("tibia", "radius") else wave
    steps = np.concatenate([2 * time, 16 + 0.5 * np.sin(9 * time), 8 * time], 1)
    turns = np.concatenate([5 * np.sin(6 * time), 90 * time, 4 * np.cos(5 * time)], 1)
    return Performance(angles, steps, turns)


def bone_rotations(performance: Performance) -> dict[str, np.ndarray]:
    """Global rotation of every bone; identity in the rest pose."""
    found = {"root": Rotation.from_euler("xyz", performance.root_angles, degrees=True).as_matrix()}
    for bone in ORDERED:
        frame = Rotation.from_euler("xyz", bone.axis, degrees=True).as_matrix()
        dof = "".join(word[1] for word in bone.dof.split())
        turn = np.eye(3)
        if dof:
            turn = Rotation.from_euler(dof, performance.angles[bone.name], degrees=True).as_matrix().reshape(-1, 3, 3)
        found[bone.name] = found[bone.parent] @ frame @ turn @ frame.T
    return found


def bone_starts(performance: Performance, rotations: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Where every bone starts, ASF units."""
    starts = {"root": performance.root_place}
    ends = {"root": performance.root_place}
    for bone in ORDERED:
        starts[bone.name] = ends[bone.parent]
        ends[bone.name] = starts[bone.name] + rotations[bone.name] @ np.array(bone.tip)
    return starts


def asf_text(angle: str = "deg") -> str:
    """The skeleton; angles in degrees or radians."""
    unit = 1.0 if angle == "deg" else math.pi / 180
    lines = [
        "# made by formula", ":version 1.10", ":name VICON", ":units", "  mass 1.0", "  length 0.45",
        f"  angle {angle}", ":documentation", "   words: not numbers", ":root", "   order TX TY TZ RX RY RZ",
        "   axis XYZ", "   position 0 0 0", "   orientation 0 0 0", ":bonedata",
    ]  # fmt: skip
    for number, bone in enumerate(BONES, 1):
        length = np.linalg.norm(bone.tip)
        direction = " ".join(f"{value:.15g}" for value in np.array(bone.tip) / length)
        axis = " ".join(f"{value * unit:.15g}" for value in bone.axis)
        lines += ["  begin", f"    id {number}", f"    name {bone.name}", f"    direction {direction}"]
        lines += [f"    length {length:.15g}", f"    axis {axis}  XYZ"]
        if bone.dof:
            lines += [f"    dof {bone.dof}", *("    limits (-180.0 180.0)" for _ in bone.dof.split())]
        lines.append("  end")
    lines += [":hierarchy", "  begin"]
    for parent in ("root", *(bone.name for bone in ORDERED)):
        children = [bone.name for bone in ORDERED if bone.parent == parent]
        if children:
            lines.append(f"    {parent} {' '.join(children)}")
    return "\n".join([*lines, "  end", ""])


def amc_text(performance: Performance, unit: str = "degrees") -> str:
    """The motion; angles in degrees or radians."""
    factor = 1.0 if unit == "degrees" else math.pi / 180
    lines = ["#!OML:ASF somewhere else", ":FULLY-SPECIFIED", f":{unit.upper()}"]
    for frame in range(performance.frames):
        root = [*performance.root_place[frame], *(performance.root_angles[frame] * factor)]
        lines += [str(frame + 1), " ".join(["root", *(f"{value:.12g}" for value in root)])]
        for bone in BONES:
            if bone.dof:
                values = performance.angles[bone.name][frame] * factor
                lines.append(" ".join([bone.name, *(f"{value:.12g}" for value in values)]))
    return "\n".join([*lines, ""])


def write_acclaim(folder: Path, performance: Performance, subject: str = "07", take: str = "02") -> Path:
    """Write subject.asf and subject_take.amc; returns the latter."""
    (folder / f"{subject}.asf").write_text(asf_text())
    path = folder / f"{subject}_{take}.amc"
    path.write_text(amc_text(performance))
    return path


@dataclass(frozen=True)
class Joint:
    """A joint of a BVH file: its name, its parent's, and its offset."""

    name: str
    parent: str
    offset: tuple[float, float, float]


def bvh_text(
    joints: list[Joint],
    rotations: dict[str, np.ndarray],
    places: np.ndarray,
    frame_time: str = "0.0333333",
    orders: dict[str, str] | None = None,
    ends: dict[str, tuple[float, float, float]] | None = None,
) -> str:
    """A BVH file from local rotations (frames, 3, 3) per joint; the root's channels are its place and its rotation.

    Args:
        joints: The root first.
        rotations: Parent from joint; identity where a joint is not named.
        places: Of the root, (frames, 3).
        frame_time: As it is to stand there.
        orders: Channel order per joint, else "zxy".
        ends: End Site offset of joints without children, else (0, 0.1, 0).
    """
    orders, ends, columns = orders or {}, ends or {}, []
    lines = ["HIERARCHY"]

    def add(joint: Joint, depth: int) -> None:
        order, tab = orders.get(joint.name, "zxy"), "\t" * depth
        kind = "ROOT" if depth == 0 else "JOINT"
        turn_names = " ".join(f"{axis.upper()}rotation" for axis in order)
        channels = f"6 Xposition Yposition Zposition {turn_names}" if depth == 0 else f"3 {turn_names}"
        lines.extend([f"{tab}{kind} {joint.name}", f"{tab}{{", f"{tab}\tOFFSET {_three(joint.offset)}"])
        lines.append(f"{tab}\tCHANNELS {channels}")
        matrices = np.broadcast_to(rotations.get(joint.name, np.eye(3)), (len(places), 3, 3))
        if depth == 0:
            columns.append(places)
        columns.append(Rotation.from_matrix(matrices).as_euler(order.upper(), degrees=True))
        children = [child for child in joints if child.parent == joint.name]
        for child in children:
            add(child, depth + 1)
        if not children:
            end = ends.get(joint.name, (0.0, 0.1, 0.0))
            lines.extend([f"{tab}\tEnd Site", f"{tab}\t{{", f"{tab}\t\tOFFSET {_three(end)}", f"{tab}\t}}"])
        lines.append(f"{tab}}}")

    add(joints[0], 0)
    table = np.concatenate(columns, 1)
    lines += ["MOTION", f"Frames: {len(table)}", f"Frame Time: {frame_time}"]
    lines += [" ".join(f"{value:.10g}" for value in row) for row in table]
    return "\n".join([*lines, ""])


def _three(values: tuple[float, float, float]) -> str:
    return " ".join(f"{value:.10g}" for value in values)


def cmu_bvh_text(performance: Performance, orders: dict[str, str] | None = None) -> str:
    """The performance as a MotionBuilder-friendly CMU BVH: zero pose and units are those of the ASF."""
    turned = bone_rotations(performance)
    joints = [Joint("Hips", "", (0.0, 0.0, 0.0))]
    local = {"Hips": turned["root"]}
    names = {"root": "Hips"} | {bone.name: bone.bvh_name for bone in BONES}
    for bone in ORDERED:
        offset = BY_NAME[bone.parent].tip if bone.parent != "root" else (0.0, 0.0, 0.0)
        joints.append(Joint(bone.bvh_name, names[bone.parent], offset))
        local[bone.bvh_name] = np.swapaxes(turned[bone.parent], -1, -2) @ turned[bone.name]
    ends = {bone.bvh_name: bone.tip for bone in BONES}
    return bvh_text(joints, local, performance.root_place, "0.00833333", orders, ends)


HUMANIK = {
    "pelvis": "Hips", "spine1": "Spine", "spine2": "Spine1", "spine3": "Spine2", "neck": "Neck", "head": "Head",
    "{s}_hip": "{S}UpLeg", "{s}_knee": "{S}Leg", "{s}_ankle": "{S}Foot", "{s}_foot": "{S}ToeBase",
    "{s}_collar": "{S}Shoulder", "{s}_shoulder": "{S}Arm", "{s}_elbow": "{S}ForeArm", "{s}_wrist": "{S}Hand",
}  # fmt: skip
_T_POSE = {
    "pelvis": ("", (0, 0, 0)), "spine1": ("pelvis", (0, 10, -1)), "spine2": ("spine1", (0, 12, 0)),
    "spine3": ("spine2", (0, 12, 1)), "neck": ("spine3", (0, 20, -1)), "head": ("neck", (0, 10, 2)),
    "hip": ("pelvis", (9, -8, 1)), "knee": ("hip", (1, -40, 1)), "ankle": ("knee", (-1, -42, -3)),
    "foot": ("ankle", (1, -6, 14)), "collar": ("spine3", (4, 12, 0)), "shoulder": ("collar", (13, 1, 0)),
    "elbow": ("shoulder", (28, 0, -1)), "wrist": ("elbow", (25, 1, 1)),
}  # fmt: skip


def t_pose_joints(names: dict[str, str] = HUMANIK, scale: float = 1.0, lacking: tuple[str, ...] = ()) -> list[Joint]:
    """A person of 1.7 m in a T-pose (cm by default), facing z, with the joint names of a program.

    Args:
        names: SMPL names (with {s} for left and right) to the program's, with {S} Left/Right, {s} left/right and
            {l} l/r.
        scale: Multiplies the offsets.
        lacking: SMPL names (without the side) that the rig does not have; their children hang on their parents.
    """
    joints = []
    for key, (parent, offset) in _T_POSE.items():
        sides = (
            ("left", "right")
            if key in ("hip", "knee", "ankle", "foot", "collar", "shoulder", "elbow", "wrist")
            else ("",)
        )
        if key in lacking:
            continue
        place = np.array(offset, float)
        while parent in lacking:
            parent, more = _T_POSE[parent]
            place = place + np.array(more, float)
        for side in sides:
            x, y, z = place * scale
            joints.append(
                Joint(
                    program_name(key, side, names),
                    program_name(parent, side, names) if parent else "",
                    (-x if side == "right" else x, y, z),
                )
            )
    return joints


def program_name(key: str, side: str, names: dict[str, str] = HUMANIK) -> str:
    """What a program calls a SMPL joint."""
    pattern = names[key] if key in names else names[f"{{s}}_{key}"]
    return pattern.format(s=side, S=side.capitalize(), l=side[:1], L=side[:1].upper())


def daz_joints() -> list[Joint]:
    """The "Daz-friendly" rig: no toes, knees drawn 7 degrees bent and elbows 17 degrees."""
    joints = [
        Joint("hip", "", (0, 0, 0)), Joint("abdomen", "hip", (0, 20.7, -0.7)),
        Joint("chest", "abdomen", (0, 11.7, -0.5)), Joint("neck", "chest", (0, 22.2, -2.2)),
        Joint("head", "neck", (-0.2, 7.1, 1.2)),
    ]  # fmt: skip
    for s, x in (("l", 1), ("r", -1)):
        joints += [
            Joint(f"{s}Collar", "chest", (2.7 * x, 19.3, -4.9)), Joint(f"{s}Shldr", f"{s}Collar", (8.8 * x, -2.0, 1.5)),
            Joint(f"{s}ForeArm", f"{s}Shldr", (28.2 * x, -1.7, 0.5)),
            Joint(f"{s}Hand", f"{s}ForeArm", (22.6 * x, 0.8, 7.1)),
            Joint(f"{s}Buttock", "hip", (8.8 * x, 4.4, 1.2)), Joint(f"{s}Thigh", f"{s}Buttock", (0, -1.7, -2.2)),
            Joint(f"{s}Shin", f"{s}Thigh", (0, -36.8, 0.7)), Joint(f"{s}Foot", f"{s}Shin", (-0.7 * x, -45.1, -5.1)),
        ]  # fmt: skip
    return joints


def waving(joints: list[Joint], frames: int = 30, size: float = 0.4) -> dict[str, np.ndarray]:
    """Local rotations of all joints, smooth, by formula."""
    time = np.arange(frames) / frames
    found = {}
    for index, joint in enumerate(joints):
        phase = 2 * np.pi * (time[:, None] * np.array([1, 2, 1]) + 0.17 * index + np.array([0, 0.3, 0.6]))
        found[joint.name] = Rotation.from_rotvec(size * np.sin(phase)).as_matrix()
    return found


def standing_places(frames: int, height: float = 96.0) -> np.ndarray:
    """Places of the root of somebody who walks along z."""
    time = np.arange(frames) / frames
    return np.stack([5 * np.sin(6 * time), height + 2 * np.cos(9 * time), 100 * time], -1)
