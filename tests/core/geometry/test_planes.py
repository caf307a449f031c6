import numpy as np
import pytest
import torch

from motionfit.geometry.planes import flat_unit, heading, prior_from_observed, world_floor, world_from_floor
from motionfit.geometry.rotations import rotation_from_axis_angle
from motionfit.motion import Floor


def test_prior_frame_meets_the_golden_camera_to_prior_transform(goldens):
    data = {key: torch.from_numpy(np.asarray(value)) for key, value in goldens("cam2prior").items()}
    plane = data["floor_plane4"]
    # the goldens' plane is a·p + d = 0 or a·p = d, told by the root height
    root = data["joints0"][:, 0]
    offset = plane[:, 3]
    rotation = rotation_from_axis_angle(data["root_orient"][:, 0])
    rest_root = root - data["trans"][:, 0]
    transform = prior_from_observed(plane[:, :3], offset, rotation, root, rest_root)
    torch.testing.assert_close(transform.rotation, data["cam2prior_R"], atol=1e-7, rtol=0)
    moved_root = transform.apply(root[:, None])[:, 0]
    torch.testing.assert_close(moved_root[:, 2:], data["root_height"], atol=1e-9, rtol=0)
    moved = transform.apply(data["trans"] + rest_root[:, None]) - rest_root[:, None]
    torch.testing.assert_close(moved, data["fwd_trans"], atol=1e-7, rtol=0)


def test_prior_frame_has_the_body_facing_plus_y_over_the_origin():
    generator = torch.Generator().manual_seed(1)
    root_orientation = rotation_from_axis_angle(torch.randn(30, 3, generator=generator, dtype=torch.float64))
    normal = torch.nn.functional.normalize(torch.randn(30, 3, generator=generator, dtype=torch.float64), dim=-1)
    translation = torch.randn(30, 3, generator=generator, dtype=torch.float64)
    root = translation + 0.2
    offset = torch.randn(30, generator=generator, dtype=torch.float64)
    transform = prior_from_observed(normal, offset, root_orientation, root, root - translation)
    right = (transform.rotation @ -root_orientation[..., :1])[..., 0]
    assert (right[:, 1].abs() < 1e-9).all()
    assert (right[:, 0] > 0).all()
    moved = transform.apply(root[:, None])[:, 0] - (root - translation)
    assert (moved[:, :2].abs() < 1e-9).all()
    torch.testing.assert_close(transform.apply(root[:, None])[:, 0, 2], (normal * root).sum(-1) - offset)
    torch.testing.assert_close(torch.linalg.det(transform.rotation), torch.ones(30, dtype=torch.float64))
    back = transform.inverse().apply(transform.apply(root[:, None]))
    torch.testing.assert_close(back[:, 0], root)


def test_lying_on_the_side_has_a_finite_heading_and_gradient():
    normal = torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64)
    # the body's right (-x) points straight up
    rotation = torch.tensor([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [-1.0, 0.0, 0.0]], dtype=torch.float64).mT.contiguous()
    rotation = torch.stack([-normal, torch.tensor([0.0, 1, 0]).double(), torch.tensor([1.0, 0, 0]).double()], -1)
    rotation.requires_grad_()
    zero = torch.zeros(3, dtype=torch.float64)
    transform = prior_from_observed(normal, zero[0], rotation, zero, zero)
    transform.rotation.square().mul(torch.arange(9.0).reshape(3, 3)).sum().backward()
    assert torch.isfinite(transform.rotation).all()
    assert torch.isfinite(rotation.grad).all()


def test_world_of_the_world_floor_is_the_identity_and_of_a_camera_floor_is_level():
    identity = world_from_floor(world_floor(torch.float64))
    torch.testing.assert_close(identity.rotation, torch.eye(3, dtype=torch.float64))
    normal = torch.tensor([0.02, -0.98, -0.2], dtype=torch.float64)
    normal = normal / normal.norm()
    world = world_from_floor(Floor(normal, torch.tensor(-1.4, dtype=torch.float64)))
    on_floor = normal * -1.4 + torch.linalg.cross(normal, torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64))
    assert abs(world.apply(on_floor[None])[0, 2]) < 1e-12
    assert world.apply(torch.zeros(1, 3, dtype=torch.float64))[0, 2] > 1.3
    ahead = world.rotation @ torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64)
    assert ahead[1] > 0.9


def test_flat_unit_falls_back_only_when_steep():
    up = torch.tensor([[0.0, 0.0, 1.0]])
    side = torch.tensor([[1.0, 0.0, 0.0]])
    torch.testing.assert_close(flat_unit(up, up, side), side)
    torch.testing.assert_close(flat_unit(torch.tensor([[0.0, 2.0, 5.0]]), up, side), torch.tensor([[0.0, 1.0, 0.0]]))


def rolling(steps: int, head_down: float = 0.0) -> torch.Tensor:
    """Orientations of a body that lies along y and rolls over its side, from back to belly; right is -x, front z."""
    angle = torch.linspace(0.0, torch.pi, steps, dtype=torch.float64)
    zero, one = torch.zeros_like(angle), torch.ones_like(angle)
    right = torch.stack([angle.cos(), zero, angle.sin()], -1)
    up = torch.stack([zero, one, zero - head_down], -1)
    up = torch.nn.functional.normalize(up - (up * right).sum(-1, keepdim=True) * right, dim=-1)
    front = torch.linalg.cross(up, right)
    return torch.stack([-right, up, front], -1)


@pytest.mark.parametrize("head_down", [-0.3, 0.0, 0.05])
def test_the_heading_turns_smoothly_while_a_body_rolls_over_its_side(head_down):
    normal = torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64).expand(361, 3)
    rotation = rolling(361, head_down).requires_grad_()
    zero = torch.zeros(361, 3, dtype=torch.float64)
    transform = prior_from_observed(normal, zero[:, 0], rotation, zero, zero)
    right = transform.rotation[:, 0]
    turn = torch.rad2deg(torch.arccos((right[1:] * right[:-1]).sum(-1).clamp(-1.0, 1.0)))
    assert turn.max() < 15.0  # for half a degree of rolling
    (gradient,) = torch.autograd.grad(transform.rotation[..., 0].sum(), rotation)
    assert torch.isfinite(gradient).all()
    assert gradient.norm(dim=(1, 2)).max() < 40.0
    identity = torch.eye(3, dtype=torch.float64).expand(361, 3, 3)
    torch.testing.assert_close(transform.rotation @ transform.rotation.mT, identity)


def test_the_heading_turns_with_the_body_also_when_it_lies_on_its_side():
    normal = torch.tensor([[0.0, 0.0, 1.0]], dtype=torch.float64)
    rotation = rolling(3)[1:2]
    spin = rotation_from_axis_angle(torch.tensor([0.0, 0.0, 0.7], dtype=torch.float64))
    torch.testing.assert_close(heading(spin @ rotation, normal), heading(rotation, normal) @ spin.mT)
