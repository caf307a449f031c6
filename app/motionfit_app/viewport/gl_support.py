"""What OpenGL this machine has, and the few constants that the views need.

OpenGL is called through Qt's own functions, so it works the same over GLX, EGL, Wayland, WGL and CGL.
"""

from __future__ import annotations

from functools import cache

from PySide6.QtGui import QOffscreenSurface, QOpenGLContext, QSurfaceFormat

GL_TRIANGLES = 0x0004
GL_TRIANGLE_STRIP = 0x0005
GL_UNSIGNED_INT = 0x1405
GL_FLOAT = 0x1406
GL_DEPTH_BUFFER_BIT = 0x0100
GL_STENCIL_BUFFER_BIT = 0x0400
GL_COLOR_BUFFER_BIT = 0x4000
GL_BLEND = 0x0BE2
GL_DEPTH_TEST = 0x0B71
GL_STENCIL_TEST = 0x0B90
GL_CULL_FACE = 0x0B44
GL_SCISSOR_TEST = 0x0C11
GL_ONE = 1
GL_ONE_MINUS_SRC_ALPHA = 0x0303
GL_EQUAL = 0x0202
GL_LEQUAL = 0x0203
GL_KEEP = 0x1E00
GL_INCR = 0x1E02

MISSING = "3D views need OpenGL 3.3, which this display does not offer ({reason})."
REMEDY = "Update the graphics driver, or install Mesa's software renderer (libgl1, libegl1). Plots and tables work."


def surface_format() -> QSurfaceFormat:
    """OpenGL 3.3 core with depth, stencil and four samples; the application may set it as default."""
    wanted = QSurfaceFormat()
    wanted.setRenderableType(QSurfaceFormat.RenderableType.OpenGL)
    wanted.setVersion(3, 3)
    wanted.setProfile(QSurfaceFormat.OpenGLContextProfile.CoreProfile)
    wanted.setDepthBufferSize(24)
    wanted.setStencilBufferSize(8)
    wanted.setSamples(4)
    return wanted


@cache
def missing_reason() -> str:
    """Why the views cannot draw on this display, in words; empty if they can."""
    context = QOpenGLContext()
    context.setFormat(surface_format())
    if not context.create():
        return "no OpenGL context can be made"
    surface = QOffscreenSurface()
    surface.setFormat(context.format())
    surface.create()
    if not context.makeCurrent(surface):
        return "the OpenGL context cannot be used"
    version = context.format().version()
    context.doneCurrent()
    return "" if tuple(version) >= (3, 3) else f"it has version {version[0]}.{version[1]}"
