"""A motion captured skeleton as its file has it: global rotations and positions of every joint, and a reference pose.

Metres; y up, z forward, x to the left of the person; rotations are world from joint. Readers make this value and
retargeting reads it, whatever the file format was.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True)
class JointMap:
    """Which joint of a rig plays which joint of the SMPL body.

    Attributes:
        family: The naming that was recognised, as in `rigs.FAMILIES`.
        joints: For each of the 22 SMPL joints the rig's joint whose rotation and place it takes. A joint that the rig
            lacks (toes, one of the spine joints) repeats its nearest ancestor in the SMPL tree.
        upper_necks: Further neck joints between the neck and the head, from below; may be empty.
        forearm_twists: Left and right joint inside the forearm that carries the twist of the hand; None where the
            rig has none.
    """

    family: str
    joints: tuple[int, ...]
    upper_necks: tuple[int, ...] = ()
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
    """Forward kinematics.

    Args:
        parents: Index of the parent; -1 for the root. Parents come before their children.
        local_rotations: Parent from joint.
        local_positions: In the frame of the parent; of the root in the world.

    Returns:
        Global rotations and positions. There is no loop over frames, only one over joints.
    """
    rotations: list[Tensor] = []
    positions: list[Tensor] = []
    for joint, parent in enumerate(parents):
        own, place = local_rotations[:, joint], local_positions[:, joint]
        if parent < 0:
            rotations.append(own)
            positions.append(place)
        else:
            rotations.append(rotations[parent] @ own)
            positions.append(positions[parent] + (rotations[parent] @ place[..., None])[..., 0])
    return torch.stack(rotations, 1), torch.stack(positions, 1)
