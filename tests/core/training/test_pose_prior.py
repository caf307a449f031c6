"""Data of the pose prior."""

import torch

from motionfit.training.pose_prior import mix_legs


def test_mixing_swaps_legs_and_nothing_else():
    poses = torch.arange(4.0)[:, None, None, None].expand(4, 21, 3, 3)
    mixed = mix_legs(poses, 1.0, torch.Generator())
    legs = [0, 1, 3, 4, 6, 7, 9, 10]
    rest = [joint for joint in range(21) if joint not in legs]
    assert torch.equal(mixed[:, legs], poses.roll(1, 0)[:, legs])
    assert torch.equal(mixed[:, rest], poses[:, rest])
    assert torch.equal(mix_legs(poses, 0.0, torch.Generator()), poses)
