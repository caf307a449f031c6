"""Fits the mixture of initial states: a Gaussian mixture over recorded states in their local frames."""

from __future__ import annotations

import logging
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from torch import Tensor

from motionfit.body.model import BodyModel
from motionfit.datasets.clips import Clip, labelled_states, mirrored, random_shape, with_shape
from motionfit.priors.initial_state import COMPONENTS, InitialStateMixture
from motionfit.priors.state import MotionState, local_frame, to_local
from motionfit.training.data import TrainingData, require_clips
from motionfit.training.sampling import clip_weights
from motionfit.training.settings import above_zero, at_least
from motionfit.training.task import Metrics

_LEAST_FRAMES = 3
"""Of a clip that has velocities."""

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class InitialStateSettings:
    """Sizes of the mixture.

    Attributes:
        components: Number of Gaussians.
        states: Drawn from the recordings, with weights that keep one kind of motion from dominating.
        least_variance: Added to all variances (m², m²/s², rad²/s²): no direction is stiffer than 1 cm or 1 cm/s.
        shape_spread: Deviation of the shape coefficients.
        iterations: At most so many of expectation maximisation.
    """

    components: int = COMPONENTS
    states: int = 12_000
    least_variance: float = 1e-4
    shape_spread: float = 0.8
    iterations: int = 60

    def __post_init__(self) -> None:
        at_least(self, 1, ("components", "iterations"))
        at_least(self, self.components, ("states",))
        at_least(self, 0, ("shape_spread",))
        above_zero(self, ("least_variance",))


def fit_initial_state(
    data: TrainingData, body: BodyModel, settings: InitialStateSettings, seed: int = 0
) -> tuple[InitialStateMixture, Metrics]:
    """The mixture, and its mean log density (nats) of the states of each split.

    Raises:
        InputError: No clip has three frames: velocities need them.
    """
    require_clips(data.train, data.validation, frames=_LEAST_FRAMES)
    generator = torch.Generator().manual_seed(seed)
    drawn = local_states(data.train, body, settings, generator)
    mixture = GaussianMixture(
        settings.components, reg_covar=settings.least_variance, max_iter=settings.iterations, random_state=seed
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        mixture.fit(_vectors(drawn).double().numpy())
    if not mixture.converged_:
        _logger.warning("The mixture has not settled after %d iterations (prior.iterations).", settings.iterations)
    fitted = InitialStateMixture.from_covariances(
        _tensor(mixture.weights_), _tensor(mixture.means_), _tensor(mixture.covariances_)
    )
    measured = {"train": mean_log_likelihood(fitted, drawn)}
    for name, clips in (("validation", data.validation), ("test", data.test)):
        if any(clip.frames >= _LEAST_FRAMES for clip in clips):
            measured[name] = mean_log_likelihood(fitted, local_states(clips, body, settings, generator))
    return fitted.float(), measured


def local_states(
    clips: list[Clip], body: BodyModel, settings: InitialStateSettings, generator: torch.Generator
) -> MotionState:
    """Recorded states in their local frames, from both sides and on random shapes."""
    long_enough = [clip for clip in clips if clip.frames >= _LEAST_FRAMES]
    both = [copy for clip in long_enough for copy in (clip, mirrored(clip))]
    shaped = [with_shape(clip, random_shape(generator, settings.shape_spread)) for clip in both]
    recordings = [labelled_states(clip, body).states for clip in shaped]
    shares = clip_weights([clip.kind for clip in both], [states.frames for states in recordings])
    weights = torch.cat([
        torch.full((states.frames,), share) for states, share in zip(recordings, shares, strict=True)
    ])  # fmt: skip
    everything = MotionState.unpack(torch.cat([states.pack() for states in recordings]))
    chosen = torch.multinomial(weights, settings.states, replacement=True, generator=generator)
    drawn = everything.map(lambda tensor: tensor[chosen])
    return to_local(drawn, local_frame(drawn), drawn.trans_to_joint())


def mean_log_likelihood(mixture: InitialStateMixture, states: MotionState) -> float:
    """Nats per state."""
    double = states.map(lambda tensor: tensor.double())
    density = mixture.double().log_likelihood(
        double.joints, double.joint_velocities, double.linear_velocity, double.angular_velocity
    )
    return float(density.mean())


def _vectors(states: MotionState) -> Float[Tensor, "states 138"]:
    return torch.cat(
        [
            states.joints.flatten(-2),
            states.joint_velocities.flatten(-2),
            states.linear_velocity,
            states.angular_velocity,
        ],
        -1,
    )


def _tensor(array: Any) -> Tensor:  # noqa: ANN401 - scikit-learn types its results as possibly absent
    return torch.from_numpy(np.asarray(array, dtype=np.float64))
