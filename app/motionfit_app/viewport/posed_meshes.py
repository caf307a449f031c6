"""The mesh and joints of single frames, posed by the core and kept for a while.

Both views may share one cache, so that a frame that both show is posed once.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from weakref import ref

import numpy as np
import torch
from jaxtyping import Float32, UInt32
from numpy.typing import NDArray
from torch import Tensor

from motionfit.body.keypoints import KeypointSurfaces, body25_from
from motionfit.body.model import BodyModel, PosedSkeleton, pose_skeleton, skin
from motionfit.motion import Motion
from motionfit_app.viewport.normals import VertexNormals

_MESHES_KEPT = 160
_SHAPES_KEPT = 16


@dataclass(frozen=True, eq=False)
class PosedMesh:
    """A body at one frame, in the frame of the observations (metres).

    Attributes:
        points: Position and unit normal of each vertex, ready for upload.
        joints: The 22 body joints.
    """

    points: Float32[NDArray[np.float32], "vertices 6"]
    joints: Float32[NDArray[np.float32], "22 3"]


@dataclass(frozen=True, eq=False)
class _Shape:
    """What one motion's shape alone decides."""

    motion: ref[Motion]
    rest_joints: Tensor
    shaped_points: Tensor
    shaped_landmarks: Tensor


class PosedMeshes:
    """Poses single frames of motions with one body, and remembers the last ones.

    Attributes:
        source: The body as it was given.
        body: The same on the CPU in float32.
        triangles: Of the mesh.
    """

    def __init__(self, body: BodyModel) -> None:
        self.source = body
        self.body = body.to("cpu", torch.float32)
        self.triangles: UInt32[NDArray[np.uint32], "faces 3"] = self.body.faces.numpy().astype(np.uint32)
        self._normals = VertexNormals(self.body.faces.numpy(), self.body.surface.template.shape[0])
        self._landmarks = KeypointSurfaces.of(self.body).landmarks
        self._shapes: OrderedDict[int, _Shape] = OrderedDict()
        self._meshes: OrderedDict[tuple[int, int], tuple[ref[Motion], PosedMesh]] = OrderedDict()

    def mesh(self, motion: Motion, frame: int) -> PosedMesh:
        """The body of one frame (posed when asked for the first time)."""
        known = self._known(motion, frame)
        if known is not None:
            return known
        mesh = self._pose(motion, frame)
        self._meshes[id(motion), frame] = (ref(motion), mesh)
        while len(self._meshes) > _MESHES_KEPT:
            self._meshes.popitem(last=False)
        return mesh

    @torch.no_grad()
    def joints(self, motion: Motion, frame: int) -> Float32[NDArray[np.float32], "22 3"]:
        """The 22 joints of one frame, without computing the mesh."""
        known = self._known(motion, frame)
        return known.joints if known is not None else self._skeleton(motion, frame).joints[0].numpy()

    @torch.no_grad()
    def body25(self, motion: Motion, frame: int) -> Float32[Tensor, "25 3"]:
        """The BODY_25 points of one frame."""
        shape, one = self._shape(motion), _one_frame(motion, frame)
        posed = self._skeleton(motion, frame)
        landmarks = skin(self._landmarks, shape.shaped_landmarks, shape.rest_joints, posed, one.body_pose)
        return body25_from(posed.joints, landmarks)[0]

    def root(self, motion: Motion, frame: int) -> Float32[NDArray[np.float32], "3"]:
        """The root joint of one frame."""
        root = self._shape(motion).rest_joints[0]
        return (motion.translation[frame].detach().to("cpu", torch.float32) + root).numpy()

    def root_path(self, motion: Motion) -> Float32[NDArray[np.float32], "frames 3"]:
        """The way of the root joint."""
        root = self._shape(motion).rest_joints[0]
        return (motion.translation.detach().to("cpu", torch.float32) + root).numpy()

    def _known(self, motion: Motion, frame: int) -> PosedMesh | None:
        """A frame in the cache; motions are not kept alive, so an id may belong to another one by now."""
        owner, mesh = self._meshes.get((id(motion), frame), (None, None))
        if owner is None or owner() is not motion:
            return None
        self._meshes.move_to_end((id(motion), frame))
        return mesh

    @torch.no_grad()
    def _pose(self, motion: Motion, frame: int) -> PosedMesh:
        shape, one = self._shape(motion), _one_frame(motion, frame)
        posed = self._skeleton(motion, frame)
        surface = self.body.surface
        positions = skin(surface, shape.shaped_points, shape.rest_joints, posed, one.body_pose)[0].numpy()
        points = np.concatenate([positions, self._normals.of(positions)], axis=1)
        return PosedMesh(np.ascontiguousarray(points, dtype=np.float32), posed.joints[0].numpy())

    def _skeleton(self, motion: Motion, frame: int) -> PosedSkeleton:
        one = _one_frame(motion, frame)
        rest = self._shape(motion).rest_joints
        return pose_skeleton(rest, one.translation, one.root_orientation, one.body_pose)

    @torch.no_grad()
    def _shape(self, motion: Motion) -> _Shape:
        known = self._shapes.get(id(motion))
        if known is not None and known.motion() is motion:
            self._shapes.move_to_end(id(motion))
            return known
        betas = motion.betas.detach().to("cpu", torch.float32)
        shape = _Shape(
            ref(motion),
            self.body.rest_joints(betas),
            self.body.surface.shaped(betas),
            self._landmarks.shaped(betas),
        )
        self._shapes[id(motion)] = shape
        while len(self._shapes) > _SHAPES_KEPT:
            self._shapes.popitem(last=False)
        return shape


def _one_frame(motion: Motion, frame: int) -> Motion:
    return motion.slice(frame, frame + 1).to("cpu", torch.float32)
