"""Stages I and II as least squares: the Gauss-Newton equations of the terms of `PoseStage`, and steps on rotations.

The priors are weighted sums of squares. The data terms are robust squares: they enter with the weights that make their
gradient exact (iteratively reweighted least squares, Holland & Welsch 1977): the quadratic so weighted lies above the
robust function, so it never curves downwards. The loss itself is always that of `PoseStage.terms`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import torch
from jaxtyping import Float
from torch import Tensor

from motionfit.body.height import body_height, height_by_shape
from motionfit.body.keypoints import body25_from
from motionfit.energies.height import SPREAD, height_deviation
from motionfit.geometry.nearest import nearest_points
from motionfit.geometry.rotations import rotation_from_axis_angle, rotation_from_six, six_from_rotation
from motionfit.pipeline.batch import Batch
from motionfit.pipeline.data_terms import DataTerms, Residuals, residuals_2d, residuals_3d, residuals_nearest
from motionfit.pipeline.held import HeldNumbers, hold_columns
from motionfit.pipeline.pose_jacobian import (
    FRAME_TANGENTS,
    SHAPE_TANGENTS,
    MovedBody,
    MovedPoints,
    derivative,
    move_body,
    move_surface,
    tangent_columns,
)
from motionfit.pipeline.pose_stage import PoseStage
from motionfit.pipeline.slot_points import SlotPoints, points_in_slot
from motionfit.pipeline.view import View
from motionfit.solve.block_tridiagonal import BlockSolution, BlockSystem

RESIDUAL_TERMS = frozenset(
    {"joints3d", "keypoints3d", "points3d", "keypoints2d", "pose_prior", "shape_prior", "height", "smoothness"}
)
"""The terms that are known as squares."""

_FRAMES_AT_ONCE = 480
_FRAMES_OF_CLOUDS_AT_ONCE = 30


@dataclass(frozen=True)
class Rows:
    """Residuals of the points of each frame: the loss changes like ½ Σ weight · residual².

    Attributes:
        residuals: Predicted minus observed.
        weights: Zero where nothing was observed.
        moves: Derivative of the residuals by the columns of `MovedPoints`.
        next_moves: Derivative by the free tangent numbers of the next frame, for what lies between frames.
    """

    residuals: Float[Tensor, "clips frames rows"]
    weights: Float[Tensor, "clips frames rows"]
    moves: Float[Tensor, "clips frames rows columns"]
    next_moves: Float[Tensor, "clips frames rows tangents"] | None = None


@dataclass(frozen=True)
class PoseResiduals:
    """The terms of a phase of stages I and II around a point.

    Attributes:
        stage: The terms.
        weights: Of the terms that count.
        free: The tensors that may change.
        held: Numbers of them that are held all the same.
    """

    stage: PoseStage
    weights: Mapping[str, float]
    free: Collection[str]
    held: HeldNumbers = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        unknown = set(self.weights) - RESIDUAL_TERMS
        assert not unknown, f"{unknown} are not written as squares; their stage needs L-BFGS"

    @property
    def kinds(self) -> tuple[int, ...]:
        """Tangent numbers per frame of each free tensor."""
        return tuple(count for name, count in FRAME_TANGENTS.items() if name in self.free)

    def linearise(self, values: Mapping[str, Tensor]) -> BlockSystem:
        """Gauss-Newton equations at a point; the right-hand side is the negative gradient."""
        system = self._empty(values)
        clips, frames = values["translation"].shape[:2]
        at_once = _FRAMES_AT_ONCE if self.stage.batch.points3d is None else _FRAMES_OF_CLOUDS_AT_ONCE
        length = max(at_once // clips, 1)
        for start in range(0, frames, length):
            own, with_next = slice(start, start + length), slice(start, start + length + 1)
            stretch = {name: value if name == "betas" else value[:, with_next] for name, value in values.items()}
            moved = move_body(self.stage.body, self.stage.prior, stretch, self.free)
            for name, rows in _data_rows(self.stage.data, self.stage.batch, moved, own, self.weights):
                _add_rows(system, own, rows, self.weights[name])
            if "smoothness" in self.weights:
                _add_steps(system, with_next, moved.joints, self.weights["smoothness"])
        self._add_priors(system, values)
        return self._without_held(system) if self.held else system

    def retract(self, values: Mapping[str, Tensor], step: BlockSolution) -> dict[str, Tensor]:
        """The values that a step leads to; held ones are the very same tensors."""
        moved = dict(values)
        for name, columns in tangent_columns(self.free).items():
            change = step.blocks[..., columns]
            if name == "root_six":
                turned = rotation_from_axis_angle(change) @ rotation_from_six(values[name])
                moved[name] = six_from_rotation(turned)
            else:
                moved[name] = values[name] + change
        if "betas" in self.free:
            moved["betas"] = values["betas"] + step.corner
        return moved

    def slopes(self, system: BlockSystem) -> dict[str, Tensor]:
        """The negative gradient that equations hold, by free tensor, in tangent numbers."""
        found = {name: system.right[..., columns] for name, columns in tangent_columns(self.free).items()}
        return found | ({"betas": system.corner_right} if "betas" in self.free else {})

    def _empty(self, values: Mapping[str, Tensor]) -> BlockSystem:
        clips, frames = values["translation"].shape[:2]
        tangents = sum(self.kinds)
        shared = SHAPE_TANGENTS if "betas" in self.free else 0
        zeros = values["translation"].new_zeros
        return BlockSystem(
            diagonal=zeros(clips, frames, tangents, tangents),
            below=zeros(clips, frames - 1, tangents, tangents),
            border=zeros(clips, frames, tangents, shared),
            corner=zeros(clips, shared, shared),
            right=zeros(clips, frames, tangents),
            corner_right=zeros(clips, shared),
        )

    def _without_held(self, system: BlockSystem) -> BlockSystem:
        """Held numbers change nothing: their derivatives are zero."""
        free = hold_columns(self.held, tangent_columns(self.free), system.right)
        return replace(
            system,
            diagonal=system.diagonal * free[..., None] * free[..., None, :],
            below=system.below * free[:, 1:, :, None] * free[:, :-1, None, :],
            border=system.border * free[..., None],
            right=system.right * free,
        )

    def _add_priors(self, system: BlockSystem, values: Mapping[str, Tensor]) -> None:
        columns = tangent_columns(self.free)
        if "pose_prior" in self.weights and "pose_latents" in columns:
            weight = 2.0 * self.weights["pose_prior"]
            system.scales()[0][..., columns["pose_latents"]].add_(weight)
            system.right[..., columns["pose_latents"]] -= weight * values["pose_latents"]
        if "shape_prior" in self.weights and "betas" in self.free:
            weight = 2.0 * self.weights["shape_prior"] * values["translation"].shape[1]
            system.scales()[1].add_(weight)
            system.corner_right.sub_(weight * values["betas"])
        if "height" in self.weights and "betas" in self.free and self.stage.batch.height is not None:
            self._add_height(system, values, self.stage.batch.height)

    def _add_height(self, system: BlockSystem, values: Mapping[str, Tensor], known: Tensor) -> None:
        """One row per clip on the shape; none where the height is not known."""
        body = self.stage.body
        weight = self.weights["height"] * values["translation"].shape[1]
        deviation = height_deviation(body_height(body, values["betas"]), known)
        moves = height_by_shape(body)[1] / SPREAD * (~torch.isnan(known)).to(deviation)[:, None]
        system.corner.add_(weight * moves[:, :, None] * moves[:, None, :])
        system.corner_right.sub_(weight * deviation[:, None] * moves)


def _data_rows(
    data: DataTerms, batch: Batch, moved: MovedBody, own: slice, wanted: Mapping[str, float]
) -> Iterator[tuple[str, Rows]]:
    """Rows of the wanted data terms for which the batch has observations, slot by slot; see `DataTerms.evaluate`."""
    tangents = moved.turns.shape[-1]
    if "joints3d" in wanted and batch.joints3d is not None and batch.joints3d_mask is not None:
        for slot, places in _in_slots(moved.joints, batch, own, tangents):
            seen, mask = batch.joints3d[:, own, slot], batch.joints3d_mask[:, own, slot]
            yield "joints3d", _rows(places, residuals_3d(batch, "joints3d", places.points, seen, mask))
    if "keypoints3d" in wanted and batch.keypoints3d is not None and batch.keypoints3d_mask is not None:
        points = move_surface(moved, data.surfaces.keypoints)
        for slot, places in _in_slots(points, batch, own, tangents):
            seen, mask = batch.keypoints3d[:, own, slot], batch.keypoints3d_mask[:, own, slot]
            yield "keypoints3d", _rows(places, residuals_3d(batch, "keypoints3d", places.points, seen, mask))
    if "points3d" in wanted and batch.points3d is not None and batch.points3d_mask is not None:
        points = move_surface(moved, data.cloud)
        for slot, places in _in_slots(points, batch, own, tangents):
            seen, mask = batch.points3d[:, own, slot], batch.points3d_mask[:, own, slot]
            chosen = places.taken(nearest_points(places.points, seen))
            yield "points3d", _rows(chosen, residuals_nearest(batch, chosen.points, seen, mask))
    if "keypoints2d" in wanted and batch.keypoints2d is not None and batch.confidence is not None:
        points = _body25(moved.joints, move_surface(moved, data.surfaces.landmarks))
        for slot, places in _in_slots(points, batch, own, tangents):
            seen, confidence = batch.keypoints2d[:, own, slot], batch.confidence[:, own, slot]
            yield "keypoints2d", _rows_2d(batch, places, batch.view.part(own, slot), seen, confidence)


def _in_slots(points: MovedPoints, batch: Batch, own: slice, tangents: int) -> Iterator[tuple[int, SlotPoints]]:
    frames = len(range(batch.frames)[own])
    for slot in range(batch.slots):
        share = None if batch.share is None else batch.share[:, own, slot]
        yield slot, points_in_slot(points, share, frames, tangents)


def _body25(joints: MovedPoints, landmarks: MovedPoints) -> MovedPoints:
    arranged = body25_from(joints.moves.movedim(-1, 2), landmarks.moves.movedim(-1, 2))
    return MovedPoints(body25_from(joints.points, landmarks.points), arranged.movedim(2, -1))


def _rows_2d(batch: Batch, places: SlotPoints, view: View, observed: Tensor, confidence: Tensor) -> Rows:
    def see(at: Tensor) -> Tensor:
        return view.pixels(at[:, :, None])[:, :, 0]

    residuals = residuals_2d(batch, see(places.points), observed, confidence)
    return _rows(places, residuals, derivative(see, places.points))


def _rows(places: SlotPoints, residuals: Residuals, seen: Tensor | None = None) -> Rows:
    """Rows of residuals of points; `seen` is their derivative by the points, where it is not one."""

    def flat(moves: Tensor) -> Tensor:
        return (moves if seen is None else seen @ moves).flatten(2, 3)

    following = None if places.next_moves is None else flat(places.next_moves)
    weights = residuals.robust_weights()[..., None].expand_as(residuals.vectors)
    return Rows(residuals.vectors.flatten(2), weights.flatten(2), flat(places.moves), following)


def _add_rows(system: BlockSystem, frames: slice, rows: Rows, weight: float) -> None:
    """Add the squares of a term's residuals, in place."""
    tangents = system.right.shape[-1]
    weighted = (weight * rows.weights)[..., None] * rows.moves
    squares = weighted[..., :tangents].mT @ rows.moves
    system.diagonal[:, frames] += squares[..., :tangents]
    system.border[:, frames] += squares[..., tangents:]
    by_shape = rows.moves[..., tangents:].flatten(1, 2)
    weighted_by_shape = weighted[..., tangents:].flatten(1, 2)
    system.corner.add_(weighted_by_shape.mT @ by_shape)
    pull = (weighted.mT @ rows.residuals[..., None])[..., 0]
    system.right[:, frames] -= pull[..., :tangents]
    system.corner_right.sub_(pull[..., tangents:].sum(1))
    if rows.next_moves is not None:
        _add_following(system, frames, rows, weight)


def _add_following(system: BlockSystem, frames: slice, rows: Rows, weight: float) -> None:
    """Add what the same squares say about the next frames, in place; the last frame of the clip has none."""
    assert rows.next_moves is not None
    tangents = system.right.shape[-1]
    count = min(rows.residuals.shape[1], system.below.shape[1] - frames.start)
    own, following = slice(frames.start, frames.start + count), slice(frames.start + 1, frames.start + count + 1)
    moves = rows.next_moves[:, :count]
    turned = ((weight * rows.weights[:, :count])[..., None] * moves).mT
    by_own = turned @ rows.moves[:, :count]
    system.diagonal[:, following] += turned @ moves
    system.below[:, own] += by_own[..., :tangents]
    system.border[:, following] += by_own[..., tangents:]
    system.right[:, following] -= (turned @ rows.residuals[:, :count, :, None])[..., 0]


def _add_steps(system: BlockSystem, frames: slice, joints: MovedPoints, weight: float) -> None:
    """Add ½ Σ ‖J_{t+1} − J_t‖² over the steps within the frames, in place."""
    tangents = system.right.shape[-1]
    count = joints.points.shape[1]
    first, second = slice(frames.start, frames.start + count - 1), slice(frames.start + 1, frames.start + count)
    moves = joints.moves.flatten(2, 3)
    own, shape_steps = moves[..., :tangents], moves[..., tangents:].diff(dim=1)
    steps = joints.points.flatten(2).diff(dim=1)
    squares = weight * (own.mT @ own)
    system.diagonal[:, first] += squares[:, :-1]
    system.diagonal[:, second] += squares[:, 1:]
    system.below[:, first] -= weight * (own[:, 1:].mT @ own[:, :-1])
    for where, sign, turned in ((first, -weight, own[:, :-1].mT), (second, weight, own[:, 1:].mT)):
        system.border[:, where] += sign * (turned @ shape_steps)
        system.right[:, where] -= sign * (turned @ steps[..., None])[..., 0]
    by_shape = shape_steps.flatten(1, 2)
    system.corner.add_(weight * (by_shape.mT @ by_shape))
    system.corner_right.sub_(weight * (by_shape.mT @ steps.flatten(1)[..., None])[..., 0])
