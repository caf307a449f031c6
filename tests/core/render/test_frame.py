import time
from dataclasses import replace

import numpy as np
import pytest
import torch

from motionfit.body.load import load_body, open_body_path
from motionfit.body.model import vertices
from motionfit.motion import Camera
from motionfit.render.floor import view_floor
from motionfit.render.frame import overlay, render_frame
from motionfit.render.layers import draw_meshes, project_points
from motionfit.render.mesh import body_mesh, box_mesh, clothes_of
from motionfit.render.shading import light_over


def test_silhouette_is_where_the_vertices_project(camera, ball):
    coverage = draw_meshes([ball], camera, light_over(None)).coverage
    points = project_points(ball.vertices, camera)
    rows, columns = np.nonzero(coverage > 0.5)
    # Whole pixels: their outermost centres lie within half a pixel of the outermost vertices.
    assert abs(columns.min() - points[:, 0].min()) <= 1.0
    assert abs(columns.max() - points[:, 0].max()) <= 1.0
    assert abs(rows.min() - points[:, 1].min()) <= 1.0
    assert abs(rows.max() - points[:, 1].max()) <= 1.0
    radius = 100 * 0.4 / np.sqrt(3.0**2 - 0.4**2)
    assert coverage.sum() == pytest.approx(np.pi * radius**2, rel=0.03)


def test_the_nearer_mesh_hides_the_farther_in_any_order(camera, ball):
    other = replace(ball, vertices=ball.vertices - [0, 0, 1.0], colours=ball.colours[:, ::-1])
    one = render_frame([ball, other], camera)
    assert np.array_equal(one, render_frame([other, ball], camera))
    red, _, blue = one[45, 80].astype(int)
    assert blue > red + 30


def test_the_floor_is_below_the_horizon_and_textured(camera, floor):
    view = view_floor(camera, floor)
    assert not view.is_floor[:45].any()
    assert view.is_floor[47:].all()
    assert view.colours[50:].std() > 3 * view.colours[:40].std(1).max()
    # One metre below the camera and 100 px focal length: row 85 is 2.5 m ahead.
    np.testing.assert_allclose(view.places[85, 80], [0.0, 2.5], atol=1e-6)


def test_checker_squares_are_one_metre(camera, floor):
    view = view_floor(camera, floor, texture="checker", samples=1)
    along = view.colours[85, :, 0]
    edges = np.flatnonzero(np.abs(np.diff(along)) > 0.05) + 1
    assert len(edges) in (3, 4)
    assert all(min(edge % 40, -edge % 40) <= 1 for edge in edges)


def test_a_mesh_darkens_the_floor_and_nothing_else(camera, floor, ball):
    empty = render_frame([], camera, floor).astype(int)
    shown = render_frame([ball], camera, floor).astype(int)
    is_ball = draw_meshes([ball], camera, light_over(floor)).coverage > 0
    change = (shown - empty).sum(-1)[~is_ball]
    assert change.min() < -60
    assert change.max() <= 0


def test_lit_from_above(camera, ball):
    picture = render_frame([ball], camera).astype(int).sum(-1)
    assert picture[35, 80] > picture[55, 80] + 60


def test_overlay_mixes_and_leaves_the_rest(camera, ball):
    picture = np.full((90, 160, 3), 40, np.uint8)
    laid = overlay(picture, [ball], camera, opacity=0.5)
    whole = overlay(picture, [ball], camera, opacity=1.0)
    coverage = draw_meshes([ball], camera, light_over(None)).coverage
    assert (laid[coverage == 0] == 40).all()
    middle = whole[45, 80].astype(float)
    np.testing.assert_allclose(laid[45, 80], (middle + 40) / 2, atol=1)


def test_flat_boxes_have_one_shade_per_side(camera):
    box = box_mesh(np.array([0.0, 0.0, 3.0]), np.eye(3) * 0.5, (0.5, 0.5, 0.5))
    picture = render_frame([box], camera, supersampling=1)
    side = picture[40:50, 75:85].reshape(-1, 3).astype(int)
    assert np.ptp(side, axis=0).max() <= 6


def test_a_background_of_another_size_is_refused(camera, ball):
    with pytest.raises(ValueError, match="the background is"):
        render_frame([ball], camera, background=np.zeros((10, 10, 3), np.uint8))


def test_a_body_is_drawn_fast_enough():
    body = load_body(open_body_path())
    pose = torch.eye(3).expand(1, 21, 3, 3)
    turned = torch.diag(torch.tensor([1.0, -1.0, -1.0]))[None]
    skin = vertices(body, torch.zeros(16), torch.tensor([[0.0, 0.0, 4.0]]), turned, pose)[0]
    camera = Camera(torch.tensor([[560.0, 0, 320], [0, 560.0, 180], [0, 0, 1]]), (640, 360))
    mesh = body_mesh(skin, body, clothes_of(body))
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        picture = render_frame([mesh], camera)
        seconds.append(time.perf_counter() - start)
    assert (picture != picture[0, 0]).any(-1).sum() > 5000
    assert min(seconds) < 1.0
