import numpy as np

from motionfit.render.rasterise import rasterise

_TRIANGLE = np.array([[1.0, 1.0], [7.0, 1.0], [1.0, 7.0]])


def test_a_triangle_covers_the_pixel_centres_inside_it():
    found = rasterise(_TRIANGLE, np.full(3, 2.0), np.array([[0, 1, 2]]), (10, 10))
    inside = {(x, y) for y in range(1, 8) for x in range(1, 8) if x + y <= 8}
    assert {(pixel % 10, pixel // 10) for pixel in found.pixels} == inside
    np.testing.assert_allclose(found.weights.sum(1), 1.0)


def test_winding_does_not_matter():
    clockwise = rasterise(_TRIANGLE, np.full(3, 2.0), np.array([[0, 1, 2]]), (10, 10))
    other = rasterise(_TRIANGLE, np.full(3, 2.0), np.array([[2, 1, 0]]), (10, 10))
    np.testing.assert_array_equal(clockwise.pixels, other.pixels)


def test_the_nearer_triangle_is_shown_in_any_order():
    points = np.concatenate([_TRIANGLE, _TRIANGLE])
    depth = np.array([3.0, 3.0, 3.0, 2.0, 2.0, 2.0])
    for faces, nearer in (([[0, 1, 2], [3, 4, 5]], 1), ([[3, 4, 5], [0, 1, 2]], 0)):
        found = rasterise(points, depth, np.array(faces), (10, 10))
        assert set(found.faces) == {nearer}
        np.testing.assert_allclose(found.depth, 2.0)


def test_crossing_triangles_show_their_nearer_halves():
    points = np.array([[0.0, 0.0], [20.0, 0.0], [0.0, 20.0]] * 2)
    depth = np.array([1.0, 3.0, 1.0, 3.0, 1.0, 3.0])
    found = rasterise(points, depth, np.array([[0, 1, 2], [3, 4, 5]]), (21, 21))
    column = found.pixels % 21
    assert set(found.faces[column < 4]) == {0}
    assert set(found.faces[column > 16]) == {1}


def test_depth_and_weights_are_those_of_perspective():
    corners = np.array([[-1.0, 0.0, 2.0], [1.0, 0.0, 6.0], [0.0, 1.0, 4.0]])
    points = corners[:, :2] / corners[:, 2:] * 100 + 60
    found = rasterise(points, corners[:, 2], np.array([[0, 1, 2]]), (120, 120))
    places = found.weights @ corners
    pixels = places[:, :2] / places[:, 2:] * 100 + 60
    np.testing.assert_allclose(pixels, np.stack([found.pixels % 120, found.pixels // 120], 1), atol=1e-9)
    np.testing.assert_allclose(places[:, 2], found.depth)


def test_what_is_outside_or_behind_is_left_out():
    outside = rasterise(_TRIANGLE + 50, np.full(3, 2.0), np.array([[0, 1, 2]]), (10, 10))
    behind = rasterise(_TRIANGLE, np.array([2.0, 2.0, -1.0]), np.array([[0, 1, 2]]), (10, 10))
    empty = rasterise(_TRIANGLE, np.full(3, 2.0), np.zeros((0, 3), np.int64), (10, 10))
    assert len(outside.pixels) == len(behind.pixels) == len(empty.pixels) == 0


def test_many_candidates_are_drawn_in_parts(monkeypatch):
    monkeypatch.setattr("motionfit.render.rasterise._CANDIDATES_AT_ONCE", 500)
    triangles = np.random.default_rng(0).uniform(0, 60, (20, 3, 2))
    points, faces = triangles.reshape(-1, 2), np.arange(60).reshape(20, 3)
    depth = np.random.default_rng(1).uniform(1, 5, 60)
    parts = rasterise(points, depth, faces, (60, 60))
    monkeypatch.undo()
    whole = rasterise(points, depth, faces, (60, 60))
    np.testing.assert_array_equal(parts.pixels, whole.pixels)
    np.testing.assert_array_equal(parts.faces, whole.faces)
