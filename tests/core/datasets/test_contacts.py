import torch

from motionfit.datasets.contacts import CONTACT_RULE, ContactRule, contact_labels


def test_contact_is_slow_and_low():
    joints = torch.full((3, 22, 3), 1.0)
    velocities = torch.zeros(3, 22, 3)
    joints[:, 10, 2] = 0.01
    velocities[1, 10, 0] = 1.0
    joints[2, 10, 2] = 0.2
    labels = contact_labels(joints, velocities)
    assert labels.shape == (3, 9)
    assert labels[:, 5].tolist() == [1.0, 0.0, 0.0]
    assert labels.sum() == 1.0


def test_each_joint_has_its_height():
    joints = torch.zeros(2, 22, 3)
    joints[0, :, 2], joints[1, :, 2] = 0.09, 0.05
    labels = contact_labels(joints, torch.zeros(2, 22, 3))
    assert labels[0].tolist() == [1, 1, 1, 1, 1, 0, 0, 0, 0]
    assert labels[1].tolist() == [1, 1, 1, 1, 1, 0, 0, 1, 1]


def test_limits_can_be_set():
    joints = torch.zeros(1, 22, 3)
    fast = torch.full((1, 22, 3), 0.3)
    assert contact_labels(joints, fast).sum() == 0
    assert contact_labels(joints, fast, ContactRule(speed=0.6)).sum() == 9
    assert CONTACT_RULE.heights == (0.15, 0.10, 0.10, 0.10, 0.10, 0.04, 0.04, 0.08, 0.08)
