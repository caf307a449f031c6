"""The eye of the 3D view is a rigid frame that looks at its target."""

import numpy as np
import pytest

from motionfit_app.viewport.orbit import OrbitCamera, looking_from


@pytest.mark.parametrize("azimuth", [-2.0, 0.0, 1.1])
@pytest.mark.parametrize("elevation", [-1.4, 0.2, 1.56])
def test_the_target_is_in_the_middle_and_up_is_up(azimuth, elevation):
    orbit = OrbitCamera(np.array([1.0, -2.0, 0.5]), 3.0, azimuth, elevation)
    view = orbit.view()
    np.testing.assert_allclose(view[:3, :3] @ view[:3, :3].T, np.eye(3), atol=1e-12)
    assert np.linalg.det(view[:3, :3]) == pytest.approx(1.0)
    np.testing.assert_allclose(view @ np.append(orbit.target, 1), [0, 0, -3.0, 1], atol=1e-12)
    assert view[1, 2] > 0


def test_tilting_stops_at_the_pole():
    assert OrbitCamera().orbited(0.0, 10.0).elevation < np.pi / 2


def test_zoom_keeps_the_target_and_panning_the_distance():
    orbit = OrbitCamera()
    np.testing.assert_array_equal(orbit.zoomed(0.5).target, orbit.target)
    assert orbit.zoomed(0.5).distance == orbit.distance / 2
    panned = orbit.panned(0.3, -0.2)
    assert np.linalg.norm(panned.target - orbit.target) == pytest.approx(np.hypot(0.3, 0.2))
    assert panned.distance == orbit.distance


def test_looking_from_a_rolled_camera_reproduces_its_axes():
    eye = np.array([2.0, -3.0, 1.5])
    forward = np.array([-0.5, 0.8, -0.2])
    forward /= np.linalg.norm(forward)
    up = np.cross(np.cross(forward, [0.1, 0.2, 1.0]), forward)
    up /= np.linalg.norm(up)
    orbit = looking_from(eye, forward, up, 4.0, 0.6)
    np.testing.assert_allclose(orbit.eye, eye, atol=1e-12)
    np.testing.assert_allclose(orbit.view()[1, :3], up, atol=1e-12)
    np.testing.assert_allclose(orbit.view()[2, :3], -forward, atol=1e-12)
