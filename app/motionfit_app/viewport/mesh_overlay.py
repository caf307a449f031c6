"""Draws the bodies over the picture of the camera view."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor, QOpenGLContext, QOpenGLFunctions

from motionfit_app.viewport.colours import rgba
from motionfit_app.viewport.gl_painters import Eye, MeshPainter, MeshSlot
from motionfit_app.viewport.gl_support import (
    GL_BLEND,
    GL_CULL_FACE,
    GL_DEPTH_BUFFER_BIT,
    GL_DEPTH_TEST,
    GL_SCISSOR_TEST,
    GL_STENCIL_TEST,
)
from motionfit_app.viewport.posed_meshes import PosedMesh, PosedMeshes

_LEVEL_FROM_CAMERA = np.array([[1.0, 0, 0, 0], [0, 0, 1, 0], [0, -1, 0, 0], [0, 0, 0, 1]])
"""To a frame with z up, as the lights expect it (x right, y away from the camera)."""

_EYE_FROM_LEVEL = np.array([[1.0, 0, 0, 0], [0, 0, 1, 0], [0, -1, 0, 0], [0, 0, 0, 1]])


class MeshOverlay:
    """What the camera view has on the graphics card; made anew for each context."""

    def __init__(self, context: QOpenGLContext) -> None:
        # Functions of our own: the wrapper of the context's would outlive it and be taken for a later object.
        self._gl = QOpenGLFunctions(context)
        self._painter = MeshPainter(self._gl, context)
        self._owner: PosedMeshes | None = None
        self._slots: list[MeshSlot] = []

    def draw(
        self,
        bodies: Sequence[tuple[PosedMesh, QColor]],
        meshes: PosedMeshes,
        projection: NDArray[np.float64],
        opacity: float,
    ) -> None:
        """Draw bodies given in the camera frame, each one evenly see-through."""
        gl = self._gl
        gl.glDisable(GL_SCISSOR_TEST)
        gl.glDisable(GL_STENCIL_TEST)
        gl.glDisable(GL_CULL_FACE)
        gl.glDepthMask(1)
        gl.glClearDepthf(1.0)
        gl.glClear(GL_DEPTH_BUFFER_BIT)
        if meshes is not self._owner:
            self._owner = meshes
            self._slots.clear()
        while len(self._slots) < len(bodies):
            self._slots.append(MeshSlot(self._painter, meshes.triangles))
        eye = Eye(_EYE_FROM_LEVEL, projection, 1.0, 1.0, 1.0)
        for slot, (posed, colour) in zip(self._slots, bodies, strict=False):
            self._painter.see_through(slot.show(posed), _LEVEL_FROM_CAMERA, eye, rgba(colour, opacity))
        gl.glDisable(GL_DEPTH_TEST)
        gl.glDisable(GL_BLEND)
