"""The official weights by formula, and states out of golden files."""

import formulas
import numpy as np
import pytest
import torch

from motionfit.priors.motion import MotionPrior, MotionPriorWidths
from motionfit.priors.pose import PosePrior
from motionfit.priors.state import MotionState


@pytest.fixture(scope="session")
def official_motion_prior():
    prior = MotionPrior().double()
    prior.load_state_dict({name: torch.from_numpy(value) for name, value in formulas.humor_weights().items()})
    return prior.requires_grad_(False)


@pytest.fixture(scope="session")
def official_pose_prior():
    prior = PosePrior().double()
    weights = formulas.vposer2_weights()
    prior.load_state_dict({name: torch.from_numpy(np.asarray(value)) for name, value in weights.items()})
    return prior.requires_grad_(False).eval()


@pytest.fixture(scope="session")
def small_motion_prior():
    torch.manual_seed(3)
    prior = MotionPrior(MotionPriorWidths((32,), (32,), (32, 32))).double()
    with torch.no_grad():
        prior.decoder.net[-1].weight.mul_(0.05)
    return prior.requires_grad_(False)


def golden_state(golden, prefix: str, frame: int | None = None) -> MotionState:
    def part(name):
        array = golden[prefix + name]
        return torch.from_numpy(array if frame is None else array[:, frame])

    return MotionState(
        part("trans"),
        part("trans_vel"),
        part("root_orient").unflatten(-1, (3, 3)),
        part("root_orient_vel"),
        part("pose_body").unflatten(-1, (21, 3, 3)),
        part("joints").unflatten(-1, (22, 3)),
        part("joints_vel").unflatten(-1, (22, 3)),
    )


@pytest.fixture(scope="session")
def state_of():
    return golden_state
