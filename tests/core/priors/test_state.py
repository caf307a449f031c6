"""The motion state: packing, frames, and the local frame against the official code."""

import numpy as np
import pytest
import torch

from motionfit.priors.state import LocalFrame, MotionState, heading_rotation, local_frame, to_local, to_world


def random_states(*batch):
    generator = torch.Generator().manual_seed(5)

    def draw(*shape):
        return torch.randn(*batch, *shape, generator=generator, dtype=torch.float64)

    turns = torch.linalg.qr(draw(22, 3, 3))[0]
    turns = turns * torch.linalg.det(turns)[..., None, None]
    return MotionState(draw(3), draw(3), turns[..., 0, :, :], draw(3), turns[..., 1:, :, :], draw(22, 3), draw(22, 3))


def assert_same(first, second, **tolerance):
    torch.testing.assert_close(first.pack(), second.pack(), **tolerance)


@pytest.mark.parametrize("batch", [(), (4,), (2, 3)])
def test_unpacking_undoes_packing(batch):
    states = random_states(*batch)
    assert states.pack().shape == (*batch, 339)
    assert_same(MotionState.unpack(states.pack()), states, rtol=0, atol=0)


def test_a_slice_and_a_frame_are_those_of_each_tensor():
    states = random_states(2, 5)
    part = states.slice(1, 4)
    assert part.frames == 3
    assert torch.equal(part.pack(), states.pack()[:, 1:4])
    assert torch.equal(states.frame(2).pack(), states.pack()[:, 2])


def test_heading_agrees_with_the_official_code_where_that_is_regular(goldens):
    golden = goldens("world2aligned")
    mine = heading_rotation(torch.from_numpy(golden["R"][:17])).numpy()
    # The official angle goes through an arc cosine and is off by up to 6e-5 rad.
    np.testing.assert_allclose(mine, golden["world2aligned"][:17], atol=7e-5)


def test_a_body_facing_backwards_is_turned_round(goldens):
    backwards = torch.from_numpy(goldens("world2aligned")["R"][17:19])
    right = (heading_rotation(backwards) @ -backwards)[..., 0]
    np.testing.assert_allclose(right.numpy(), [[1.0, 0.0, 0.0]] * 2, atol=1e-12)


def test_a_vertical_right_has_no_heading_and_a_finite_gradient(goldens):
    golden = goldens("world2aligned")
    root = torch.from_numpy(golden["R"][19:20]).requires_grad_()
    heading = heading_rotation(root)
    np.testing.assert_allclose(heading.detach().numpy(), golden["world2aligned"][19:20], atol=1e-12)
    heading.sum().backward()
    assert torch.isfinite(root.grad).all()


def test_local_frames_both_ways_agree_with_the_official_code(goldens, state_of):
    golden = goldens("world2aligned")
    states = state_of(golden, "in_")
    rotation = torch.from_numpy(golden["world2aligned_rot"]).unsqueeze(1).expand(4, 2, 3, 3)
    frame = LocalFrame(rotation, -torch.from_numpy(golden["world2aligned_trans"]).unsqueeze(1).expand(4, 2, 3))
    pivot = -torch.from_numpy(golden["trans2joint"]).squeeze(1).expand(4, 2, 3)
    local = to_local(states, frame, pivot)
    assert_same(local, state_of(golden, "local_"), rtol=1e-9, atol=1e-12)
    assert_same(to_world(local, frame, pivot), state_of(golden, "back_"), rtol=1e-9, atol=1e-12)


def test_the_local_frame_has_no_place_and_no_heading():
    states = random_states(3)
    local = to_local(states, local_frame(states), states.trans_to_joint())
    assert local.translation[:, :2].abs().max() < 1e-12
    assert_same(to_local(local, local_frame(local), local.trans_to_joint()), local, rtol=0, atol=1e-12)
    torch.testing.assert_close(local.trans_to_joint(), states.trans_to_joint(), rtol=0, atol=1e-12)


def test_gradients_of_the_local_frame():
    states = random_states(2)
    packed = states.pack().requires_grad_()

    def local(vector):
        state = MotionState.unpack(vector)
        return to_local(state, local_frame(state), states.trans_to_joint()).pack()

    assert torch.autograd.gradcheck(local, packed, fast_mode=True)
