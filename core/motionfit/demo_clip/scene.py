"""The set of the demo clip: a static camera, a floor, a person, a trolley that rolls by in front of the legs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from motionfit.body.model import BodyModel
from motionfit.files.frames import transform_floor, transform_motion
from motionfit.geometry.planes import RigidTransform, world_floor
from motionfit.motion import Camera, Floor, Motion
from motionfit.render.mesh import Mesh, box_mesh
from motionfit.simulation import Projection, camera_from_world
from motionfit.simulation.camera import camera_of

PROJECTION = Projection((640, 360), 560.0)
TROLLEY_FRAME = 75
"""The trolley stands before the middle of the legs here."""

_TROLLEY_HALF_DEPTH, _TROLLEY_HALF_HEIGHT = 0.16, 0.36
_TROLLEY_STEP = 0.075
"""Metres per frame to the right."""
_TROLLEY_GAP = 0.75
"""Metres from the person towards the camera."""
_TROLLEY_COLOUR = (0.42, 0.55, 0.52)


@dataclass(frozen=True)
class Scene:
    """What is filmed.

    Attributes:
        motion: In the camera frame.
        camera: Static.
        camera_from_world: Where it stands.
        floor: In the camera frame.
    """

    motion: Motion
    camera: Camera
    camera_from_world: RigidTransform
    floor: Floor


def set_up(motion: Motion, body: BodyModel) -> Scene:
    """Put the camera where it sees the whole motion (world frame)."""
    placed = camera_from_world(motion, body, PROJECTION)
    in_camera = transform_motion(motion, body, placed)
    return Scene(in_camera, camera_of(PROJECTION), placed, transform_floor(world_floor(), placed))


def trolley_at(frame: int, scene: Scene, feet: Float[np.ndarray, "3"], half_width: float) -> Mesh:
    """The trolley in the camera frame.

    Args:
        frame: Of the clip.
        scene: Gives the floor.
        feet: Point between the feet at `TROLLEY_FRAME`, camera frame.
        half_width: Metres.
    """
    up = scene.floor.normal.double().numpy()
    towards_camera = -feet - up * float(up @ -feet)
    towards_camera = towards_camera / np.linalg.norm(towards_camera)
    right = np.cross(up, towards_camera)
    on_floor = feet - up * (float(up @ feet) - float(scene.floor.offset))
    # What hides the feet from a camera above stands between camera and feet, so it also moves on that line.
    shift = (frame - TROLLEY_FRAME) * _TROLLEY_STEP
    centre = on_floor + towards_camera * _TROLLEY_GAP + right * shift + up * (_TROLLEY_HALF_HEIGHT + 0.02)
    half = np.array([half_width, _TROLLEY_HALF_DEPTH, _TROLLEY_HALF_HEIGHT])
    axes = np.stack([right, towards_camera, up]) * half[:, None]
    return box_mesh(centre, axes, _TROLLEY_COLOUR)
