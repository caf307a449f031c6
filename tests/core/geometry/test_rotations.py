import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from motionfit.geometry import rotations as rot

GENERATOR = np.random.default_rng(3)
ANGLES = [0.0, 1e-9, 1e-5, 0.3, 2.0, np.pi - 1e-5, np.pi - 1e-9, np.pi]


def axis_angles() -> np.ndarray:
    axes = GENERATOR.normal(size=(40, 3))
    axes /= np.linalg.norm(axes, axis=1, keepdims=True)
    return np.concatenate([axes * angle for angle in ANGLES])


def test_rotation_from_axis_angle_agrees_with_scipy():
    given = axis_angles()
    ours = rot.rotation_from_axis_angle(torch.from_numpy(given)).numpy()
    np.testing.assert_allclose(ours, Rotation.from_rotvec(given).as_matrix(), atol=1e-12)


def test_axis_angle_from_rotation_describes_the_same_rotation_as_scipy():
    matrices = Rotation.from_rotvec(axis_angles()).as_matrix()
    ours = rot.axis_angle_from_rotation(torch.from_numpy(matrices)).numpy()
    back = Rotation.from_rotvec(ours).as_matrix()
    np.testing.assert_allclose(back, matrices, atol=1e-9)
    assert np.linalg.norm(ours, axis=1).max() <= np.pi + 1e-9


def test_quaternions_agree_with_scipy_and_go_round():
    matrices = Rotation.random(200, random_state=1).as_matrix()
    ours = rot.quaternion_from_rotation(torch.from_numpy(matrices))
    theirs = Rotation.from_matrix(matrices).as_quat(canonical=True)[:, [3, 0, 1, 2]]
    np.testing.assert_allclose(ours.numpy(), theirs, atol=1e-9)
    np.testing.assert_allclose(rot.rotation_from_quaternion(ours * 3.0).numpy(), matrices, atol=1e-9)


def test_six_goes_round_and_makes_rotations_of_anything():
    matrices = torch.from_numpy(Rotation.random(50, random_state=2).as_matrix())
    torch.testing.assert_close(rot.rotation_from_six(rot.six_from_rotation(matrices)), matrices)
    anything = rot.rotation_from_six(torch.from_numpy(GENERATOR.normal(size=(50, 6))))
    torch.testing.assert_close(anything @ anything.mT, torch.eye(3, dtype=torch.float64).expand(50, 3, 3))
    torch.testing.assert_close(torch.linalg.det(anything), torch.ones(50, dtype=torch.float64))


def test_golden_conversions(goldens):
    data = goldens("rotations")
    ours = rot.rotation_from_axis_angle(torch.from_numpy(data["aa"])).numpy()
    np.testing.assert_allclose(ours, data["rodrigues"], atol=1e-7)
    six = rot.rotation_from_six(torch.from_numpy(data["sixd"])).numpy()
    np.testing.assert_allclose(six, data["sixd_rotmat"], atol=1e-9)
    back = rot.axis_angle_from_rotation(torch.from_numpy(data["rodrigues"]))
    expected = Rotation.from_rotvec(data["back_aa"]).as_matrix()
    np.testing.assert_allclose(rot.rotation_from_axis_angle(back).numpy(), expected, atol=1e-6)


@pytest.mark.parametrize("angle", ANGLES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_gradients_are_finite_from_zero_to_pi(angle, dtype):
    axis = torch.tensor([[0.6, -0.48, 0.64], [1.0, 0.0, 0.0], [0.0, 0.0, -1.0]], dtype=dtype)
    vector = (axis * angle).requires_grad_()
    matrix = rot.rotation_from_axis_angle(vector)
    loss = (rot.axis_angle_from_rotation(matrix) * torch.tensor([1.0, 2.0, 3.0], dtype=dtype)).sum()
    (gradient,) = torch.autograd.grad(loss, vector)
    assert torch.isfinite(gradient).all()
    assert gradient.abs().max() < 1e4


def test_gradcheck_of_rodrigues_at_zero_and_elsewhere():
    vector = torch.tensor(
        [[0.0, 0.0, 0.0], [1e-5, 0.0, 2e-5], [0.3, -0.2, 0.9]], dtype=torch.float64, requires_grad=True
    )
    assert torch.autograd.gradcheck(rot.rotation_from_axis_angle, (vector,))


def test_interpolation_ends_at_its_ends_and_halves_the_angle():
    first, second = (torch.from_numpy(Rotation.random(20, random_state=s).as_matrix()) for s in (5, 6))
    zero, one = torch.zeros(20, dtype=torch.float64), torch.ones(20, dtype=torch.float64)
    torch.testing.assert_close(rot.interpolate_rotations(first, second, zero), first)
    torch.testing.assert_close(rot.interpolate_rotations(first, second, one), second)
    half = rot.interpolate_rotations(first, second, one / 2)
    torch.testing.assert_close(rot.geodesic_angle(first, half), rot.geodesic_angle(first, second) / 2)
