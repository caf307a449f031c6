import itertools

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from motionfit.retarget.euler import intrinsic_rotation, rotation_about


@pytest.mark.parametrize("axes", ["".join(order) for order in itertools.permutations("xyz")] + ["zyz", "xx", "y"])
def test_turns_follow_one_another_about_moved_axes(axes):
    angles = torch.randn(20, len(axes), generator=torch.Generator().manual_seed(3), dtype=torch.float64) * 4
    expected = Rotation.identity(20)
    for axis, angle in zip(axes, angles.T.numpy(), strict=True):
        expected = expected * Rotation.from_euler(axis, angle[:, None])
    np.testing.assert_allclose(intrinsic_rotation(axes, angles).numpy(), expected.as_matrix(), atol=1e-12)


def test_no_turns_are_the_identity():
    assert torch.equal(intrinsic_rotation("", torch.zeros(4, 0)), torch.eye(3).repeat(4, 1, 1))


def test_a_positive_turn_is_anticlockwise():
    turned = rotation_about("z", torch.tensor(torch.pi / 2)) @ torch.tensor([1.0, 0, 0])
    torch.testing.assert_close(turned, torch.tensor([0.0, 1, 0]))
