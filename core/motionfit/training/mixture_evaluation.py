"""What the mixture of initial states is worth: how likely it finds recorded states."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from motionfit.datasets.clips import LabelledStates
from motionfit.priors.initial_state import InitialStateMixture
from motionfit.priors.state import MotionState, local_frame, to_local

_CHUNK = 4096


@torch.no_grad()
def evaluate_mixture(mixture: InitialStateMixture, states: MotionState) -> dict[str, float]:
    """Mean and outer percents of the log density (nats) of states in the world frame."""
    local = to_local(states, local_frame(states), states.trans_to_joint()).map(lambda tensor: tensor.double())
    precise = InitialStateMixture(len(mixture.log_weights)).double()
    precise.load_state_dict(mixture.state_dict())
    parts = (MotionState.unpack(part) for part in local.pack().split(_CHUNK))
    found = torch.cat([_density(precise, part) for part in parts])
    low, middle = torch.quantile(found, found.new_tensor([0.05, 0.5])).tolist()
    return {"log_likelihood": float(found.mean()), "log_likelihood_median": middle, "log_likelihood_5_percent": low}


def states_of(recordings: list[LabelledStates], most: int, seed: int) -> MotionState:
    """At most so many of the states of recordings, drawn at random."""
    packed = torch.cat([recording.states.pack() for recording in recordings])
    if len(packed) > most:
        packed = packed[torch.randperm(len(packed), generator=torch.Generator().manual_seed(seed))[:most]]
    return MotionState.unpack(packed)


def _density(mixture: InitialStateMixture, states: MotionState) -> Float[Tensor, " states"]:
    return mixture.log_likelihood(
        states.joints, states.joint_velocities, states.linear_velocity, states.angular_velocity
    )
