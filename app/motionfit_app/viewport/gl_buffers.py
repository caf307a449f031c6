"""Geometry on the graphics card: triangle meshes and wide lines."""

from __future__ import annotations

from typing import cast

import numpy as np
from jaxtyping import Float32, UInt32
from numpy.typing import NDArray
from PySide6.QtGui import QOpenGLFunctions
from PySide6.QtOpenGL import QOpenGLBuffer, QOpenGLVertexArrayObject
from shiboken6 import VoidPtr

from motionfit_app.viewport.gl_programs import Program
from motionfit_app.viewport.gl_support import GL_FLOAT, GL_TRIANGLES, GL_UNSIGNED_INT

_FLOAT_BYTES = 4
_FROM_THE_START = cast(int, VoidPtr(0))
"""The stubs of PySide6 ask for an int, but only a pointer object works: an int crashes."""


class _Vertices:
    """Interleaved float attributes with the layout locations 0, 1 and so on."""

    def __init__(self, program: Program, widths: tuple[int, ...]) -> None:
        self._array = QOpenGLVertexArrayObject()
        self._array.create()
        self._buffer = QOpenGLBuffer(QOpenGLBuffer.Type.VertexBuffer)
        self._buffer.create()
        self._buffer.setUsagePattern(QOpenGLBuffer.UsagePattern.DynamicDraw)
        self._array.bind()
        self._buffer.bind()
        stride, offset = sum(widths) * _FLOAT_BYTES, 0
        for location, width in enumerate(widths):
            program.linked.enableAttributeArray(location)
            program.linked.setAttributeBuffer(location, GL_FLOAT, offset, width, stride)
            offset += width * _FLOAT_BYTES
        self._array.release()

    def upload(self, values: NDArray[np.float32]) -> None:
        """Replace all vertices."""
        data = np.ascontiguousarray(values, dtype=np.float32).tobytes()
        self._buffer.bind()
        self._buffer.allocate(data, len(data))
        self._buffer.release()

    def bind(self) -> QOpenGLVertexArrayObject:
        """Make these vertices the current ones."""
        self._array.bind()
        return self._array


class TriangleMesh:
    """A mesh with normals whose vertices may change and whose triangles stay."""

    def __init__(self, program: Program, triangles: UInt32[NDArray[np.uint32], "faces 3"]) -> None:
        self._vertices = _Vertices(program, (3, 3))
        self._indices = QOpenGLBuffer(QOpenGLBuffer.Type.IndexBuffer)
        self._indices.create()
        data = np.ascontiguousarray(triangles, dtype=np.uint32).tobytes()
        array = self._vertices.bind()
        self._indices.bind()
        self._indices.allocate(data, len(data))
        array.release()
        self._count = int(triangles.size)
        self._is_filled = False

    def upload(self, points: Float32[NDArray[np.float32], "vertices 6"]) -> None:
        """Replace positions and normals."""
        self._vertices.upload(points)
        self._is_filled = True

    def draw(self, functions: QOpenGLFunctions) -> None:
        """Draw with the bound program."""
        if not self._is_filled:
            return
        array = self._vertices.bind()
        functions.glDrawElements(GL_TRIANGLES, self._count, GL_UNSIGNED_INT, _FROM_THE_START)
        array.release()


class LineSet:
    """Segments of constant width on the screen."""

    def __init__(self, program: Program) -> None:
        self._vertices = _Vertices(program, (3, 3, 2, 4))
        self._count = 0

    def upload(self, corners: Float32[NDArray[np.float32], "corners 12"]) -> None:
        """Replace the segments (of `shapes.segments`)."""
        self._count = len(corners)
        if self._count:
            self._vertices.upload(corners)

    def draw(self, functions: QOpenGLFunctions) -> None:
        """Draw with the bound program."""
        if self._count == 0:
            return
        array = self._vertices.bind()
        functions.glDrawArrays(GL_TRIANGLES, 0, self._count)
        array.release()
