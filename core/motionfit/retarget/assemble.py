"""From what a motion capture file holds to a rig in motion: joints found, metres, forward kinematics, reference."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from motionfit.errors import InputError
from motionfit.retarget.bones import LIMB_BONES
from motionfit.retarget.rig import JointMap, RigMotion, pose_rig


@dataclass(frozen=True)
class FileSkeleton:
    """A skeleton with its channels as a file holds them, in the file's length unit.

    Attributes:
        source: Name of the file, for messages.
        names: Of the joints.
        parents: Index of the parent; -1 for the root. Parents come before their children.
        offsets: From the parent, in the zero pose.
        rotations: Parent from joint, per frame; of the root world from root.
        positions: In the frame of the parent, per frame; of the root in the world.
        fps: Frames per second.
    """

    source: str
    names: tuple[str, ...]
    parents: tuple[int, ...]
    offsets: Float[Tensor, "joints 3"]
    rotations: Float[Tensor, "frames joints 3 3"]
    positions: Float[Tensor, "frames joints 3"]
    fps: float

    def leg_length(self, joint_map: JointMap) -> float:
        """Mean of both legs, hip to ankle along the bones, in the file's unit.

        Raises:
            InputError: A bone of an arm or a leg has no length.
        """
        lengths = [self._length(joint_map.joints[start], joint_map.joints[end]) for start, end in LIMB_BONES]
        for (start, end), length in zip(LIMB_BONES, lengths, strict=True):
            if not length > 1e-3 * max(lengths):
                names = (self.names[joint_map.joints[joint]] for joint in (start, end))
                raise InputError(
                    f"{self.source}: the bone from {' to '.join(names)} has no length.",
                    "Check the offsets of the joints.",
                )
        return sum(lengths[:4]) / 2

    def _length(self, start: int, end: int) -> float:
        """From a joint to one that hangs on it, along the bones."""
        total = 0.0
        while end != start:
            total += float(self.offsets[end].norm())
            end = self.parents[end]
        return total


def assemble_rig(
    skeleton: FileSkeleton, joint_map: JointMap, metres_per_unit: float, warnings: tuple[str, ...] = ()
) -> RigMotion:
    """A rig in motion whose reference pose is the zero pose of the file.

    Args:
        skeleton: What the file holds.
        joint_map: Of `names.find_joints`.
        metres_per_unit: The file's length unit.
        warnings: What was assumed so far.
    """
    rotations, positions = pose_rig(skeleton.parents, skeleton.rotations, skeleton.positions * metres_per_unit)
    identity = torch.eye(3, dtype=torch.float64).repeat(1, len(skeleton.names), 1, 1)
    zero_rotations, zero_positions = pose_rig(skeleton.parents, identity, skeleton.offsets[None] * metres_per_unit)
    return RigMotion(
        source=skeleton.source,
        names=skeleton.names,
        parents=skeleton.parents,
        fps=skeleton.fps,
        rotations=rotations,
        positions=positions,
        reference_rotations=zero_rotations[0],
        reference_positions=zero_positions[0],
        joint_map=joint_map,
        warnings=warnings,
    )
