"""How far the current run's last stage is from what was observed, per frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from PySide6.QtCore import QCoreApplication
from torch import Tensor

from motionfit.body.keypoints import KeypointSurfaces, body25_points
from motionfit.body.model import BodyModel, pose_skeleton, skin
from motionfit.geometry.cameras import pixels_of
from motionfit.metrics.drift import joints_of
from motionfit.motion import Motion, Observations
from motionfit_app.state.document import Document


@dataclass(frozen=True)
class FrameError:
    """A mean distance per frame; NaN where nothing was observed."""

    title: str
    unit: str
    values: np.ndarray


def observed_error(document: Document) -> FrameError | None:
    """Mean distance between observation and fit; None while there is no result."""
    run, body, project = document.current_run, document.body, document.project
    if run is None or body is None or project is None or not run.result.stages:
        return None
    return frame_error(body, run.result.final.motion, project.observations)


def frame_error(body: BodyModel, motion: Motion, observations: Observations) -> FrameError | None:
    """Mean distance between observation and a motion, per frame: cm for 3D data, pixels for 2D."""
    if observations.joints3d is not None:
        distance = (joints_of(body, motion) - observations.joints3d).norm(dim=-1) * 100.0
        return FrameError(_tr("Joint error"), "cm", _mean(distance, observations.joints3d_mask))
    if observations.keypoints3d is not None:
        surface = KeypointSurfaces.of(body).keypoints
        rest = body.rest_joints(motion.betas)
        posed = pose_skeleton(rest, motion.translation, motion.root_orientation, motion.body_pose)
        points = skin(surface, surface.shaped(motion.betas), rest, posed, motion.body_pose)
        distance = (points - observations.keypoints3d).norm(dim=-1) * 100.0
        return FrameError(_tr("Keypoint error"), "cm", _mean(distance, observations.keypoints3d_mask))
    if observations.keypoints2d is not None and observations.camera is not None:
        points = body25_points(body, motion.betas, motion.translation, motion.root_orientation, motion.body_pose)
        pixels = pixels_of(points, observations.camera)
        distance = (pixels - observations.keypoints2d[..., :2]).norm(dim=-1)
        return FrameError(_tr("Reprojection error"), "px", _mean(distance, observations.keypoints2d[..., 2] > 0))
    return None


def _mean(distance: Tensor, mask: Tensor | None) -> np.ndarray:
    weights = torch.ones_like(distance) if mask is None else mask.to(distance)
    count = weights.sum(1)
    mean = (distance * weights).sum(1) / count.clamp(min=1)
    mean[count == 0] = float("nan")
    return np.asarray(mean.detach().cpu().numpy())


def _tr(text: str) -> str:
    return QCoreApplication.translate("errors", text)
