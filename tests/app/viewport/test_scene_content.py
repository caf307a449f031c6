import numpy as np
import torch

from motionfit.geometry.rotations import rotation_from_axis_angle
from motionfit.motion import Camera
from motionfit_app.viewport.scene_content import SceneContent


def test_the_camera_of_a_trajectory_stands_where_it_was_in_the_frame():
    turns = rotation_from_axis_angle(torch.tensor([[0.1, 0.4, 0.0], [0.3, -0.2, 0.5]]))
    centres = torch.tensor([[1.0, 2.0, 3.0], [-1.0, 0.5, 2.0]])
    camera = Camera(torch.eye(3), (640, 360), turns, -(turns @ centres[..., None])[..., 0])
    for frame in range(2):
        content = SceneContent(frame=frame, camera=camera)
        np.testing.assert_allclose(content.camera_world()[:3, 3], centres[frame], atol=1e-6)
        np.testing.assert_allclose(content.camera_world()[:3, 2], turns[frame, 2], atol=1e-6)
    still = SceneContent(camera=Camera(torch.eye(3), (640, 360)))
    assert still.camera_world() is still.world
