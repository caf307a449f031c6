"""How familiar a motion is to the priors: surprise per frame in nats, calibrated on validation motion.

The surprise of frame t is

    KL(q(z | x[t−1], x[t]) ‖ p(z | x[t−1])) − log m(x[t−1])

with the motion prior's posterior q and conditional prior p and the initial-state mixture m, states in the local frame
of x[t−1]. It is the bound of −log p(x[t−1], x[t]) that training makes small, without its reconstruction term. States
come from the motion itself, not from a roll-out: a frame's value depends on its neighbours only.

The step alone (first term) hardly knows slow motion on the floor from walking, the state alone nothing of a step that
does not go with it; together they separate better than either, than the density of the posterior's mean under p, and
than the same in closed loop.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from motionfit.errors import CheckpointError
from motionfit.priors.initial_state import InitialStateMixture
from motionfit.priors.motion import MotionPrior
from motionfit.priors.rollout import local_transitions
from motionfit.priors.state import MotionState

FORMULA = "kl_step_minus_log_state_mixture"
CARD_KEY = "familiarity"
LEAST_STATES = 2

HALF_WINDOW = 5
"""Frames on either side that a score is the mean of: 0.37 s in all."""

_LARGEST = 20.0
"""A single frame counts at most so many deviations, so that a broken one does not drown its neighbours."""

_AT_ONCE = 512
"""Steps that are evaluated together: the nets are wide, and motions may be long."""

_TRIMMED = (0.01, 0.99)
_QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)


@dataclass(frozen=True)
class Familiarity:
    """What real motion gets, to judge other motion by.

    Attributes:
        formula: Name of what is calibrated.
        location: Mean surprise of validation motion, nats, with its outer percents drawn in.
        scale: Standard deviation of the same, nats.
        quantiles: Of the scores of validation frames, by their share.
        frames: How many frames it was calibrated on.
        data: Hash of the data.
        initial_state: SHA-256 of the mixture's file that belongs to it.
    """

    formula: str
    location: float
    scale: float
    quantiles: Mapping[str, float]
    frames: int
    data: str
    initial_state: str

    def __post_init__(self) -> None:
        if not self.scale > 0:
            raise ValueError(f"a calibration needs a scale above 0, and it is {self.scale}")

    def score(self, surprise: Float[Tensor, " frames"]) -> Float[Tensor, " frames"]:
        """Deviations from what real motion gets, averaged over 11 frames; high is unfamiliar."""
        single = (surprise - self.location) / self.scale
        return smoothed(single.nan_to_num(_LARGEST).clamp(-_LARGEST, _LARGEST))

    def to_json(self) -> dict[str, Any]:
        """As it stands on the card of the motion prior."""
        return asdict(self)


@torch.no_grad()
def surprise(prior: MotionPrior, mixture: InitialStateMixture, states: MotionState) -> Float[Tensor, "batch steps"]:
    """Nats of the second and further frames (see the top of this module).

    Args:
        prior: The motion prior.
        mixture: The initial-state mixture.
        states: At least two, in a world frame (z up, floor z = 0), 30 a second.
    """
    steps = states.frames - 1
    stretches = [states.slice(start, min(start + _AT_ONCE, steps) + 1) for start in range(0, steps, _AT_ONCE)]
    return torch.cat([_surprise(prior, mixture, stretch) for stretch in stretches], 1)


def _surprise(prior: MotionPrior, mixture: InitialStateMixture, states: MotionState) -> Tensor:
    past, following = local_transitions(states)
    mean, variance = prior.posterior(past, following)
    prior_mean, prior_variance = prior.prior(past)
    ratio = (variance + (mean - prior_mean).square()) / prior_variance
    divergence = 0.5 * (ratio - 1.0 + prior_variance.log() - variance.log()).sum(-1)
    state = MotionState.unpack(past)
    likelihood = mixture.log_likelihood(
        state.joints, state.joint_velocities, state.linear_velocity, state.angular_velocity
    )
    return divergence - likelihood


def smoothed(values: Float[Tensor, " frames"]) -> Float[Tensor, " frames"]:
    """Mean over the frames up to `HALF_WINDOW` away; fewer at the ends."""
    width = 2 * HALF_WINDOW + 1
    padded = functional.avg_pool1d(values[None, None], width, stride=1, padding=HALF_WINDOW, count_include_pad=False)
    return padded[0, 0]


def calibrate(surprises: Sequence[Float[Tensor, "..."]], data: str, initial_state: str) -> Familiarity:
    """Location and scale from the surprise of validation recordings.

    Args:
        surprises: Of each recording.
        data: Hash of the data.
        initial_state: SHA-256 of the mixture's file.
    """
    means = torch.cat([smoothed(values) for values in surprises]).double()
    low, high = torch.quantile(means, means.new_tensor(_TRIMMED))
    drawn_in = means.clamp(low, high)
    location, scale = float(drawn_in.mean()), float(drawn_in.std())
    first = Familiarity(FORMULA, location, scale, {}, len(means), data, initial_state)
    scores = torch.cat([first.score(values) for values in surprises]).double()
    found = torch.quantile(scores, scores.new_tensor(_QUANTILES)).tolist()
    quantiles = {f"{share:g}": round(value, 4) for share, value in zip(_QUANTILES, found, strict=True)}
    return Familiarity(FORMULA, location, scale, quantiles, len(means), data, initial_state)


def familiarity_of_card(card: Mapping[str, Any], initial_state: str) -> Familiarity | None:
    """The calibration on a motion prior's card; None where there is none for this formula and this mixture.

    Args:
        card: Of the motion prior.
        initial_state: SHA-256 of the mixture's file in use.

    Raises:
        CheckpointError: The entry is damaged.
    """
    entry = card.get(CARD_KEY)
    if entry is None:
        return None
    names = {field.name for field in fields(Familiarity)}
    if not isinstance(entry, dict) or set(entry) != names:
        raise CheckpointError(
            f"The entry {CARD_KEY!r} of a card is damaged: it must have {', '.join(sorted(names))}.",
            "Calibrate again: `motionfit eval-prior FILE --data DATASET --calibrate`.",
        )
    if entry["formula"] != FORMULA or entry["initial_state"] != initial_state:
        return None
    try:
        return Familiarity(**{**entry, "location": float(entry["location"]), "scale": float(entry["scale"])})
    except (TypeError, ValueError) as error:
        raise CheckpointError(
            f"The entry {CARD_KEY!r} of a card is damaged: {error}.",
            "Calibrate again: `motionfit eval-prior FILE --data DATASET --calibrate`.",
        ) from error
