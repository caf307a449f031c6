"""What the 3D view shows, and where it stands in the world of the floor."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from motionfit.body.skeleton import JOINT_NAMES
from motionfit.geometry.cameras import pose_at
from motionfit.geometry.planes import flat_unit, world_floor, world_from_floor
from motionfit.motion import Camera, Floor
from motionfit_app.viewport.posed_meshes import PosedMeshes
from motionfit_app.viewport.tracks import BodyTrack, ViewOptions

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

_MOST_GHOSTS = 6
_OVER_HEAD = 0.35


def world_matrix(floor: Floor) -> Matrix:
    """World of the floor from the frame of the observations, 4×4."""
    transform = world_from_floor(Floor(floor.normal.detach().cpu().double(), floor.offset.detach().cpu().double()))
    matrix = np.eye(4)
    matrix[:3, :3] = transform.rotation.numpy()
    matrix[:3, 3] = transform.translation.numpy()
    return matrix


def transformed(matrix: Matrix, points: NDArray[np.floating]) -> Vector:
    """Points (…, 3) moved by a 4×4 matrix."""
    return np.asarray(points @ matrix[:3, :3].T + matrix[:3, 3], dtype=np.float64)


@dataclass
class SceneContent:
    """The state of the 3D view that the renderer draws."""

    meshes: PosedMeshes | None = None
    tracks: tuple[BodyTrack, ...] = ()
    frame: int = 0
    world: Matrix = field(default_factory=lambda: world_matrix(world_floor()))
    camera: Camera | None = None
    options: ViewOptions = field(default_factory=ViewOptions)

    def shown(self) -> list[BodyTrack]:
        """The visible tracks that have the current frame."""
        return [track for track in self.tracks if track.visible and self.frame < track.motion.frames]

    def model(self, track: BodyTrack) -> Matrix:
        """World from the track's frame of observations, with its sideways offset."""
        matrix = self.world.copy()
        matrix[0, 3] += track.offset
        return matrix

    def camera_world(self) -> Matrix:
        """World from the camera of the current frame."""
        pose = None if self.camera is None else pose_at(self.camera, self.frame)
        if pose is None:
            return self.world
        back, matrix = pose.inverse(), np.eye(4)
        matrix[:3, :3] = back.rotation.detach().cpu().double().numpy()
        matrix[:3, 3] = back.translation.detach().cpu().double().numpy()
        return np.asarray(self.world @ matrix, dtype=np.float64)

    def ghost_frames(self, track: BodyTrack) -> list[int]:
        """Frames of a track's ghosts: every so many, the nearest few on both sides of the current one."""
        step = self.options.ghost_step
        first = -(-self.frame // step) - _MOST_GHOSTS
        near = [k * step for k in range(first, first + 2 * _MOST_GHOSTS + 1)]
        return [frame for frame in near if 0 <= frame < track.motion.frames and frame != self.frame]

    def root_path(self, track: BodyTrack) -> Vector:
        """The way of a track's root joint in the world."""
        assert self.meshes is not None
        return transformed(self.model(track), self.meshes.root_path(track.motion))

    def root(self) -> Vector | None:
        """The root joint of the first visible track at the current frame, in the world."""
        shown = self.shown()
        if self.meshes is None or not shown:
            return None
        return transformed(self.model(shown[0]), self.meshes.root(shown[0].motion, self.frame))

    def head_top(self, track: BodyTrack) -> Vector:
        """A place over a track's head at the current frame, in the world."""
        assert self.meshes is not None
        head = self.meshes.joints(track.motion, self.frame)[JOINT_NAMES.index("head")]
        place = transformed(self.model(track), head)
        place[2] += _OVER_HEAD
        return place

    def heading(self) -> float:
        """Where the first visible body faces at the current frame: angle about z, radians from +x."""
        shown = self.shown()
        if not shown:
            return float(np.radians(90.0))
        front = shown[0].motion.root_orientation[self.frame].detach().cpu().double()[:, 2]
        up = torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64)
        ahead = torch.tensor([0.0, 1.0, 0.0], dtype=torch.float64)
        flat = flat_unit(torch.from_numpy(self.world[:3, :3]) @ front, up, ahead)
        return float(torch.atan2(flat[1], flat[0]))
