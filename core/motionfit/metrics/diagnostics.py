"""What the frames of a fit look like one by one: data error, skating, penetration, acceleration."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from motionfit.body.keypoints import BODY25_IGNORED
from motionfit.body.model import BodyModel
from motionfit.geometry.cameras import project
from motionfit.metrics.accuracy import acceleration, body25, surface_keypoints
from motionfit.metrics.drift import joints_of
from motionfit.metrics.plausibility import lowest_point, skating_cm
from motionfit.motion import Floor, Motion, Observations


def frame_diagnostics(
    motion: Motion, observations: Observations, body: BodyModel, floor: Floor
) -> dict[str, Float[Tensor, " frames"]]:
    """Measures of each frame of a fit, in the frame of the observations.

    Returns:
        `reprojection_px` for 2D data or `data_error_cm` for 3D data (mean over what was observed, NaN in
        frames without observations); `skating_cm` (see `plausibility.skating_cm`); `penetration_cm`, the
        depth of the deepest vertex; `acceleration`, the mean over the joints in m/s² (the ends repeat their
        neighbours).
    """
    joints = joints_of(body, motion)
    found: dict[str, Float[Tensor, " frames"]] = {}
    if observations.keypoints2d is not None:
        found["reprojection_px"] = _mean_over(*reprojection_distances(motion, observations, body))
    elif observations.kind != "nothing":
        found["data_error_cm"] = _mean_over(*_distances_3d(motion, observations, body, joints)) * 100.0
    found["skating_cm"] = skating_cm(joints, floor)
    found["penetration_cm"] = (-lowest_point(motion, body, floor)).clamp(min=0.0) * 100.0
    found["acceleration"] = _accelerations(joints, motion.fps)
    return found


def reprojection_distances(
    motion: Motion, observations: Observations, body: BodyModel
) -> tuple[Float[Tensor, "frames points"], Bool[Tensor, "frames points"]]:
    """Distances in pixels of BODY_25 from the observed keypoints, and which of them count.

    Those that the body does not model as detectors see them (`BODY25_IGNORED`) do not count.
    """
    if observations.keypoints2d is None or observations.camera is None:
        raise ValueError("there are no 2D keypoints with a camera")
    pixels = project(body25(motion, body), observations.camera.intrinsics)
    counts = observations.keypoints2d[..., 2] > 0
    counts[:, list(BODY25_IGNORED)] = False
    return (pixels - observations.keypoints2d[..., :2]).norm(dim=-1), counts


def _distances_3d(
    motion: Motion, observations: Observations, body: BodyModel, joints: Float[Tensor, "frames 22 3"]
) -> tuple[Float[Tensor, "frames points"], Bool[Tensor, "frames points"]]:
    if observations.joints3d is not None:
        points, given, mask = joints, observations.joints3d, observations.joints3d_mask
    else:
        assert observations.keypoints3d is not None
        points, given = surface_keypoints(motion, body), observations.keypoints3d
        mask = observations.keypoints3d_mask
    seen = torch.ones(given.shape[:2], dtype=torch.bool, device=given.device) if mask is None else mask
    return (points - given).norm(dim=-1), seen


def _mean_over(
    distances: Float[Tensor, "frames points"], counts: Bool[Tensor, "frames points"]
) -> Float[Tensor, " frames"]:
    total = torch.where(counts, distances, torch.zeros_like(distances)).sum(-1)
    number = counts.sum(-1)
    return torch.where(number > 0, total / number.clamp(min=1), torch.full_like(total, torch.nan))


def _accelerations(joints: Float[Tensor, "frames 22 3"], fps: float) -> Float[Tensor, " frames"]:
    if joints.shape[0] < 3:
        return joints.new_zeros(joints.shape[0])
    inner = acceleration(joints, fps).norm(dim=-1).mean(-1)
    return torch.cat([inner[:1], inner, inner[-1:]])
