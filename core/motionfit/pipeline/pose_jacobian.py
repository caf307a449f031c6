"""How joints and surface points move with the variables of stages I and II: analytic, frame by frame.

The chain is that of a robot arm: each joint's turn is an axis in the observations' frame, bones below it turn with it,
points follow their bones. The pose decoder alone is differentiated automatically.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from motionfit.body.model import BodyModel, PosedSkeleton, Surface, pose_skeleton
from motionfit.body.skeleton import BODY_JOINTS, PARENTS, POSED_JOINTS
from motionfit.geometry.rotations import rotation_from_six, skew
from motionfit.pipeline.held import hold_pose
from motionfit.priors.pose import POSE_LATENT, PoseAutoencoder

FRAME_TANGENTS: dict[str, int] = {"translation": 3, "root_six": 3, "pose_latents": POSE_LATENT}
"""Tangent numbers per frame of each tensor, in the order of the columns; the root turns about its own joint by an
axis-angle vector in the frame of the observations."""

SHAPE_TANGENTS = 16


@dataclass(frozen=True)
class MovedPoints:
    """Points and their derivatives.

    Attributes:
        points: Metres.
        moves: By the free tangent numbers of their own frame, then by the shape (no columns where it is held).
    """

    points: Float[Tensor, "clips frames points 3"]
    moves: Float[Tensor, "clips frames points 3 columns"]


@dataclass(frozen=True)
class MovedBody:
    """A posed body and how its bones move.

    Attributes:
        betas: The shape.
        rest_joints: Of that shape.
        rest_by_shape: Their derivative.
        skeleton: Joints and bone rotations.
        pose: Joint rotations relative to the parents.
        pose_by_frame: Their derivative.
        joints: The joints with their derivatives.
        turns: Angular velocity of each bone by the frame's tangent numbers, in the frame of the observations.
    """

    betas: Float[Tensor, "clips 16"]
    rest_joints: Float[Tensor, "clips 22 3"]
    rest_by_shape: Float[Tensor, "22 3 shared"]
    skeleton: PosedSkeleton
    pose: Float[Tensor, "clips frames 21 3 3"]
    pose_by_frame: Float[Tensor, "clips frames 21 3 3 tangents"]
    joints: MovedPoints
    turns: Float[Tensor, "clips frames 22 3 tangents"]


def tangent_columns(free: Collection[str]) -> dict[str, slice]:
    """Which columns of a frame's tangent numbers belong to which free tensor."""
    columns: dict[str, slice] = {}
    for name, count in FRAME_TANGENTS.items():
        if name in free:
            start = max((each.stop for each in columns.values()), default=0)
            columns[name] = slice(start, start + count)
    return columns


def move_body(
    body: BodyModel,
    prior: PoseAutoencoder,
    values: dict[str, Tensor],
    free: Collection[str],
) -> MovedBody:
    """Pose a body and differentiate its bones.

    Args:
        body: The body model.
        prior: Decodes the pose latents.
        values: As `pose_stage.POSE_STAGE_TENSORS` lists them; the per-frame ones may be a stretch of the clip.
        free: The tensors to differentiate by.
    """
    columns = tangent_columns(free)
    tangents = max((each.stop for each in columns.values()), default=0)
    rest = body.rest_joints(values["betas"])
    pose, pose_by_frame = _decode(prior, values["pose_latents"], columns, tangents)
    if "held_pose" in values:
        pose = hold_pose(pose, values)
        pose_by_frame = pose_by_frame.masked_fill(values["held_pose_mask"][..., None, None, None], 0.0)
    skeleton = pose_skeleton(rest, values["translation"], rotation_from_six(values["root_six"]), pose)
    axes = _axes(skeleton, pose, pose_by_frame, columns)
    above = _ancestors(rest)
    turns = _along(above, axes)
    strictly = above - torch.eye(BODY_JOINTS, dtype=rest.dtype, device=rest.device)
    levers = strictly[:, :, None] * (skeleton.joints[..., :, None, :] - skeleton.joints[..., None, :, :])
    by_frame = _turned(levers, axes)
    if "translation" in columns:
        by_frame[..., columns["translation"]] += torch.eye(3, dtype=rest.dtype, device=rest.device)
    shared = SHAPE_TANGENTS if "betas" in free else 0
    rest_by_shape = body.joint_shape_directions[..., :shared]
    by_shape = _joints_by_shape(skeleton, rest_by_shape, above)
    joints = MovedPoints(skeleton.joints, torch.cat([by_frame, by_shape], -1))
    return MovedBody(values["betas"], rest, rest_by_shape, skeleton, pose, pose_by_frame, joints, turns)


def move_surface(moved: MovedBody, surface: Surface) -> MovedPoints:
    """Skin surface points (as `body.model.skin`) and differentiate them."""
    rotations, joints = moved.skeleton.rotations, moved.joints
    identity = torch.eye(3, dtype=rotations.dtype, device=rotations.device)
    corrections = ((moved.pose - identity).flatten(-3) @ surface.pose_directions).unflatten(-1, (-1, 3))
    rest = surface.shaped(moved.betas)[:, None] + corrections
    offsets = rest[..., :, None, :] - moved.rest_joints[:, None, None]
    arms = surface.weights[..., None] * torch.einsum("cfjrk,cfpjk->cfpjr", rotations, offsets)
    points = arms.sum(-2) + surface.weights @ joints.points
    blended = torch.einsum("pj,cfjrk->cfprk", surface.weights, rotations)
    moves = (moved.pose_by_frame.flatten(2, 4).mT @ surface.pose_directions).unflatten(-1, (-1, 3))
    by_frame = _turned(arms, moved.turns) + blended @ moves.permute(0, 1, 3, 4, 2)
    by_shape = blended @ surface.shape_directions[..., : moved.rest_by_shape.shape[-1]]
    by_shape = by_shape - _along(surface.weights, rotations @ moved.rest_by_shape)
    return MovedPoints(points, torch.cat([by_frame, by_shape], -1) + _along(surface.weights, joints.moves))


def _decode(prior: PoseAutoencoder, latents: Tensor, columns: dict[str, slice], tangents: int) -> tuple[Tensor, Tensor]:
    """The pose and its derivative by all tangent numbers: only the latents' columns are not zero."""
    if "pose_latents" not in columns:
        pose = prior.decode(latents)
        return pose, pose.new_zeros(*pose.shape, tangents)

    six = prior.six_of(latents).unflatten(-1, (POSED_JOINTS, 6))
    six_by_latents = derivative(prior.six_of, latents).unflatten(-2, (POSED_JOINTS, 6))
    pose = rotation_from_six(six)
    moved = derivative(rotation_from_six, six).flatten(-3, -2) @ six_by_latents
    before = columns["pose_latents"].start
    moved = torch.cat([moved.new_zeros(*moved.shape[:-1], before), moved], -1)
    return pose, moved.unflatten(-2, (3, 3))


def derivative(function: Callable[[Tensor], Tensor], at: Float[Tensor, "*batch inputs"]) -> Tensor:
    """Derivative of a function that treats the last axis alone; the inputs become a last axis of the result.

    The gradient is linear in the weights of the outputs, so its own gradient by them, along each input at a time,
    is a column of the derivative: as dear as forward mode, of which torch compiles parts for a second at first use.
    """
    with torch.enable_grad():
        at = at.detach().requires_grad_()
        value = function(at)
        weights = torch.zeros_like(value, requires_grad=True)
        (gradient,) = torch.autograd.grad(value, at, weights, create_graph=True)
    inputs = at.shape[-1]
    each = torch.eye(inputs, dtype=at.dtype, device=at.device).reshape(inputs, *[1] * (at.ndim - 1), inputs)
    (moves,) = torch.autograd.grad(gradient, weights, each.expand(inputs, *at.shape), is_grads_batched=True)
    columns: Tensor = moves.movedim(0, -1)
    return columns


def _axes(skeleton: PosedSkeleton, pose: Tensor, pose_by_frame: Tensor, columns: dict[str, slice]) -> Tensor:
    """The axis about which each of the 22 joints turns per tangent number, in the frame of the observations."""
    spin = torch.einsum("cfjrkt,cfjsk->cfjrst", pose_by_frame, pose)
    own = torch.stack([spin[..., 2, 1, :], spin[..., 0, 2, :], spin[..., 1, 0, :]], -2)
    axes = skeleton.rotations[..., list(PARENTS[1:]), :, :] @ own
    root = axes.new_zeros(*axes.shape[:2], 1, 3, axes.shape[-1])
    if "root_six" in columns:
        root[..., 0, :, columns["root_six"]] = torch.eye(3, dtype=axes.dtype, device=axes.device)
    return torch.cat([root, axes], 2)


def _ancestors(like: Tensor) -> Tensor:
    """One where the column's joint is the row's or above it (22, 22)."""
    above = torch.eye(BODY_JOINTS, dtype=like.dtype, device=like.device)
    for joint in range(1, BODY_JOINTS):
        above[joint] += above[PARENTS[joint]]
    return above


def _along(weights: Tensor, moved: Tensor) -> Tensor:
    """Sums over joints: weights (points, joints) times (clips, frames, joints, 3, columns)."""
    summed: Tensor = (weights @ moved.flatten(-2)).unflatten(-1, moved.shape[-2:])
    return summed


def _turned(levers: Tensor, axes: Tensor) -> Tensor:
    """Σ axis × lever over joints: (…, points, joints, 3) and (…, joints, 3, columns) to (…, points, 3, columns)."""
    crosses = skew(levers).mT.permute(0, 1, 2, 4, 3, 5).flatten(-2)
    points = crosses.shape[2]
    turned: Tensor = (crosses.flatten(2, 3) @ axes.flatten(2, 3)).unflatten(2, (points, 3))
    return turned


def _joints_by_shape(skeleton: PosedSkeleton, rest_by_shape: Tensor, above: Tensor) -> Tensor:
    """Each joint is the sum of the bones on its way from the root; bones are linear in the shape."""
    bones = rest_by_shape[1:] - rest_by_shape[list(PARENTS[1:])]
    turned = skeleton.rotations[..., list(PARENTS[1:]), :, :] @ bones
    return _along(above[:, 1:], turned) + rest_by_shape[0]
