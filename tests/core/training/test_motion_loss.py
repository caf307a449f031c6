"""The losses against the official code."""

from dataclasses import replace

import pytest
import torch

from motionfit.body.model import Surface, pose_skeleton
from motionfit.priors.state import MotionState
from motionfit.training.motion_loss import (
    MotionLossWeights,
    Shape,
    body_losses,
    contact_losses,
    divergence,
    drawn_losses,
    state_losses,
    weighted_sum,
)

NAMES = {
    "translation": "trans",
    "linear_velocity": "trans_vel",
    "root_orientation": "root_orient",
    "angular_velocity": "root_orient_vel",
    "body_pose": "pose_body",
    "joints": "joints",
    "joint_velocities": "joints_vel",
    "contacts": "contacts",
    "contact_speed": "contacts_vel",
    "body_joints": "smpl_joint",
    "body_points": "smpl_mesh",
    "consistency": "smpl_joint_consistency",
}
MATCHES = {"rtol": 1e-6, "atol": 0}


@pytest.fixture(scope="module")
def golden(goldens):
    return {
        name: torch.from_numpy(array) if array.dtype.kind == "f" and array.ndim else array
        for name, array in goldens("humor_loss").items()
    }


def state(golden, prefix):
    return MotionState(
        golden[prefix + "trans"],
        golden[prefix + "trans_vel"],
        golden[prefix + "root_orient"].unflatten(-1, (3, 3)),
        golden[prefix + "root_orient_vel"],
        golden[prefix + "pose_body"].unflatten(-1, (21, 3, 3)),
        golden[prefix + "joints"].unflatten(-1, (22, 3)),
        golden[prefix + "joints_vel"].unflatten(-1, (22, 3)),
    )


def body_shape(body, betas):
    """A shape per row; the golden was made with the body in double precision."""
    double = body.to(dtype=torch.float64)
    surface: Surface = double.surface
    return Shape(double.rest_joints(betas), surface, surface.shaped(betas))


@pytest.fixture(scope="module")
def losses(golden, body):
    predicted, target = state(golden, "pred_"), state(golden, "gt_")
    one_frame = [part.map(lambda tensor: tensor.unsqueeze(1)) for part in (predicted, target)]
    found = state_losses(predicted, target)
    found |= body_losses(*one_frame, body_shape(body, golden["betas"]))
    return found | contact_losses(golden["pred_contacts"], golden["gt_contacts"], predicted)


@pytest.mark.parametrize("name", list(NAMES))
def test_terms_agree_with_the_official_code(losses, golden, name):
    expected = float(golden[f"epoch0_{NAMES[name]}_loss"])
    assert float(losses[name]) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(("epoch", "share"), [(0, 0.0), (25, 0.5), (60, 1.0)])
def test_the_whole_loss_agrees_with_the_official_code(losses, golden, epoch, share):
    names = ("post_mean", "post_var", "prior_mean", "prior_var")
    kl = divergence(*(golden[name] for name in names)).mean()
    assert float(kl) == pytest.approx(float(golden["epoch0_kl_loss"]), rel=1e-9)
    loss = weighted_sum({**losses, "kl": kl}, MotionLossWeights(), share)
    assert float(loss) == pytest.approx(float(golden[f"epoch{epoch}_loss"]), rel=1e-5)


def test_drawn_steps_that_stand_as_recorded_cost_nothing_and_sunk_ones_do(collection_states, body):
    rest = body.rest_joints(torch.zeros(2, 16))
    states = collection_states
    posed = pose_skeleton(rest, states.translation, states.root_orientation, states.body_pose).joints
    lift = torch.tensor([0.0, 0.0, 0.01 - float(posed[..., 2].min())])
    standing = replace(states, translation=states.translation + lift, joints=posed + lift)
    assert all(float(value) < 1e-10 for value in drawn_losses(standing, standing, rest).values())
    down = torch.tensor([0.0, 0.0, 0.2])
    sunk = replace(standing, translation=standing.translation - down, joints=standing.joints - down)
    losses = drawn_losses(sunk, standing, rest)
    assert float(losses["standing"]) == pytest.approx(0.04, rel=1e-3)
    assert float(losses["under_floor"]) > 1e-3
    assert float(losses["drawn_consistency"]) < 1e-10
