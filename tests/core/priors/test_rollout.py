"""Roll-outs against the official code, and what must hold of any roll-out."""

import math

import pytest
import torch

from motionfit.body.model import pose_skeleton
from motionfit.geometry.rotations import rotation_from_axis_angle
from motionfit.priors.motion import MotionPrior, MotionPriorWidths
from motionfit.priors.rollout import (
    infer_latents,
    infer_latents_closed_loop,
    local_transitions,
    reconstruct,
    roll_out,
    sample,
)
from motionfit.priors.state import LocalFrame, local_frame, to_local, to_world

OFFICIAL = {"rtol": 0, "atol": 1e-4}
"""The official heading goes through an arc cosine and is off by up to 6e-5 rad a step."""

PARTS = {
    "trans": "translation",
    "trans_vel": "linear_velocity",
    "root_orient": "root_orientation",
    "root_orient_vel": "angular_velocity",
    "pose_body": "body_pose",
    "joints": "joints",
    "joints_vel": "joint_velocities",
}


def assert_states(states, golden, prefix):
    for name, attribute in PARTS.items():
        if prefix + name in golden:
            expected = torch.from_numpy(golden[prefix + name])
            found = getattr(states, attribute).reshape(expected.shape)
            torch.testing.assert_close(found, expected, **OFFICIAL, msg=lambda text, n=name: f"{n}: {text}")


def test_roll_out_agrees_with_the_official_code(official_motion_prior, goldens, state_of):
    golden = goldens("rollout")
    rolled = roll_out(
        official_motion_prior,
        state_of(golden, "init_", 0),
        torch.from_numpy(golden["z_seq"]),
        initial_is_local=True,
    )
    assert rolled.states.frames == 21
    assert_states(rolled.states.slice(1, 21), golden, "out_")
    for name, found in (("prior_mean", rolled.prior_mean), ("prior_var", rolled.prior_variance)):
        torch.testing.assert_close(found, torch.from_numpy(golden[name]), rtol=0, atol=3e-4, msg=name)
    torch.testing.assert_close(rolled.contact_logits, torch.from_numpy(golden["out_contacts"]), rtol=0, atol=3e-3)


def test_mean_motion_agrees_with_the_official_code(official_motion_prior, goldens, state_of):
    golden = goldens("rollout")
    initial = state_of(golden, "init_", 0)
    rolled = sample(official_motion_prior, initial, 5, use_mean=True)
    expected = torch.from_numpy(golden["mean5_joints"]).unflatten(-1, (22, 3))
    torch.testing.assert_close(rolled.states.joints[:, 1:], expected, rtol=0, atol=6e-4)


def test_a_start_that_is_not_canonical_agrees_both_ways(official_motion_prior, goldens, state_of):
    golden = goldens("rollout_noncanonical")
    initial, latents = state_of(golden, "init_", 0), torch.from_numpy(golden["z_seq"])
    outer = roll_out(official_motion_prior, initial, latents).states
    assert_states(outer.slice(1, 7), golden, "uncanon_")
    local = to_local(initial, local_frame(initial), initial.trans_to_joint())
    canonical = roll_out(official_motion_prior, local, latents).states
    assert_states(canonical.slice(1, 7), golden, "canon_")
    # Without canonicalisation the official code takes the root joint's place for the vector to it.
    as_is = roll_out(official_motion_prior, initial, latents, initial.joints[:, 0], initial_is_local=True)
    assert_states(as_is.states.slice(1, 7), golden, "nocanon_")


def test_open_loop_latents_agree_with_the_official_code(official_motion_prior, goldens, state_of):
    golden = goldens("infer_global_seq")
    states = state_of(golden, "in_")
    latents = infer_latents(official_motion_prior, states)
    mean, variance = official_motion_prior.prior(local_transitions(states)[0])
    for found, name in ((latents, "post_mean"), (mean, "prior_mean"), (variance, "prior_var")):
        torch.testing.assert_close(found, torch.from_numpy(golden[name]), rtol=0, atol=1e-6, msg=name)


@pytest.fixture(scope="module")
def walk(goldens, state_of):
    return state_of(goldens("infer_global_seq"), "in_")


def test_heading_and_place_do_not_matter(small_motion_prior, walk):
    turn = rotation_from_axis_angle(torch.tensor([[0.0, 0.0, 2.1]] * 2, dtype=torch.float64))
    frame = LocalFrame(turn, torch.tensor([[3.0, -2.0, 0.0]] * 2, dtype=torch.float64))
    initial = walk.frame(0)
    pivot = initial.trans_to_joint()
    latents = torch.randn(2, 6, 48, dtype=torch.float64)
    here = roll_out(small_motion_prior, initial, latents, pivot)
    there = roll_out(small_motion_prior, to_world(initial, frame, pivot), latents, pivot)
    frames = LocalFrame(turn.unsqueeze(1).expand(2, 7, 3, 3), frame.origin.unsqueeze(1).expand(2, 7, 3))
    moved = to_world(here.states, frames, pivot.unsqueeze(1).expand(2, 7, 3))
    torch.testing.assert_close(there.states.pack(), moved.pack(), rtol=0, atol=1e-9)
    torch.testing.assert_close(there.prior_mean, here.prior_mean, rtol=0, atol=1e-9)


def test_the_first_frame_is_the_initial_state_bit_for_bit(small_motion_prior, walk):
    rolled = roll_out(small_motion_prior, walk.frame(0), torch.zeros(2, 3, 48, dtype=torch.float64))
    assert torch.equal(rolled.states.frame(0).pack(), walk.frame(0).pack())


def test_no_step_leaves_the_initial_state_alone(small_motion_prior, walk):
    rolled = roll_out(small_motion_prior, walk.frame(0), torch.zeros(2, 0, 48, dtype=torch.float64))
    assert rolled.states.frames == 1
    assert rolled.prior_mean.shape == (2, 0, 48)


def test_closed_loop_latents_roll_out_to_the_reconstruction(small_motion_prior, walk):
    again = reconstruct(small_motion_prior, walk)
    latents = infer_latents_closed_loop(small_motion_prior, walk)
    assert latents.shape == (2, 7, 48)
    rolled = roll_out(small_motion_prior, walk.frame(0), latents)
    torch.testing.assert_close(rolled.states.pack(), again.states.pack(), rtol=0, atol=1e-12)


def test_the_first_closed_loop_latent_is_the_open_loop_one(small_motion_prior, walk):
    open_loop = infer_latents(small_motion_prior, walk)
    closed = infer_latents_closed_loop(small_motion_prior, walk)
    torch.testing.assert_close(closed[:, 0], open_loop[:, 0], rtol=0, atol=1e-9)


def test_gradients_agree_with_differences(small_motion_prior, walk):
    initial = walk.frame(0)
    latents = torch.randn(2, 3, 48, dtype=torch.float64, requires_grad=True)
    velocity = initial.linear_velocity.clone().requires_grad_()

    def end(latents, velocity):
        changed = initial.map(lambda tensor: velocity if tensor is initial.linear_velocity else tensor)
        return roll_out(small_motion_prior, changed, latents).states.joints[:, -1, ::7]

    assert torch.autograd.gradcheck(end, (latents, velocity), atol=1e-6, fast_mode=True)


def test_weights_get_no_gradient_and_gradients_are_finite(walk):
    torch.manual_seed(0)
    prior = MotionPrior(MotionPriorWidths((32,), (32,), (32, 32))).requires_grad_(False)
    latents = torch.zeros(2, 5, 48, requires_grad=True)
    rolled = roll_out(prior, walk.frame(0).map(lambda tensor: tensor.float()), latents)
    (rolled.states.pack().square().sum() + rolled.prior_mean.sum()).backward()
    assert torch.isfinite(latents.grad).all()
    assert all(parameter.grad is None for parameter in prior.parameters())


def test_a_body_on_its_side_rolls_out_without_nan(small_motion_prior, walk):
    initial = walk.frame(0)
    on_side = rotation_from_axis_angle(torch.tensor([[0.0, math.pi / 2, 0.0]] * 2, dtype=torch.float64))
    upright = initial.map(lambda tensor: on_side if tensor is initial.root_orientation else tensor)
    latents = torch.zeros(2, 4, 48, dtype=torch.float64, requires_grad=True)
    rolled = roll_out(small_motion_prior, upright, latents)
    rolled.states.pack().sum().backward()
    assert torch.isfinite(rolled.states.pack()).all()
    assert torch.isfinite(latents.grad).all()


def test_samples_follow_the_seed(small_motion_prior, walk):
    first, again, other = (
        sample(small_motion_prior, walk.frame(0), 4, torch.Generator().manual_seed(seed)).states.pack()
        for seed in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_samples_on_a_body_have_its_bones(small_motion_prior, walk):
    rest = torch.randn(2, 22, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    rolled = sample(small_motion_prior, walk.frame(0), 4, torch.Generator().manual_seed(1), rest_joints=rest)
    states = rolled.states.slice(1, 5)
    posed = pose_skeleton(rest, states.translation, states.root_orientation, states.body_pose).joints
    lengths, true = ((joints[..., 4, :] - joints[..., 1, :]).norm(dim=-1) for joints in (states.joints, rest))
    torch.testing.assert_close(lengths, true[:, None].expand(2, 4))
    heights = [joints[..., 2] - joints[..., :1, 2] for joints in (states.joints, posed)]
    torch.testing.assert_close(*heights)
