"""The eye of the 3D view: a point it looks at, a distance and two angles."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

_STEEPEST = np.radians(89.9)
_NEAREST, _FARTHEST = 0.15, 200.0


def _start() -> Vector:
    return np.array([0.0, 0.0, 0.9])


@dataclass(frozen=True, eq=False)
class OrbitCamera:
    """Where the viewer stands, in the world frame (z up, metres, radians).

    Attributes:
        target: The point in the middle of the picture.
        distance: From the eye to the target.
        azimuth: Direction from the target to the eye about z; 0 is +x.
        elevation: Of the eye over the target.
        roll: About the line of sight; only the clip's camera has one.
        field_of_view: Vertical.
    """

    target: Vector = field(default_factory=_start)
    distance: float = 4.5
    azimuth: float = np.radians(60.0)
    elevation: float = np.radians(15.0)
    roll: float = 0.0
    field_of_view: float = np.radians(35.0)

    @property
    def backward(self) -> Vector:
        """Unit direction from the target to the eye."""
        flat = np.cos(self.elevation)
        return np.array([flat * np.cos(self.azimuth), flat * np.sin(self.azimuth), np.sin(self.elevation)])

    @property
    def eye(self) -> Vector:
        """Where the eye stands."""
        return self.target + self.distance * self.backward

    def view(self) -> Matrix:
        """Eye frame (x right, y up, z towards the viewer) from world."""
        z = self.backward
        right = np.array([-np.sin(self.azimuth), np.cos(self.azimuth), 0.0])
        up = np.cross(z, right)
        x = np.cos(self.roll) * right + np.sin(self.roll) * up
        y = np.cross(z, x)
        matrix = np.eye(4)
        matrix[:3, :3] = np.stack([x, y, z])
        matrix[:3, 3] = -matrix[:3, :3] @ self.eye
        return matrix

    def projection(self, aspect: float) -> Matrix:
        """Clip space from eye frame; the depth range follows the distance."""
        near, far = max(0.01, 0.02 * self.distance), self.distance + 150.0
        focal = 1.0 / np.tan(self.field_of_view / 2)
        matrix = np.zeros((4, 4))
        matrix[0, 0], matrix[1, 1] = focal / aspect, focal
        matrix[2, 2], matrix[2, 3] = (far + near) / (near - far), 2 * far * near / (near - far)
        matrix[3, 2] = -1.0
        return matrix

    def orbited(self, turn: float, tilt: float) -> OrbitCamera:
        """Turned about the target; stops at the poles."""
        elevation = float(np.clip(self.elevation + tilt, -_STEEPEST, _STEEPEST))
        return replace(self, azimuth=self.azimuth + turn, elevation=elevation, roll=0.0)

    def panned(self, right: float, up: float) -> OrbitCamera:
        """Moved in the plane of the picture, metres at the target's distance."""
        axes = self.view()[:3, :3]
        return replace(self, target=self.target + right * axes[0] + up * axes[1])

    def zoomed(self, factor: float) -> OrbitCamera:
        """Nearer (factor < 1) or farther."""
        return replace(self, distance=float(np.clip(self.distance * factor, _NEAREST, _FARTHEST)))

    def moved(self, by: Vector) -> OrbitCamera:
        """Moved along with something."""
        return replace(self, target=self.target + by)


def looking_from(eye: Vector, forward: Vector, up: Vector, distance: float, field_of_view: float) -> OrbitCamera:
    """The orbit camera that stands at a given camera and turns about a point before it."""
    backward = -forward / np.linalg.norm(forward)
    elevation = float(np.clip(np.arcsin(np.clip(backward[2], -1, 1)), -_STEEPEST, _STEEPEST))
    azimuth = float(np.arctan2(backward[1], backward[0]))
    level = OrbitCamera(eye - distance * backward, distance, azimuth, elevation, 0.0, field_of_view)
    right, vertical = level.view()[0, :3], level.view()[1, :3]
    roll = float(np.arctan2(-(up @ right), up @ vertical))
    return replace(level, roll=roll)
