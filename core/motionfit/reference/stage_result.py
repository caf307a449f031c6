"""Batches of windows as the stages of one clip, in the frame of the observations."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from motionfit.body.model import BodyModel
from motionfit.body.skeleton import BODY_JOINTS, CONTACT_JOINTS
from motionfit.geometry.planes import world_floor
from motionfit.geometry.rotations import six_from_rotation
from motionfit.motion import Floor, Motion, Observations
from motionfit.pipeline.result import StageResult
from motionfit.reference.fit_batch import BatchStage
from motionfit.reference.prior_frame import parse_floor
from motionfit.reference.windows import WindowedClip, joined
from motionfit.solve.solution import Status

_ENDED = "Ran the published number of steps."
_NOT_OPTIMISED = "Not optimised: the roll-out that stage III starts from."
_X0 = ("translation", "root_orientation", "pose_latents", "linear_velocity", "joint_velocities", "angular_velocity")


def clip_motion(
    parts: Sequence[BatchStage], clip: WindowedClip, body: BodyModel, observations: Observations
) -> tuple[Motion, Floor]:
    """The windows of one stage as one motion, on the CPU.

    The shape is the mean over the frames, and translations keep the root joints where they were; the floor is the
    first window's, as published.

    Args:
        parts: The batches that are done; frames after them repeat the last one.
        clip: All windows.
        body: That was fitted.
        observations: Of the clip.
    """
    translation, root = _observed(parts, clip, body)
    length = translation.shape[1]
    betas = torch.cat([part.betas for part in parts])
    shapes = joined(betas.unsqueeze(1).expand(-1, length, 16), clip.windows)
    shape = shapes.mean(0) if len(betas) > 1 else betas[0]
    shift = body.rest_joints(shapes)[:, 0] - body.rest_joints(shape)[0] if len(betas) > 1 else 0.0
    motion = Motion(
        fps=observations.fps,
        translation=joined(translation, clip.windows) + shift,
        root_orientation=joined(root, clip.windows),
        body_pose=joined(torch.cat([part.body_pose for part in parts]), clip.windows),
        betas=shape,
        gender=body.gender,
        contacts=_contacts(parts, clip),
    )
    return motion.to("cpu"), _floor(parts, observations)


def stage_result(
    key: str, parts: Sequence[BatchStage], clip: WindowedClip, body: BodyModel, observations: Observations
) -> StageResult:
    """One stage of all batches that reached it."""
    motion, floor = clip_motion(parts, clip, body, observations)
    status = _NOT_OPTIMISED if key == "stage3_init" else _ENDED
    if any(part.stopped for part in parts):
        status = Status.CANCELLED.value
    of_poses = key in ("stage1", "stage2")
    return StageResult(
        key=key,
        motion=motion,
        floor=floor,
        variables=_pose_variables(parts, clip, motion) if of_poses else _motion_variables(parts),
        history=tuple(record for part in parts for record in part.history),
        seconds=sum(part.seconds for part in parts),
        status=status,
    )


def _observed(
    parts: Sequence[BatchStage], clip: WindowedClip, body: BodyModel
) -> tuple[Float[Tensor, "windows frames 3"], Float[Tensor, "windows frames 3 3"]]:
    """Translations and root orientations of the windows; 3D data was fitted in a frame of its own for each."""
    translation = torch.cat([part.translation for part in parts])
    root = torch.cat([part.root_orientation for part in parts])
    if clip.prior_from_observed is None:
        return translation, root
    back = clip.prior_from_observed.inverse()
    turn, move = back.rotation[: len(root)], back.translation[: len(root)]
    rest_root = body.rest_joints(torch.cat([part.betas for part in parts]))[:, :1]
    moved = (translation + rest_root) @ turn.transpose(-1, -2) + move.unsqueeze(1) - rest_root
    return moved, turn.unsqueeze(1) @ root


def _contacts(parts: Sequence[BatchStage], clip: WindowedClip) -> Tensor | None:
    known = [part.contacts for part in parts if part.contacts is not None]
    if not known:
        return None
    contacts = joined(torch.cat(known), clip.windows)
    every = contacts.new_zeros(len(contacts), BODY_JOINTS)
    every[:, list(CONTACT_JOINTS)] = contacts
    return every


def _floor(parts: Sequence[BatchStage], observations: Observations) -> Floor:
    if parts[0].floor is None:
        return observations.floor or world_floor()
    normal, offset = parse_floor(parts[0].floor[0].cpu())
    return Floor(normal, offset)


def _pose_variables(parts: Sequence[BatchStage], clip: WindowedClip, motion: Motion) -> dict[str, Tensor]:
    """As `pipeline` keeps them, so that its later stages can go on from here."""
    latents = joined(torch.cat([part.values["pose_latents"] for part in parts]), clip.windows)
    return {
        "translation": motion.translation,
        "root_six": six_from_rotation(motion.root_orientation),
        "pose_latents": latents.cpu(),
        "betas": motion.betas,
    }


def _motion_variables(parts: Sequence[BatchStage]) -> dict[str, Tensor]:
    """One row per window, in the frame that the window was fitted in; `x0_root_orientation` is a rotation vector."""
    return {
        (f"x0_{name}" if name in _X0 else name): torch.cat([part.values[name] for part in parts]).cpu()
        for name in parts[0].values
    }
