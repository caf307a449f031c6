"""First values of stage I, and of stage III from stage II, as published.

Kept faults: with 3D data the body starts at the origin, turned by π about x; with 2D keypoints one depth serves all
frames of a window, and a bone that is not seen counts as one of length zero; the velocities of x0 are differences of
its first two frames; latents are encoded open loop. (The first published version also took the velocities in the
camera frame, although the prior reads them in its own; the last one, which the golden fits are of, does not.)
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor

from motionfit.body.keypoints import BODY25_EDGES
from motionfit.geometry.differences import angular_velocity, velocity
from motionfit.priors.motion import MotionPrior
from motionfit.priors.pose import POSE_LATENT
from motionfit.priors.state import MotionState
from motionfit.reference.observed import WindowBatch
from motionfit.reference.pose_stages import PoseStages
from motionfit.reference.prior_frame import prior_frame
from motionfit.reference.rollout import infer_latents
from motionfit.reference.rotations import rotation_from_vector

Values = dict[str, Tensor]


def first_values(stages: PoseStages) -> Values:
    """The values that stage I starts from."""
    observed = stages.observed
    windows, frames = observed.data.shape[:2]
    zeros = observed.data.new_zeros
    root = zeros(windows, frames, 3)
    root[..., 0] = math.pi
    values = {
        "translation": zeros(windows, frames, 3),
        "root_orientation": root,
        "pose_latents": zeros(windows, frames, POSE_LATENT),
        "betas": zeros(windows, 16),
    }
    if observed.in_camera_frame:
        assert observed.floor is not None
        with torch.no_grad():
            points = stages.reference.body25(stages.pose(values))[:, 0]
        values["translation"][..., 2] = depth_from_bones(observed, points).unsqueeze(1)
        values["floor"] = observed.floor.clone()
    return values


def depth_from_bones(observed: WindowBatch, points: Float[Tensor, "windows 25 3"]) -> Float[Tensor, " windows"]:
    """Focal length times mean bone length of the body over that in the picture, at the frame that shows most.

    Args:
        observed: With 2D keypoints.
        points: BODY_25 of the body, metres.
    """
    assert observed.keypoints2d is not None
    assert observed.intrinsics is not None
    shown = (observed.keypoints2d[..., 2] > 0.0).sum(-1).argmax(1)
    best = observed.keypoints2d[torch.arange(len(shown), device=shown.device), shown]
    near, far = (list(ends) for ends in zip(*BODY25_EDGES, strict=True))
    true_lengths: Tensor = torch.linalg.vector_norm(points[:, near] - points[:, far], dim=-1)
    seen_lengths: Tensor = torch.linalg.vector_norm(best[:, near, :2] - best[:, far, :2], dim=-1)
    is_seen = torch.minimum(best[:, near, 2], best[:, far, 2]) > 0.0
    return observed.intrinsics[:, 0, 0] * true_lengths.mean(1) / (seen_lengths * is_seen).mean(1)


def motion_values(stages: PoseStages, prior: MotionPrior, values: Mapping[str, Tensor]) -> Values:
    """The values that stage III starts from, by those of stage II."""
    with torch.no_grad():
        states = states_in_prior_frame(stages, values)
        started = {name: values[name][:, :1] for name in ("translation", "root_orientation", "pose_latents")}
        started |= {name: values[name] for name in ("betas", "floor") if name in values}
        started["motion_latents"] = infer_latents(prior, states)
    first = states.frame(0)
    started["linear_velocity"] = first.linear_velocity
    started["joint_velocities"] = first.joint_velocities
    started["angular_velocity"] = first.angular_velocity
    return started


def states_in_prior_frame(stages: PoseStages, values: Mapping[str, Tensor]) -> MotionState:
    """The motion of stage II as states of the motion prior, (windows, frames, …)."""
    posed, fps = stages.pose(values), stages.observed.fps
    translation, root = values["translation"], rotation_from_vector(values["root_orientation"])
    if stages.observed.in_camera_frame:
        frame = prior_frame(values["floor"], translation[:, 0], root[:, 0], posed.joints()[:, 0, 0])
        translation, root = frame.move_in(translation, posed.rest_joints[:, 0]), frame.turn_in(root)
        posed = stages.reference.pose(values["betas"], translation, root, posed.body_pose)
    joints = posed.joints()
    return MotionState(
        translation=translation,
        linear_velocity=velocity(translation, fps),
        root_orientation=root,
        angular_velocity=angular_velocity(root, fps),
        body_pose=posed.body_pose,
        joints=joints,
        joint_velocities=velocity(joints, fps, -3),
    )
