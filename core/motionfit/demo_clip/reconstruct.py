"""The motion of the demo clip: a given motion as our motion prior performs it."""

from __future__ import annotations

import logging
from dataclasses import replace

import torch

from motionfit.body.model import BodyModel, vertices
from motionfit.datasets.clips import FLAT, Clip, pose_clip
from motionfit.errors import InputError
from motionfit.geometry.planes import world_floor
from motionfit.motion import Motion, Observations
from motionfit.pipeline.fit import fit
from motionfit.pipeline.result import Progress
from motionfit.pipeline.settings import load_preset
from motionfit.priors.checkpoints import Priors
from motionfit.simulation.observe import surface_keypoints

FRAMES = 120
BETAS = torch.tensor([0.6, -0.5, 0.4, 0.3, *[0.0] * 12])
"""The person of the clip is not the mean one, so that a fit has a shape to find."""

_ITERATIONS = {"pose": 160, "tune_x0": 60, "hold_x0": 160, "refine": 200}
_DATA_WEIGHT = 10.0
_logger = logging.getLogger(__name__)


def perform(motion: Motion, body: BodyModel, priors: Priors, start: int = 0, iterations: int | None = None) -> Motion:
    """Let the motion prior perform a motion.

    The surface keypoints of a body that does the motion are fitted with one window over the whole clip: what comes
    out is a single roll-out of the prior from an initial state and latents, and not the given motion.

    Args:
        motion: In the world frame, 30 fps.
        body: The body that performs.
        priors: All three.
        start: First frame to perform.
        iterations: Limit of each phase; by default many.

    Returns:
        `FRAMES` frames of a person like `BETAS`, on the floor z = 0, with contacts.

    Raises:
        InputError: The motion is too short.
    """
    needed = start + FRAMES
    if motion.frames < needed:
        raise InputError(
            f"The motion has {motion.frames} frames, and {needed} are needed.", "Give a longer one or --start less."
        )
    target = _as_person(motion.slice(start, needed), body)
    points = surface_keypoints(target, body)
    observations = Observations(
        fps=target.fps,
        frames=target.frames,
        keypoints3d=points,
        keypoints3d_mask=torch.ones(points.shape[:2], dtype=torch.bool),
        floor=world_floor(),
    )
    preset = load_preset("keypoints3d")
    counts = _ITERATIONS if iterations is None else dict.fromkeys(_ITERATIONS, iterations)
    weights = {stage: {**terms, "keypoints3d": _DATA_WEIGHT} for stage, terms in preset.weights.items()}
    settings = replace(preset, window=FRAMES, overlap=0, weights=weights, iterations=counts, tolerance=1e-4)
    result = fit(observations, body, priors, settings, _tell)
    return _on_floor(result.stages["stage3"].motion, body)


def _as_person(motion: Motion, body: BodyModel) -> Motion:
    """The motion done by the person `BETAS`: the path is scaled with the legs."""
    rest = body.rest_joints(motion.betas)
    clip = Clip(
        name="demo",
        kind="demo",
        floor=FLAT,
        root=motion.translation + rest[0],
        root_orientation=motion.root_orientation,
        body_pose=motion.body_pose,
        made_for=rest,
        betas=BETAS,
    )
    translation, _ = pose_clip(clip, body)
    return _on_floor(replace(motion, translation=translation, betas=BETAS, contacts=None), body)


def _on_floor(motion: Motion, body: BodyModel) -> Motion:
    """The motion lifted so that the lowest point of the body is, in the median frame, at z = 0."""
    points = vertices(body, motion.betas, motion.translation, motion.root_orientation, motion.body_pose)
    lowest = points[..., 2].amin(1).median()
    return replace(motion, translation=motion.translation - lowest * torch.tensor([0.0, 0.0, 1.0]))


def _tell(progress: Progress) -> bool:
    if progress.iteration % 20 == 0:
        _logger.info("%s %d: loss %.4g", progress.phase, progress.iteration, progress.record.loss)
    return True
