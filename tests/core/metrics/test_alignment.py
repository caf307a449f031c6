import torch

from motionfit.geometry.rotations import rotation_from_axis_angle
from motionfit.metrics.alignment import Similarity, align, align_over_floor

generator = torch.Generator().manual_seed(0)


def random(*shape):
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def test_a_similarity_is_found_again():
    points = random(5, 22, 3)
    wanted = Similarity(random(5).exp(), rotation_from_axis_angle(random(5, 3)), random(5, 3))
    target = wanted.apply(points)
    found = align(points, target)
    torch.testing.assert_close(found.rotation, wanted.rotation)
    torch.testing.assert_close(found.scale, wanted.scale)
    torch.testing.assert_close(found.apply(points), target)


def test_a_mirrored_person_is_not_mirrored_back():
    points = random(22, 3)
    found = align(points, points * torch.tensor([-1.0, 1.0, 1.0]))
    torch.testing.assert_close(torch.linalg.det(found.rotation), torch.tensor(1.0, dtype=torch.float64))


def test_no_other_similarity_is_nearer():
    points, target = random(22, 3), random(22, 3)
    best = align(points, target)
    least = (best.apply(points) - target).square().sum()
    for _ in range(20):
        turned = rotation_from_axis_angle(0.05 * random(3)) @ best.rotation
        other = Similarity(best.scale * (1 + 0.05 * random(1)[0]), turned, best.translation + 0.05 * random(3))
        assert (other.apply(points) - target).square().sum() > least


def test_points_that_coincide_are_moved_only():
    found = align(torch.zeros(4, 3), torch.ones(4, 3))
    torch.testing.assert_close(found.apply(torch.zeros(4, 3)), torch.ones(4, 3))


def test_a_turn_over_the_floor_is_found_again():
    joints = random(6, 22, 3)
    rotation = rotation_from_axis_angle(torch.tensor([0.0, 0.0, 2.5], dtype=torch.float64))
    target = joints @ rotation.T + torch.tensor([1.0, -3.0, 0.0], dtype=torch.float64)
    found = align_over_floor(joints, target)
    torch.testing.assert_close(found.rotation, rotation)
    torch.testing.assert_close(found.apply(joints), target)


def test_heights_are_left_alone():
    joints = random(6, 22, 3)
    found = align_over_floor(joints, joints + torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64))
    torch.testing.assert_close(found.apply(joints)[..., 2], joints[..., 2])
