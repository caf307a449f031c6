"""Thighs that are turned half round about their axis, with the knee bent backwards: the same places, no person.

Some files of motion capture hold such solutions for a few frames or whole clips. The plane of hip, knee and ankle
tells how a thigh must be turned so that the knee bends as knees do.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from motionfit.body.model import BodyModel
from motionfit.geometry.gaps import neighbours
from motionfit.geometry.rotations import geodesic_angle, rotation_from_axis_angle
from motionfit.motion import Motion
from motionfit.retarget.bones import pose_bones, turn_between, with_rotations

_LEGS = ((1, 4, 7), (2, 5, 8))
_BENT = math.sin(math.radians(20.0))
"""A knee bent by more than this shows its plane."""

_FLIPPED = math.radians(100.0)
_RIGHT = math.radians(60.0)
_JUMP = 30.0
_MARGIN = 0.05
"""Frames within this time (s) of a flip, or of a jump (rad/s) of the thigh next to one, are rebuilt too."""


def rebuild_thigh_twist(motion: Motion, body: BodyModel) -> tuple[Motion, int]:
    """Turn flipped thighs back; hips, knees, ankles and feet stay where they are.

    Returns:
        The motion, and the number of frames in which a thigh was rebuilt, summed over both.
    """
    posed = pose_bones(motion, body)
    rest = body.rest_joints(motion.betas)
    rotations = posed.rotations.clone()
    count = 0
    for hip, knee, ankle in _LEGS:
        thigh = posed.joints[:, knee] - posed.joints[:, hip]
        shin = posed.joints[:, ankle] - posed.joints[:, knee]
        twist, is_bent = _missing_twist(rotations[:, hip], thigh, shin, rest[ankle] - rest[knee])
        wrong = _wrong_frames(rotations[:, hip], twist, is_bent, motion.fps)
        if not bool(wrong.any()):
            continue
        count += int(wrong.sum())
        turned = _turned(rotations[:, hip], thigh, twist, wrong, is_bent)
        rotations[:, hip] = turned
        carried = (turned @ (rest[ankle] - rest[knee])[:, None])[..., 0]
        bent = turn_between(carried, shin) @ turned
        rotations[:, knee] = torch.where(wrong[:, None, None], bent, rotations[:, knee])
    return (with_rotations(motion, rotations), count) if count else (motion, 0)


def _missing_twist(
    turns: Float[Tensor, "frames 3 3"],
    thigh: Float[Tensor, "frames 3"],
    shin: Float[Tensor, "frames 3"],
    rest_shin: Float[Tensor, "xyz=3"],
) -> tuple[Float[Tensor, " frames"], Bool[Tensor, " frames"]]:
    """By how much each thigh would have to turn about its axis for its knee to bend forwards, and where that is known.

    The knee bends about the x axis of the thigh; the rest shin is not quite in line with the thigh, which bends the
    plane by a few degrees, and both have to be compared within the thigh.
    """
    axis = thigh / thigh.norm(dim=-1, keepdim=True)
    within = (turns.transpose(-1, -2) @ torch.stack([axis, shin / shin.norm(dim=-1, keepdim=True)], -1)).unbind(-1)
    along, direction = within
    side = direction - (direction * along).sum(-1, keepdim=True) * along
    # A knee that bends forwards brings the shin back (-z) where the x axis of the thigh points to the left.
    back = torch.tensor([0.0, 0.0, -1.0], dtype=turns.dtype).expand_as(along)
    back = back - (back * along).sum(-1, keepdim=True) * along
    sideways = rest_shin[0] / rest_shin.norm() - along[:, 0] * (direction * along).sum(-1)
    expected = back * side.norm(dim=-1, keepdim=True) + sideways[:, None] * torch.eye(3, dtype=turns.dtype)[0]
    angle = torch.atan2((torch.linalg.cross(expected, side) * along).sum(-1), (expected * side).sum(-1))
    return angle, side.norm(dim=-1) > _BENT


def _wrong_frames(
    turns: Float[Tensor, "frames 3 3"],
    twist: Float[Tensor, " frames"],
    is_bent: Bool[Tensor, " frames"],
    fps: float,
) -> Bool[Tensor, " frames"]:
    """Frames that are flipped, and frames between or beside them that do not show the contrary."""
    flipped = is_bent & (twist.abs() > _FLIPPED)
    if not bool(flipped.any()):
        return flipped
    right = is_bent & (twist.abs() < _RIGHT)
    jumps = geodesic_angle(turns[:-1], turns[1:]) * fps > _JUMP
    wrong = _spread(flipped, right, jumps)
    reach = max(1, round(_MARGIN * fps))
    near = torch.nn.functional.max_pool1d(wrong[None, None].to(turns.dtype), 2 * reach + 1, 1, reach)[0, 0] > 0
    return wrong | (near & ~right)


def _spread(
    flipped: Bool[Tensor, " frames"], right: Bool[Tensor, " frames"], jumps: Bool[Tensor, " steps"]
) -> Bool[Tensor, " frames"]:
    """Flipped frames and the straight knees around them, up to the jump by which the flip began or ended.

    A walk forwards and one backwards: whether a frame is reached depends on the one before.
    """
    wrong, stops, jump = flipped.tolist(), right.tolist(), jumps.tolist()
    for frame in range(1, len(wrong)):
        wrong[frame] = wrong[frame] or (wrong[frame - 1] and not stops[frame] and not jump[frame - 1])
    for frame in range(len(wrong) - 2, -1, -1):
        wrong[frame] = wrong[frame] or (wrong[frame + 1] and not stops[frame] and not jump[frame])
    return torch.tensor(wrong)


def _turned(
    turns: Float[Tensor, "frames 3 3"],
    thigh: Float[Tensor, "frames 3"],
    twist: Float[Tensor, " frames"],
    wrong: Bool[Tensor, " frames"],
    is_bent: Bool[Tensor, " frames"],
) -> Float[Tensor, "frames 3 3"]:
    """Wrong thighs turned about their axis: as the knee shows, or between their neighbours where it is straight."""
    axis = thigh / thigh.norm(dim=-1, keepdim=True)
    shown = torch.where(wrong & is_bent, twist, torch.zeros_like(twist))
    turned = rotation_from_axis_angle(axis * shown[:, None]) @ turns
    known = ~wrong | is_bent
    if not bool(known.any()):
        return turned
    left, right, share = neighbours(known)
    # Carried along the thigh by the smallest turn, the twist of both neighbours is mixed in the frame between them.
    before = turn_between(thigh[left], thigh) @ turned[left]
    after = turn_between(thigh[right], thigh) @ turned[right]
    between = before.transpose(-1, -2) @ after
    along = (before.transpose(-1, -2) @ axis[..., None])[..., 0]
    spin = torch.stack([between[:, 2, 1] - between[:, 1, 2], between[:, 0, 2] - between[:, 2, 0],
                        between[:, 1, 0] - between[:, 0, 1]], -1)  # fmt: skip
    cosine = (torch.diagonal(between, dim1=-2, dim2=-1).sum(-1) - 1.0) / 2.0
    angle = torch.atan2((spin * along).sum(-1) / 2.0, cosine)
    mixed = rotation_from_axis_angle(axis * (share.to(angle) * angle)[:, None]) @ before
    return torch.where(known[:, None, None], turned, mixed)
