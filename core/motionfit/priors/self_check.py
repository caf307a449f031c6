"""Does a prior know human motion, or are its weights untrained or loaded wrongly?

Shapes and names may all match and the weights still be worth nothing. So each prior is asked about poses and a
walk by formula (`priors.plausible`), in a few milliseconds:

- pose prior: mean error (rad) of reconstructed poses, over that of always answering their mean. Version 2 as
  shipped: 0.52; untrained: 1.7 to 12.
- motion prior: mean error (m) of the joints one step ahead, over that of standing still. As shipped: 0.08;
  untrained: 1.6 to 17, and 1.0 with its outputs near zero.
- mixture: log likelihood (nats) of walking, over the highest of the same with joints changed for one another.
  As shipped: 7700; unfitted: 0.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from motionfit.errors import CheckpointError
from motionfit.geometry.rotations import geodesic_angle, rotation_from_six, six_from_rotation
from motionfit.priors.initial_state import InitialStateMixture
from motionfit.priors.motion import MotionPrior
from motionfit.priors.plausible import plausible_poses, plausible_walk, steps_of
from motionfit.priors.pose import PoseAutoencoder
from motionfit.priors.state import MotionState

POSE_LIMIT = 1.0
MOTION_LIMIT = 0.5
MIXTURE_LIMIT = 50.0
_SHUFFLES = 16


@dataclass(frozen=True)
class SelfCheck:
    """What a prior made of plausible poses or motion.

    Attributes:
        measure: What the value is.
        value: Found.
        limit: Between trained and untrained.
        passed: Whether the value lies on the trained side.
    """

    measure: str
    value: float
    limit: float
    passed: bool

    def to_json(self) -> dict[str, Any]:
        """As on cards; a value that is not finite becomes null."""
        return {**asdict(self), "value": self.value if abs(self.value) < float("inf") else None}


def check_prior(prior: nn.Module) -> SelfCheck:
    """Ask a prior (on the CPU, in evaluation mode) about what it must know."""
    with torch.no_grad():
        if isinstance(prior, PoseAutoencoder):
            value, limit = _pose_error(prior), POSE_LIMIT
            return SelfCheck("pose error over that of the mean pose", value, limit, value < limit)
        if isinstance(prior, MotionPrior):
            value, limit = _step_error(prior), MOTION_LIMIT
            return SelfCheck("one-step joint error over that of standing still", value, limit, value < limit)
        if isinstance(prior, InitialStateMixture):
            value, limit = _likelihood_margin(prior), MIXTURE_LIMIT
            return SelfCheck("log likelihood of walking over joints changed about, nats", value, limit, value > limit)
    raise ValueError(f"a {type(prior).__name__} is not a prior")


def require_trained(check: SelfCheck, path: Path, hint: str) -> None:
    """Refuse a prior that failed its check.

    Raises:
        CheckpointError: It did.
    """
    if not check.passed:
        side = "above" if check.measure.startswith("log") else "below"
        raise CheckpointError(
            f"{path}: the checkpoint was read but behaves like an untrained model: {check.measure} is "
            f"{check.value:.3g}, and {side} {check.limit:g} is expected.",
            hint,
        )


def _pose_error(prior: PoseAutoencoder) -> float:
    poses = plausible_poses().to(next(prior.parameters()))
    mean = rotation_from_six(six_from_rotation(poses).mean(0)).expand_as(poses)
    rebuilt = prior.decode(prior.encode(poses)[0])
    return float(geodesic_angle(rebuilt, poses).mean() / geodesic_angle(mean, poses).mean())


def _step_error(prior: MotionPrior) -> float:
    like = next(prior.parameters())
    past, following = (state.map(lambda tensor: tensor.to(like)) for state in steps_of(plausible_walk()))
    mean, _ = prior.posterior(past.pack(), following.pack())
    predicted = MotionState.unpack(prior.decode(past.pack(), mean)[0])
    error = (predicted.joints - following.joints).norm(dim=-1).mean()
    return float(error / (past.joints - following.joints).norm(dim=-1).mean())


def _likelihood_margin(mixture: InitialStateMixture) -> float:
    walk, _ = steps_of(plausible_walk())
    walk = walk.map(lambda tensor: tensor.to(mixture.means))
    generator = torch.Generator().manual_seed(0)
    likelihoods = []
    for order in (torch.arange(22), *(torch.randperm(22, generator=generator) for _ in range(_SHUFFLES))):
        joints, velocities = walk.joints[:, order], walk.joint_velocities[:, order]
        each = mixture.log_likelihood(joints, velocities, walk.linear_velocity, walk.angular_velocity)
        likelihoods.append(float(each.mean()))
    return likelihoods[0] - max(likelihoods[1:])
