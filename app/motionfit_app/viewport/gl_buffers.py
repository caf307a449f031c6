"""Geometry on the graphics card: triangle meshes and wide lines."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32, UInt32
from numpy.typing import NDArray
from PySide6.QtGui import QOpenGLFunctions
from PySide6.QtOpenGL import QOpenGLBuffer, QOpenGLShaderProgram, QOpenGLVertexArrayObject
from shiboken6 import VoidPtr

from motionfit_app.viewport.gl_support import GL_FLOAT, GL_TRIANGLES, GL_UNSIGNED_INT

_FLOAT_BYTES = 4


class _Vertices:
    """Interleaved float attributes with the layout locations 0, 1, …"""

    def __init__(self, program: QOpenGLShaderProgram, widths: tuple[int, ...]) -> None:
        self._array = QOpenGLVertexArrayObject()
        self._array.create()
        self._buffer = QOpenGLBuffer(QOpenGLBuffer.Type.VertexBuffer)
        self._buffer.create()
        self._buffer.setUsagePattern(QOpenGLBuffer.UsagePattern.DynamicDraw)
        self._bytes = 0
        self._array.bind()
        self._buffer.bind()
        stride, offset = sum(widths) * _FLOAT_BYTES, 0
        for location, width in enumerate(widths):
            program.enableAttributeArray(location)
            program.setAttributeBuffer(location, GL_FLOAT, offset, width, stride)
            offset += width * _FLOAT_BYTES
        self._array.release()

    def upload(self, values: NDArray[np.float32]) -> None:
        """Replace all vertices."""
        data = np.ascontiguousarray(values, dtype=np.float32).tobytes()
        self._buffer.bind()
        if len(data) == self._bytes:
            self._buffer.write(0, data, len(data))
        else:
            self._buffer.allocate(data, len(data))
            self._bytes = len(data)
        self._buffer.release()

    def bind(self) -> QOpenGLVertexArrayObject:
        """Make these vertices the current ones."""
        self._array.bind()
        return self._array

    def destroy(self) -> None:
        """Free them; their context must be current."""
        self._array.destroy()
        self._buffer.destroy()


class TriangleMesh:
    """A mesh with normals whose vertices may change and whose triangles stay."""

    def __init__(self, program: QOpenGLShaderProgram, triangles: UInt32[NDArray[np.uint32], "faces 3"]) -> None:
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
        functions.glDrawElements(GL_TRIANGLES, self._count, GL_UNSIGNED_INT, VoidPtr(0))
        array.release()

    def destroy(self) -> None:
        """Free the buffers; their context must be current."""
        self._vertices.destroy()
        self._indices.destroy()


class LineSet:
    """Segments of constant width on the screen."""

    def __init__(self, program: QOpenGLShaderProgram) -> None:
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

    def destroy(self) -> None:
        """Free the buffers; their context must be current."""
        self._vertices.destroy()
