"""Shader programs from the resources."""

from __future__ import annotations

from importlib import resources

from PySide6.QtCore import QObject
from PySide6.QtOpenGL import QOpenGLShader, QOpenGLShaderProgram


class ShaderError(RuntimeError):
    """A shader was refused by the driver; the message holds the driver's log."""


def load_program(name: str, parent: QObject) -> QOpenGLShaderProgram:
    """Compile and link `name`.vert and `name`.frag in the current context.

    Raises:
        ShaderError: The driver refused one of them.
    """
    folder = resources.files("motionfit_resources") / "shaders"
    program = QOpenGLShaderProgram(parent)
    kinds = {"vert": QOpenGLShader.ShaderTypeBit.Vertex, "frag": QOpenGLShader.ShaderTypeBit.Fragment}
    for suffix, kind in kinds.items():
        source = (folder / f"{name}.{suffix}").read_text(encoding="utf-8")
        if not program.addShaderFromSourceCode(kind, source):
            raise ShaderError(f"{name}.{suffix}: {program.log()}")
    if not program.link():
        raise ShaderError(f"{name}: {program.log()}")
    return program
