"""Fits the mixture of initial states: a Gaussian mixture over recorded states in their local frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from sklearn.mixture import GaussianMixture
from torch import Tensor

from motionfit.body.model import BodyModel
from motionfit.datasets.clips import Clip, labelled_states, mirrored, random_shape, with_shape
from motionfit.priors.initial_state import COMPONENTS, InitialStateMixture
from motionfit.priors.state import MotionState, local_frame, to_local
from motionfit.training.loop import Metrics
from motionfit.training.sampling import clip_weights


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


def fit_initial_state(
    clips: list[Clip], validation: list[Clip], body: BodyModel, settings: InitialStateSettings, seed: int = 0
) -> tuple[InitialStateMixture, Metrics]:
    """The mixture, and its mean log density (nats) of training and validation states."""
    generator = torch.Generator().manual_seed(seed)
    drawn = local_states(clips, body, settings, generator)
    vectors = _vectors(drawn).double().numpy()
    mixture = GaussianMixture(
        settings.components, reg_covar=settings.least_variance, max_iter=settings.iterations, random_state=seed
    ).fit(vectors)
    fitted = InitialStateMixture.from_covariances(
        _tensor(mixture.weights_), _tensor(mixture.means_), _tensor(mixture.covariances_)
    )
    held_back = local_states(validation, body, settings, generator)
    measured = {"train": mean_log_likelihood(fitted, drawn), "validation": mean_log_likelihood(fitted, held_back)}
    return fitted.float(), measured


def local_states(
    clips: list[Clip], body: BodyModel, settings: InitialStateSettings, generator: torch.Generator
) -> MotionState:
    """Recorded states in their local frames, from both sides and on random shapes."""
    long_enough = [clip for clip in clips if clip.frames >= 3]
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
