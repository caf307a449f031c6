"""A motion captured skeleton as its file has it: global rotations and positions of every joint, and a reference pose.

Metres; y up, z forward, x to the left of the person; rotations are world from joint. Readers make this value and
retargeting reads it, whatever the file format was. float64, because chains of twenty joints are multiplied.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True)
class Between:
    """A joint whose rotation lies between those of two joints of the rig.

    Attributes:
        joint: SMPL joint.
        first: Joint of the rig at fraction 0.
        second: Joint of the rig at fraction 1.
        fraction: How far from the first to the second.
    """

    joint: int
    first: int
    second: int
    fraction: float


@dataclass(frozen=True)
class JointMap:
    """Which joint of a rig plays which joint of the SMPL body.

    Attributes:
        family: Key of the naming that was recognised, one of `names.FAMILIES`.
        joints: For each of the 22 SMPL joints the joint of the rig whose rotation and place it takes. A joint that
            the rig lacks (toes, collars, one of the spine joints) repeats its nearest ancestor in the SMPL tree.
        lacking: The SMPL joints that repeat their ancestor; their places are not those of the SMPL joint.
        between: Joints that turn only a part of the way.
        forearm_twists: Left and right joint inside the forearm that carries the twist of the hand; None where the
            rig has none.
    """

    family: str
    joints: tuple[int, ...]
    lacking: tuple[int, ...] = ()
    between: tuple[Between, ...] = ()
    forearm_twists: tuple[int | None, int | None] = (None, None)


@dataclass(frozen=True)
class RigMotion:
    """A skeleton in motion at the frame rate of its file.

    Attributes:
        source: Name of the file, for messages.
        names: Of the joints; the end of a chain is a joint too, named by its parent with `_end`.
        parents: Index of the parent; -1 for the root. Parents come before their children.
        fps: Frames per second.
        rotations: World from joint.
        positions: Of the joints in the world, metres.
        reference_rotations: World from joint in the reference pose: the person stands upright and faces z.
        reference_positions: Of the joints in the reference pose, metres; only differences count.
        joint_map: Which joints play the SMPL body.
        warnings: Sentences about assumptions made while reading, shown to the user.
    """

    source: str
    names: tuple[str, ...]
    parents: tuple[int, ...]
    fps: float
    rotations: Float[Tensor, "frames joints 3 3"]
    positions: Float[Tensor, "frames joints 3"]
    reference_rotations: Float[Tensor, "joints 3 3"]
    reference_positions: Float[Tensor, "joints 3"]
    joint_map: JointMap
    warnings: tuple[str, ...] = ()

    @property
    def frames(self) -> int:
        """Number of frames."""
        return int(self.positions.shape[0])

    def slice(self, start: int, stop: int) -> RigMotion:
        """The frames start..stop-1 as a motion of their own."""
        return replace(self, rotations=self.rotations[start:stop], positions=self.positions[start:stop])


def pose_rig(
    parents: tuple[int, ...],
    local_rotations: Float[Tensor, "frames joints 3 3"],
    local_positions: Float[Tensor, "frames joints 3"],
) -> tuple[Float[Tensor, "frames joints 3 3"], Float[Tensor, "frames joints 3"]]:
    """Forward kinematics; no loop over frames, only one over joints.

    Args:
        parents: Index of the parent; -1 for the root. Parents come before their children.
        local_rotations: Parent from joint.
        local_positions: In the frame of the parent; of the root in the world.

    Returns:
        Rotations, world from joint, and positions in the world.
    """
    rotations: list[Tensor] = []
    positions: list[Tensor] = []
    for joint, parent in enumerate(parents):
        turn, place = local_rotations[:, joint], local_positions[:, joint]
        if parent >= 0:
            place = positions[parent] + (rotations[parent] @ place[..., None])[..., 0]
            turn = rotations[parent] @ turn
        rotations.append(turn)
        positions.append(place)
    return torch.stack(rotations, 1), torch.stack(positions, 1)
