"""What a phase holds of a motion: parts of the body and frames that keep the values with which they came.

The kept values and their masks travel among the values of a stage under names of their own (`HELD_TENSORS`), so every
reader of the values sees the held body: the terms, the derivatives, the result, and the stage that starts from it.
Where a number of the optimiser stands for a held entry alone (the translation of a frame, the latents of a whole pose)
the number itself is held too, by `HeldNumbers`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from motionfit.body.skeleton import POSED_JOINTS
from motionfit.errors import SettingsError
from motionfit.geometry.planes import RigidTransform
from motionfit.motion import Motion
from motionfit.pipeline.freezes import PARTS, Freeze
from motionfit.pipeline.windows import Windows, cut
from motionfit.priors.state import MotionState

Masks = Mapping[str, Tensor]
"""Of each variable that is held in parts: (clips, frames), of the body pose (clips, frames, 21)."""

HeldNumbers = Mapping[str, Tensor]
"""True in the leading axes of a tensor where its numbers are held."""

_KEPT = {"translation": "held_translation", "root_orientation": "held_root", "body_pose": "held_pose"}
HELD_TENSORS = frozenset(name + mask for name in _KEPT.values() for mask in ("", "_mask"))
"""Kept translations (clips, frames, 3), root orientations (clips, frames, 3, 3) and joint rotations
(clips, frames, 21, 3, 3), each with its mask."""


def held_masks(
    freezes: Collection[Freeze], clips: int, frames: int, device: torch.device | str = "cpu"
) -> dict[str, Tensor]:
    """Where the motion is held.

    Args:
        freezes: Those that are not whole.
        clips: All are held alike.
        frames: Of each clip.
        device: Of the fit.

    Raises:
        SettingsError: A freeze asks for frames that the clip does not have.
    """
    masks: dict[str, Tensor] = {}
    for freeze in freezes:
        start, stop = freeze.frames or (0, frames)
        if stop > frames:
            raise SettingsError(f"{freeze} asks for frames beyond the clip.", f"The clip has {frames} frames.")
        is_pose = freeze.variable == "body_pose"
        shape = (clips, frames, POSED_JOINTS) if is_pose else (clips, frames)
        mask = masks.setdefault(freeze.variable, torch.zeros(shape, dtype=torch.bool, device=device))
        if is_pose and freeze.part:
            mask[:, start:stop, [joint - 1 for joint in PARTS[freeze.part]]] = True
        else:
            mask[:, start:stop] = True
    return masks


def held_values(masks: Masks, motions: Sequence[Motion]) -> dict[str, Tensor]:
    """The tensors that keep what is held of the motions, one of each clip."""
    values: dict[str, Tensor] = {}
    for variable, name in _KEPT.items():
        if variable in masks:
            kept = torch.stack([getattr(motion, variable) for motion in motions])
            values |= {name: kept.to(masks[variable].device), f"{name}_mask": masks[variable]}
    return values


def without_held(values: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The values with nothing held."""
    return {name: value for name, value in values.items() if name not in HELD_TENSORS}


def pose_numbers(masks: Masks) -> dict[str, Tensor]:
    """Which numbers of stages I and II are held: those of frames, and poses of which every joint is."""
    numbers = {"translation": masks.get("translation"), "root_six": masks.get("root_orientation")}
    if "body_pose" in masks:
        numbers["pose_latents"] = masks["body_pose"].all(-1)
    return {name: mask for name, mask in numbers.items() if mask is not None}


def rollout_numbers(masks: Masks, windows: Windows) -> dict[str, Tensor]:
    """Which numbers of stage III are held: of x0 where a window starts in held frames, latents that lead to some."""
    of_frames = {"x0_translation": masks.get("translation"), "x0_root_six": masks.get("root_orientation")}
    if "body_pose" in masks:
        of_frames["x0_pose_latent"] = masks["body_pose"].all(-1)
    for name in ("x0_linear_velocity", "x0_angular_velocity", "x0_joint_velocities"):
        of_frames[name] = masks.get("initial_velocities")
    numbers = {name: cut(mask, windows)[:, 0] for name, mask in of_frames.items() if mask is not None}
    if "motion_latents" in masks:
        numbers["motion_latents"] = cut(masks["motion_latents"], windows)[:, 1:]
    return numbers


def hold_numbers(moved: Mapping[str, Tensor], kept: Mapping[str, Tensor], numbers: HeldNumbers) -> dict[str, Tensor]:
    """The moved tensors with the held numbers as they were; no gradient flows into those."""
    held = dict(moved)
    for name in numbers.keys() & moved.keys():
        held[name] = _where(numbers[name], kept[name], moved[name])
    return held


def hold_pose(
    pose: Float[Tensor, "clips frames 21 3 3"], values: Mapping[str, Tensor]
) -> Float[Tensor, "clips frames 21 3 3"]:
    """Joint rotations with the held ones in their place."""
    if "held_pose" not in values:
        return pose
    return _where(values["held_pose_mask"], values["held_pose"], pose)


def hold_motion(motion: Motion, values: Mapping[str, Tensor], clip: int) -> Motion:
    """The motion of one clip with what is held of it in its place, bit for bit; on the CPU."""
    held = {
        variable: _where(values[f"{name}_mask"][clip].cpu(), values[name][clip].cpu(), getattr(motion, variable))
        for variable, name in _KEPT.items()
        if name in values
    }
    return replace(motion, **held)  # type: ignore[arg-type]


def held_windows(values: Mapping[str, Tensor], windows: Windows, length: int) -> dict[str, Tensor]:
    """What is held, per window: the first frames of each."""
    return {name: cut(values[name], windows)[:, :length] for name in HELD_TENSORS & values.keys()}


def hold_states(
    states: MotionState,
    held: Mapping[str, Tensor],
    prior_from_observed: RigidTransform,
    rest_root: Float[Tensor, "windows 3"],
) -> MotionState:
    """Rolled-out states with the held body in its place; the predicted joints stay.

    Args:
        states: In the prior frame of each window, (windows, frames, …).
        held: Of `held_windows`, in the frame of the observations.
        prior_from_observed: Of each window.
        rest_root: Root joint of the rest pose.
    """
    changed: dict[str, Tensor] = {}
    if "held_translation" in held:
        rest = rest_root.unsqueeze(1)
        placed = prior_from_observed.apply(held["held_translation"] + rest) - rest
        changed["translation"] = _where(held["held_translation_mask"], placed, states.translation)
    if "held_root" in held:
        turned = prior_from_observed.rotation.unsqueeze(1) @ held["held_root"]
        changed["root_orientation"] = _where(held["held_root_mask"], turned, states.root_orientation)
    return replace(states, body_pose=hold_pose(states.body_pose, held), **changed)


def hold_columns(
    numbers: HeldNumbers, columns: Mapping[str, slice], like: Float[Tensor, "clips frames tangents"]
) -> Float[Tensor, "clips frames tangents"]:
    """One for every tangent number of a frame that may change, zero for the held ones."""
    free = torch.ones_like(like)
    for name in numbers.keys() & columns.keys():
        free[..., columns[name]] = (~numbers[name]).to(like)[..., None]
    return free


def _where(mask: Bool[Tensor, "*leading"], kept: Tensor, free: Tensor) -> Tensor:
    return torch.where(mask.reshape(*mask.shape, *[1] * (free.ndim - mask.ndim)), kept, free)
