"""The ways in which geometry is drawn: lit meshes, see-through meshes, shadows, wide lines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject
from PySide6.QtGui import QOpenGLFunctions

from motionfit_app.viewport.gl_buffers import LineSet, TriangleMesh
from motionfit_app.viewport.gl_programs import Program
from motionfit_app.viewport.gl_support import (
    GL_BLEND,
    GL_DEPTH_TEST,
    GL_EQUAL,
    GL_INCR,
    GL_KEEP,
    GL_LEQUAL,
    GL_ONE,
    GL_ONE_MINUS_SRC_ALPHA,
    GL_STENCIL_TEST,
)
from motionfit_app.viewport.posed_meshes import PosedMesh
from motionfit_app.viewport.shapes import Colour

Matrix = NDArray[np.float64]

FLATTEN = np.diag([1.0, 1.0, 0.0, 1.0])
"""Straight down on the floor z = 0."""


@dataclass(frozen=True, eq=False)
class Eye:
    """How the world is seen.

    Attributes:
        view: Eye frame (x right, y up, z towards the viewer) from world.
        projection: Clip space from eye frame.
        width: Of the picture in device pixels.
        height: Of the picture in device pixels.
        pixel_ratio: Device pixels per widget pixel.
    """

    view: Matrix
    projection: Matrix
    width: float
    height: float
    pixel_ratio: float


class MeshSlot:
    """One mesh on the graphics card that is uploaded only when it is another one than before."""

    def __init__(self, painter: MeshPainter, triangles: NDArray[np.uint32]) -> None:
        self.mesh = TriangleMesh(painter.program, triangles)
        self._shown: PosedMesh | None = None

    def show(self, posed: PosedMesh) -> TriangleMesh:
        """Make it hold a posed mesh."""
        if posed is not self._shown:
            self.mesh.upload(posed.points)
            self._shown = posed
        return self.mesh


class MeshPainter:
    """Draws triangle meshes; blending is premultiplied."""

    def __init__(self, functions: QOpenGLFunctions, parent: QObject) -> None:
        self.program = Program("mesh", parent)
        self._functions = functions

    def solid(self, mesh: TriangleMesh, model: Matrix, eye: Eye, colour: Colour) -> None:
        """Opaque and lit."""
        self._functions.glDisable(GL_BLEND)
        self._draw(mesh, eye.view @ model, eye, colour)

    def see_through(self, mesh: TriangleMesh, model: Matrix, eye: Eye, colour: Colour) -> None:
        """Lit, with the colour's alpha; only the nearest surface shows, not what lies behind it."""
        gl = self._functions
        gl.glDisable(GL_BLEND)
        gl.glColorMask(0, 0, 0, 0)
        self._draw(mesh, eye.view @ model, eye, colour)
        gl.glColorMask(1, 1, 1, 1)
        gl.glEnable(GL_BLEND)
        gl.glBlendFunc(GL_ONE, GL_ONE_MINUS_SRC_ALPHA)
        gl.glDepthMask(0)
        self._draw(mesh, eye.view @ model, eye, colour)
        gl.glDepthMask(1)

    def shadow(self, mesh: TriangleMesh, model: Matrix, eye: Eye, colour: Colour) -> None:
        """Flat on the floor, each pixel once (the stencil buffer counts)."""
        gl = self._functions
        gl.glEnable(GL_BLEND)
        gl.glBlendFunc(GL_ONE, GL_ONE_MINUS_SRC_ALPHA)
        gl.glDepthMask(0)
        gl.glEnable(GL_STENCIL_TEST)
        gl.glStencilFunc(GL_EQUAL, 0, 0xFF)
        gl.glStencilOp(GL_KEEP, GL_KEEP, GL_INCR)
        self._draw(mesh, eye.view @ FLATTEN @ model, eye, colour, unlit=True)
        gl.glDisable(GL_STENCIL_TEST)
        gl.glDepthMask(1)

    def _draw(self, mesh: TriangleMesh, model_view: Matrix, eye: Eye, colour: Colour, unlit: bool = False) -> None:
        gl, program = self._functions, self.program
        gl.glEnable(GL_DEPTH_TEST)
        gl.glDepthFunc(GL_LEQUAL)
        program.bind()
        program.set_matrix("model_view", model_view)
        program.set_matrix("projection", eye.projection)
        program.set_vector("colour", *colour)
        program.set_vector("up", *[float(value) for value in eye.view[:3, 2]])
        program.set_number("unlit", 1.0 if unlit else 0.0)
        mesh.draw(gl)
        program.release()


class LinePainter:
    """Draws wide segments."""

    def __init__(self, functions: QOpenGLFunctions, parent: QObject) -> None:
        self.program = Program("line", parent)
        self._functions = functions

    def draw(self, lines: LineSet, model: Matrix, eye: Eye, width: float, is_solid: bool = False) -> None:
        """Draw segments `width` widget pixels wide; solid ones hide what lies behind them."""
        gl, program = self._functions, self.program
        gl.glEnable(GL_DEPTH_TEST)
        gl.glDepthFunc(GL_LEQUAL)
        gl.glDepthMask(1 if is_solid else 0)
        gl.glEnable(GL_BLEND)
        gl.glBlendFunc(GL_ONE, GL_ONE_MINUS_SRC_ALPHA)
        program.bind()
        program.set_matrix("model_view", eye.view @ model)
        program.set_matrix("projection", eye.projection)
        program.set_vector("viewport", eye.width, eye.height)
        program.set_number("width", width * eye.pixel_ratio)
        lines.draw(gl)
        program.release()
        gl.glDepthMask(1)
