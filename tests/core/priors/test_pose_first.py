"""VPoser v1: forward passes of the official code, names of its tensors."""

import published_checkpoints
import pytest
import torch

from motionfit.geometry.rotations import rotation_from_axis_angle
from motionfit.priors.pose_first import PosePriorFirst


@pytest.fixture(scope="module")
def official():
    prior = PosePriorFirst().double()
    prior.load_state_dict(published_checkpoints.vposer_first(torch.float64))
    return prior.requires_grad_(False).eval()


def test_forward_passes_agree_with_the_official_code(official, goldens):
    golden = goldens("vposer1")
    axis_angle = torch.from_numpy(golden["pose_body"]).unflatten(-1, (21, 3))
    mean, scale = official.encode(rotation_from_axis_angle(axis_angle))
    pose = official.decode(torch.from_numpy(golden["z"]))
    torch.testing.assert_close(mean, torch.from_numpy(golden["enc_mean"]), rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(scale, torch.from_numpy(golden["enc_scale"]), rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(pose.flatten(-2), torch.from_numpy(golden["dec_matrot"])[:, 0], rtol=1e-9, atol=1e-12)


def test_names_and_shapes_are_those_of_the_published_checkpoints():
    published = {name: tuple(shape) for name, shape, _ in published_checkpoints.STATE_DICTS["VPoser_v1"]}
    assert {name: tuple(tensor.shape) for name, tensor in PosePriorFirst().state_dict().items()} == published


@pytest.mark.parametrize("batch", [(1,), (2, 3), ()])
def test_leading_axes_are_kept(official, batch):
    pose = official.decode(torch.zeros(*batch, 32, dtype=torch.float64))
    mean, scale = official.encode(pose)
    assert pose.shape == (*batch, 21, 3, 3)
    assert mean.shape == scale.shape == (*batch, 32)
