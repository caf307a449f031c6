import torch

from motionfit.body.load import load_body, open_body_path
from motionfit.body.soles import sole_vertices


def test_soles_are_heel_ball_and_toes_on_the_ground_left_foot_first():
    body = load_body(open_body_path())
    soles = body.surface.template[sole_vertices(body)]
    ground = body.surface.template[:, 1].amin()
    assert (soles[..., 1] - ground < 0.01).all()
    assert (soles[0, :, 0] > 0).all()
    assert (soles[1, :, 0] < 0).all()
    for foot in soles:
        heel, one, other, tip = foot
        assert heel[2] < min(one[2], other[2])
        assert tip[2] > max(one[2], other[2])
        assert tip[2] - heel[2] > 0.15
        assert (one[0] - other[0]).abs() > 0.04
    assert torch.isfinite(soles).all()
