"""A T-pose built from how the joints of a rig bend, for rigs whose zero pose means nothing.

The normal of the plane in which a knee or an elbow bends is its hinge. In the T-pose of a body that faces z the
hinge of a knee lies along x and that of an elbow near y, which fixes the twist of the limb; its bone fixes the rest.
Joints without a hinge stand on average as they do in the motion.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from motionfit.retarget.euler import rotation_about
from motionfit.retarget.rig import RigMotion

_DOWN, _LEFT, _RIGHT = (0.0, -1.0, 0.0), (1.0, 0.0, 0.0), (-1.0, 0.0, 0.0)
_LIMBS = (
    ((1, 4, 7), _DOWN, (1.0, 0.0, 0.0)),
    ((2, 5, 8), _DOWN, (1.0, 0.0, 0.0)),
    ((16, 18, 20), _LEFT, (0.0, -0.866, 0.5)),
    ((17, 19, 21), _RIGHT, (0.0, 0.866, -0.5)),
)
"""Joints of a limb, where it points in the T-pose, and its hinge: the axis about which it bends.

Elbows bend forward and up in a T-pose with the palms down: 30 degrees is what CMU, HDM05, iClone and Daz rigs have.
"""

_LEAST_BEND = 0.02
"""Mean sine of the bend under which a hinge cannot be seen."""


def built_t_pose(rig: RigMotion) -> tuple[Float[Tensor, "joints 3 3"], Float[Tensor, "joints 3"]]:
    """Rotations (world from joint) and positions of a T-pose that faces z.

    Args:
        rig: In motion, with its zero pose as the reference. The person is upright most of the time.
    """
    fixed = {rig.joint_map.joints[0]: _pelvis(rig)}
    for limb, bone, hinge in _LIMBS:
        fixed |= _limb(rig, limb, torch.tensor(bone).double(), torch.tensor(hinge).double())
    toes = {rig.joint_map.joints[ankle]: rig.joint_map.joints[toe] for ankle, toe in ((7, 10), (8, 11))}
    rotations: list[Tensor] = []
    positions: list[Tensor] = []
    for joint, parent in enumerate(rig.parents):
        own = fixed.get(joint)
        if parent < 0:
            rotations.append(_mean(rig.rotations[:, joint]) if own is None else own)
            positions.append(torch.zeros(3, dtype=torch.float64))
            continue
        if own is None:
            own = rotations[parent] @ _mean(rig.rotations[:, parent].transpose(-1, -2) @ rig.rotations[:, joint])
            if joint in toes:
                own = _turned_ahead(own, own @ _offset(rig, joint, toes[joint]))
        rotations.append(own)
        positions.append(positions[parent] + rotations[parent] @ _offset(rig, parent, joint))
    return torch.stack(rotations), torch.stack(positions)


def _offset(rig: RigMotion, joint: int, other: int) -> Float[Tensor, "xyz=3"]:
    """From one joint to another in the frame of the first, in the zero pose."""
    between = rig.reference_positions[other] - rig.reference_positions[joint]
    return rig.reference_rotations[joint].T @ between


def _pelvis(rig: RigMotion) -> Float[Tensor, "3 3"]:
    """The pelvis with its hips along x and what is up most of the time along y."""
    pelvis, left, right = rig.joint_map.joints[:3]
    left_axis = _offset(rig, pelvis, left) - _offset(rig, pelvis, right)
    up_axis = rig.rotations[:, pelvis, 1].mean(0)
    return (
        _frame(torch.eye(3, dtype=torch.float64)[0], torch.eye(3, dtype=torch.float64)[1])
        @ _frame(left_axis, up_axis).T
    )


def _turned_ahead(rotation: Float[Tensor, "3 3"], foot: Float[Tensor, "xyz=3"]) -> Float[Tensor, "3 3"]:
    """The rotation of an ankle turned about y until its foot points ahead; dancers turn their feet out."""
    return rotation_about("y", -torch.atan2(foot[0], foot[2])) @ rotation


def _limb(
    rig: RigMotion, limb: tuple[int, int, int], bone: Float[Tensor, "xyz=3"], hinge: Float[Tensor, "xyz=3"]
) -> dict[int, Float[Tensor, "3 3"]]:
    """Rotations of the upper and the lower joint of a limb."""
    upper, lower, end = (rig.joint_map.joints[joint] for joint in limb)
    first = rig.positions[:, lower] - rig.positions[:, upper]
    second = rig.positions[:, end] - rig.positions[:, lower]
    lengths = first.norm(dim=-1, keepdim=True) * second.norm(dim=-1, keepdim=True)
    normals = torch.linalg.cross(first, second) / lengths.clamp(min=1e-9)
    found = {}
    for joint, child in ((upper, lower), (lower, end)):
        seen = (rig.rotations[:, joint].transpose(-1, -2) @ normals[..., None])[..., 0].mean(0)
        own_bone = _offset(rig, joint, child)
        if float(seen.norm()) < _LEAST_BEND:
            seen = _mean(rig.rotations[:, joint]).T @ hinge
        found[joint] = _frame(bone, hinge) @ _frame(own_bone, seen).T
    return found


def _frame(first: Float[Tensor, "xyz=3"], second: Float[Tensor, "xyz=3"]) -> Float[Tensor, "3 3"]:
    """Columns: the first direction, the second made orthogonal to it, and the third."""
    x = first / first.norm()
    y = second - (second @ x) * x
    y = y / y.norm()
    return torch.stack([x, y, torch.linalg.cross(x, y)], -1)


def _mean(rotations: Float[Tensor, "frames 3 3"]) -> Float[Tensor, "3 3"]:
    """The rotation nearest to the mean of the matrices."""
    left, _, right = torch.linalg.svd(rotations.mean(0))
    signs = torch.ones(3, dtype=rotations.dtype)
    signs[2] = torch.sign(torch.linalg.det(left @ right))
    mean: Tensor = left @ torch.diag(signs) @ right
    return mean
