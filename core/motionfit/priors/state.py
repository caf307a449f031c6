"""The state of the motion prior: a body and how it moves at one instant, and its heading-free local frame.

The vector of 339 numbers is HuMoR's (Rempe et al., ICCV 2021): translation 3, linear velocity 3, root
orientation 9 (row-major), angular velocity 3, body pose 189, joints 66, joint velocities 66. Metres,
seconds, radians, z up.

The local frame of a state has the ground point under the SMPL translation as its origin, z up, and the
body's right (its −x) projected on the ground as +x. Joints turn about the ground point of the root joint,
since the SMPL translation leaves out the rest position of the root: root joint = translation + a constant,
which no rotation turns.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from motionfit.body.skeleton import BODY_JOINTS, POSED_JOINTS

STATE_SIZE = 339
_SIZES = (3, 3, 9, 3, POSED_JOINTS * 9, BODY_JOINTS * 3, BODY_JOINTS * 3)
_VERTICAL = 1e-12


@dataclass(frozen=True)
class MotionState:
    """Body and velocities; any number of leading axes, the last of which is frames where there are frames.

    Attributes:
        translation: SMPL translation, m.
        linear_velocity: Of the translation, m/s.
        root_orientation: Frame from body.
        angular_velocity: Of the root, rad/s, in the frame of the state.
        body_pose: Joint rotations relative to the parents.
        joints: The 22 body joints, m.
        joint_velocities: m/s.
    """

    translation: Float[Tensor, "*batch 3"]
    linear_velocity: Float[Tensor, "*batch 3"]
    root_orientation: Float[Tensor, "*batch 3 3"]
    angular_velocity: Float[Tensor, "*batch 3"]
    body_pose: Float[Tensor, "*batch 21 3 3"]
    joints: Float[Tensor, "*batch 22 3"]
    joint_velocities: Float[Tensor, "*batch 22 3"]

    def pack(self) -> Float[Tensor, "*batch 339"]:
        """The state as one vector."""
        parts = [
            self.translation,
            self.linear_velocity,
            self.root_orientation.flatten(-2),
            self.angular_velocity,
            self.body_pose.flatten(-3),
            self.joints.flatten(-2),
            self.joint_velocities.flatten(-2),
        ]
        return torch.cat(parts, -1)

    @classmethod
    def unpack(cls, vector: Float[Tensor, "*batch 339"]) -> MotionState:
        """The state that `pack` made the vector of."""
        trans, velocity, root, angular, pose, joints, joint_velocities = vector.split(_SIZES, -1)
        return cls(
            trans,
            velocity,
            root.unflatten(-1, (3, 3)),
            angular,
            pose.unflatten(-1, (POSED_JOINTS, 3, 3)),
            joints.unflatten(-1, (BODY_JOINTS, 3)),
            joint_velocities.unflatten(-1, (BODY_JOINTS, 3)),
        )

    def map(self, function: Callable[[Tensor], Tensor]) -> MotionState:
        """A state of each tensor's image; `function` may change leading axes, device or precision only."""
        return MotionState(
            function(self.translation),
            function(self.linear_velocity),
            function(self.root_orientation),
            function(self.angular_velocity),
            function(self.body_pose),
            function(self.joints),
            function(self.joint_velocities),
        )

    @property
    def frames(self) -> int:
        """Length of the frame axis."""
        return int(self.translation.shape[-2])

    def frame(self, index: int) -> MotionState:
        """One frame, without the frame axis."""
        axis = self.translation.ndim - 2
        return self.map(lambda tensor: tensor.select(axis, index))

    def slice(self, start: int, stop: int) -> MotionState:
        """The frames start..stop-1."""
        axis = self.translation.ndim - 2
        return self.map(lambda tensor: tensor.narrow(axis, start, stop - start))

    def trans_to_joint(self) -> Float[Tensor, "*batch 3"]:
        """From the translation to the root joint: constant for a body of one shape."""
        return self.joints[..., 0, :] - self.translation


@dataclass(frozen=True)
class LocalFrame:
    """Where a local frame lies in the outer frame.

    Attributes:
        rotation: Local from outer, about z.
        origin: Ground point (z = 0) in the outer frame.
    """

    rotation: Float[Tensor, "*batch 3 3"]
    origin: Float[Tensor, "*batch 3"]


def heading_rotation(root_orientation: Float[Tensor, "*batch 3 3"]) -> Float[Tensor, "*batch 3 3"]:
    """The rotation about z that turns the body's right, projected on the ground, to +x.

    A body whose right is vertical has no heading: the rotation is then the identity, and its gradient zero.
    (HuMoR's `compute_world2aligned_mat` also returns the identity for a body that faces exactly backwards.)
    """
    right = -root_orientation[..., :2, 0]
    squared = (right * right).sum(-1, keepdim=True)
    is_vertical = squared < _VERTICAL
    ahead = torch.zeros_like(right)
    ahead[..., 0] = 1.0
    safe = torch.where(is_vertical, ahead, right)
    direction: Tensor = safe * torch.where(is_vertical, torch.ones_like(squared), squared).rsqrt()
    cosine, sine = direction.unbind(-1)
    zero, one = torch.zeros_like(cosine), torch.ones_like(cosine)
    rows = [cosine, sine, zero, -sine, cosine, zero, zero, zero, one]
    return torch.stack(rows, -1).reshape(*right.shape[:-1], 3, 3)


def local_frame(state: MotionState) -> LocalFrame:
    """The heading-free frame of a state, in the frame the state is in."""
    ground = torch.tensor([1.0, 1.0, 0.0], dtype=state.translation.dtype, device=state.translation.device)
    return LocalFrame(heading_rotation(state.root_orientation), state.translation * ground)


def to_local(state: MotionState, frame: LocalFrame, trans_to_joint: Float[Tensor, "*batch 3"]) -> MotionState:
    """Bring a state from the outer frame into a local frame.

    Args:
        state: In the outer frame.
        frame: The local frame, with the same leading axes.
        trans_to_joint: Root joint minus translation; its horizontal part is used.
    """
    pivot = _horizontal(trans_to_joint).unsqueeze(-2)
    points = state.joints - frame.origin.unsqueeze(-2) - pivot
    return _turned(
        state,
        frame.rotation,
        _rotated(frame.rotation, state.translation - frame.origin),
        points @ frame.rotation.transpose(-1, -2) + pivot,
    )


def to_world(state: MotionState, frame: LocalFrame, trans_to_joint: Float[Tensor, "*batch 3"]) -> MotionState:
    """Undo `to_local`: bring a state from a local frame back into the outer frame."""
    outward = frame.rotation.transpose(-1, -2)
    pivot = _horizontal(trans_to_joint).unsqueeze(-2)
    points = (state.joints - pivot) @ frame.rotation + pivot + frame.origin.unsqueeze(-2)
    return _turned(state, outward, _rotated(outward, state.translation) + frame.origin, points)


def _turned(state: MotionState, rotation: Tensor, translation: Tensor, joints: Tensor) -> MotionState:
    return MotionState(
        translation,
        _rotated(rotation, state.linear_velocity),
        rotation @ state.root_orientation,
        _rotated(rotation, state.angular_velocity),
        state.body_pose,
        joints,
        state.joint_velocities @ rotation.transpose(-1, -2),
    )


def _rotated(rotation: Tensor, vector: Tensor) -> Tensor:
    return (rotation @ vector.unsqueeze(-1)).squeeze(-1)


def _horizontal(vector: Tensor) -> Tensor:
    return vector * torch.tensor([1.0, 1.0, 0.0], dtype=vector.dtype, device=vector.device)
