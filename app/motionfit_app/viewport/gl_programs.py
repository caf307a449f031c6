"""Shader programs from the resources."""

from __future__ import annotations

from importlib import resources

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject
from PySide6.QtGui import QMatrix4x4, QVector2D, QVector3D, QVector4D
from PySide6.QtOpenGL import QOpenGLShader, QOpenGLShaderProgram


class ShaderError(RuntimeError):
    """A shader was refused by the driver; the message holds the driver's log."""


class Program:
    """A linked shader program and its uniform values.

    Args:
        name: Of the files `name`.vert and `name`.frag.
        parent: Owns it; the current context.

    Raises:
        ShaderError: The driver refused a shader.
    """

    def __init__(self, name: str, parent: QObject) -> None:
        self.linked = QOpenGLShaderProgram(parent)
        self._locations: dict[str, int] = {}
        folder = resources.files("motionfit_resources") / "shaders"
        kinds = {"vert": QOpenGLShader.ShaderTypeBit.Vertex, "frag": QOpenGLShader.ShaderTypeBit.Fragment}
        for suffix, kind in kinds.items():
            source = (folder / f"{name}.{suffix}").read_text(encoding="utf-8")
            if not self.linked.addShaderFromSourceCode(kind, source):
                raise ShaderError(f"{name}.{suffix}: {self.linked.log()}")
        if not self.linked.link():
            raise ShaderError(f"{name}: {self.linked.log()}")

    def bind(self) -> None:
        """Draw with it from now on."""
        self.linked.bind()

    def release(self) -> None:
        """Draw with it no longer."""
        self.linked.release()

    def set_matrix(self, name: str, matrix: NDArray[np.float64]) -> None:
        """Set a mat4."""
        self.linked.setUniformValue(self._at(name), QMatrix4x4([float(value) for value in matrix.ravel()]))

    def set_vector(self, name: str, *values: float) -> None:
        """Set a vec2, vec3 or vec4."""
        kind = {2: QVector2D, 3: QVector3D, 4: QVector4D}[len(values)]
        self.linked.setUniformValue(self._at(name), kind(*[float(value) for value in values]))

    def set_number(self, name: str, value: float) -> None:
        """Set a float."""
        self.linked.setUniformValue1f(self._at(name), float(value))

    def _at(self, name: str) -> int:
        if name not in self._locations:
            self._locations[name] = self.linked.uniformLocation(name)
        return self._locations[name]
