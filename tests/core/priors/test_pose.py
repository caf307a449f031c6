"""VPoser v2: forward passes of the official code, names of its tensors."""

import json
from pathlib import Path

import pytest
import torch

from motionfit.geometry.rotations import geodesic_angle, rotation_from_axis_angle
from motionfit.priors.pose import PosePrior, identity_bias

STATE_DICTS = Path(__file__).parents[2] / "data" / "goldens" / "state_dicts.json"


def test_forward_passes_agree_with_the_official_code(official_pose_prior, goldens):
    golden = goldens("vposer2")
    axis_angle = torch.from_numpy(golden["pose_body"]).unflatten(-1, (21, 3))
    mean, scale = official_pose_prior.encode(rotation_from_axis_angle(axis_angle))
    pose = official_pose_prior.decode(torch.from_numpy(golden["z"]))
    torch.testing.assert_close(mean, torch.from_numpy(golden["enc_mean"]), rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(scale, torch.from_numpy(golden["enc_scale"]), rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(pose.flatten(-2), torch.from_numpy(golden["dec_matrot"]), rtol=1e-9, atol=1e-12)


def test_names_and_shapes_are_those_of_the_published_checkpoints():
    published = {name: tuple(shape) for name, shape, _ in json.loads(STATE_DICTS.read_text())["VPoser_v2"]}
    assert {name: tuple(tensor.shape) for name, tensor in PosePrior().state_dict().items()} == published


@pytest.mark.parametrize("batch", [(1,), (2, 3), ()])
def test_leading_axes_are_kept(official_pose_prior, batch):
    latent = torch.zeros(*batch, 32, dtype=torch.float64)
    pose = official_pose_prior.decode(latent)
    mean, scale = official_pose_prior.encode(pose)
    assert pose.shape == (*batch, 21, 3, 3)
    assert mean.shape == scale.shape == (*batch, 32)


def test_gradients_through_decoder_and_encoder_are_finite_at_the_rest_pose(official_pose_prior):
    pose = torch.eye(3, dtype=torch.float64).repeat(1, 21, 1, 1).requires_grad_()
    mean, _ = official_pose_prior.encode(pose)
    official_pose_prior.decode(mean).sum().backward()
    assert torch.isfinite(pose.grad).all()


def test_an_untrained_decoder_starts_near_the_rest_pose():
    torch.manual_seed(0)
    prior = PosePrior().eval()
    identity_bias(prior)
    angles = geodesic_angle(prior.decode(torch.zeros(1, 32)), torch.eye(3).expand(1, 21, 3, 3))
    assert angles.max() < 0.3
