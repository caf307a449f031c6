"""How familiar the frames of a fit are to the priors it was made with."""

from __future__ import annotations

from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from motionfit.body.model import BodyModel
from motionfit.geometry.planes import world_from_floor
from motionfit.motion import Floor, Motion
from motionfit.priors.checkpoints import Priors
from motionfit.priors.familiarity import surprise
from motionfit.priors.recorded_states import states_of_motion

DIAGNOSTIC = "prior_nll_z"
"""Name among the per-frame diagnostics."""

_FPS = 30.0
_LEAST_FRAMES = 4


def familiarity_of(motion: Motion, body: BodyModel, floor: Floor, priors: Priors) -> Float[Tensor, " frames"] | None:
    """Surprise of each frame in deviations from real motion (0 usual, above 2 hardly known); the ends are repeated.

    Args:
        motion: In the frame of the observations.
        body: Of the motion.
        floor: In the same frame.
        priors: With their calibration.

    Returns:
        None where the priors were not calibrated, the motion is shorter than four frames, or it has another rate.
    """
    if priors.familiarity is None or motion.frames < _LEAST_FRAMES or abs(motion.fps - _FPS) > 0.1:
        return None
    rest_root, world = body.rest_joints(motion.betas)[0], world_from_floor(floor)
    placed = replace(
        motion,
        translation=world.apply(motion.translation + rest_root) - rest_root,
        root_orientation=world.rotation @ motion.root_orientation,
    )
    like = next(priors.motion.parameters())
    states = states_of_motion(placed, body).map(lambda tensor: tensor.unsqueeze(0).to(like))
    score = priors.familiarity.score(surprise(priors.motion, priors.initial_state, states)[0]).to(motion.translation)
    return torch.cat([score[:1].expand(2), score, score[-1:]])
