"""The start of stage III: initial states and latents read off the result of stage II.

Velocities are slopes of lines fitted to several frames, in the prior frame, per second: one difference of two noisy
frames is mostly noise. Latents are encoded against the state that was rolled out so far (closed loop), so that errors
are corrected instead of adding up.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor

from motionfit.geometry.differences import angular_velocity
from motionfit.geometry.planes import prior_from_observed
from motionfit.pipeline.pose_stage import PoseStage
from motionfit.pipeline.rollout_stage import RolloutStage
from motionfit.pipeline.windows import cut
from motionfit.priors.rollout import infer_latents_closed_loop
from motionfit.priors.state import MotionState

_REACH_SECONDS = 0.15


def line_slopes(samples: Float[Tensor, "batch frames features"], fps: float) -> Float[Tensor, "batch frames features"]:
    """Velocity at every frame by a weighted least-squares line through the frames within 0.15 s."""
    frames = samples.shape[1]
    times = torch.arange(frames, dtype=samples.dtype, device=samples.device) / fps
    apart = times[None, :] - times[:, None]
    reach = max(_REACH_SECONDS, 1.5 / fps)
    weights = (1.0 - (apart / reach).square()).clamp(min=0.0).square()
    weights = weights / weights.sum(1, keepdim=True)
    centred = weights * (apart - (weights * apart).sum(1, keepdim=True))
    operator = centred / (centred * apart).sum(1, keepdim=True).clamp(min=1e-12)
    return operator @ samples


def observed_states(poses: PoseStage, values: Mapping[str, Tensor], rollout: RolloutStage) -> MotionState:
    """The stage II result as states in the prior frame of each window's first frame, (windows, frames, …)."""
    posed = poses.pose(values)
    windows = rollout.windows
    joints = cut(posed.skeleton.joints, windows)
    root = cut(posed.skeleton.rotations[..., 0, :, :], windows)
    body_pose = cut(posed.body_pose, windows)
    rest_root = posed.rest_joints[:, 0].repeat_interleave(len(windows), 0)
    normal, offset = rollout.ground.at(rollout.ground.start(), len(windows))
    transform = prior_from_observed(normal, offset, root[:, 0], joints[:, 0, 0], rest_root)
    frames = joints.shape[1]
    local_joints = transform.apply(joints.flatten(1, 2)).unflatten(1, (frames, 22))
    local_root = transform.rotation[:, None] @ root
    translation = local_joints[:, :, 0] - rest_root[:, None]
    fps = rollout.batch.fps
    speeds = line_slopes(local_joints.flatten(2), fps).unflatten(2, (22, 3))
    spin = angular_velocity(local_root, fps)
    return MotionState(
        translation=translation,
        linear_velocity=line_slopes(translation, fps),
        root_orientation=local_root,
        angular_velocity=smoothed(spin, fps),
        body_pose=body_pose,
        joints=local_joints,
        joint_velocities=speeds,
    )


def smoothed(samples: Float[Tensor, "batch frames features"], fps: float) -> Float[Tensor, "batch frames features"]:
    """Weighted mean of the frames within 0.15 s."""
    times = torch.arange(samples.shape[1], dtype=samples.dtype, device=samples.device) / fps
    apart = times[None, :] - times[:, None]
    weights = (1.0 - (apart / max(_REACH_SECONDS, 1.5 / fps)).square()).clamp(min=0.0).square()
    return (weights / weights.sum(1, keepdim=True)) @ samples


def start_rollout(poses: PoseStage, values: Mapping[str, Tensor], rollout: RolloutStage) -> dict[str, Tensor]:
    """The variables of stage III at its start."""
    with torch.no_grad():
        states = observed_states(poses, values, rollout)
        latents = infer_latents_closed_loop(rollout.priors.motion, states)
    firsts = [start for start, _ in rollout.windows]
    started = {
        "x0_translation": values["translation"][:, firsts].flatten(0, 1),
        "x0_root_six": values["root_six"][:, firsts].flatten(0, 1),
        "x0_pose_latent": _first_poses(poses, values, firsts),
        "x0_linear_velocity": states.linear_velocity[:, 0],
        "x0_angular_velocity": states.angular_velocity[:, 0],
        "x0_joint_velocities": states.joint_velocities[:, 0],
        "motion_latents": latents,
        "betas": values["betas"],
    }
    started |= rollout.ground.start()
    return {name: value.detach().clone() for name, value in started.items()}


def with_first_rows(values: Mapping[str, Tensor], known: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The variables with other rows for the first window, of those that are known."""
    return {**values, **{name: torch.cat([row.to(values[name]), values[name][1:]]) for name, row in known.items()}}


def _first_poses(poses: PoseStage, values: Mapping[str, Tensor], firsts: list[int]) -> Tensor:
    """Latents of the poses in which the windows start: encoded where stage II held joints that its latents do not."""
    latents = values["pose_latents"][:, firsts]
    if "held_pose" in values:
        with torch.no_grad():
            encoded, _ = poses.prior.encode(poses.pose(values).body_pose[:, firsts])
        is_held = values["held_pose_mask"][:, firsts].any(-1)
        latents = torch.where(is_held[..., None], encoded, latents)
    return latents.flatten(0, 1)
