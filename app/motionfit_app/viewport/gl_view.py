"""What both views share: the format, a readable text where OpenGL is missing, theme changes."""

from __future__ import annotations

import logging

from PySide6.QtCore import QEvent, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QImage, QPaintEvent, QResizeEvent, QShowEvent
from PySide6.QtOpenGLWidgets import QOpenGLWidget
from PySide6.QtWidgets import QLabel, QWidget

from motionfit_app.viewport.colours import SceneColours, scene_colours
from motionfit_app.viewport.gl_programs import ShaderError
from motionfit_app.viewport.gl_support import MISSING, REMEDY, missing_reason, surface_format

_LOG = logging.getLogger(__name__)


class GlView(QOpenGLWidget):
    """An OpenGL widget that says so when it cannot draw."""

    gl_failed = Signal(str)

    def __init__(self, parent: QWidget | None, name: str) -> None:
        super().__init__(parent)
        self.setFormat(surface_format())
        self.setObjectName(name.replace(" ", "_").lower())
        self.setAccessibleName(name)
        self.setMinimumSize(160, 120)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.colours: SceneColours = scene_colours(self.palette())
        self.gl_error = ""
        self._was_checked = False
        self._notice = QLabel(self)
        self._notice.setAccessibleName(self.tr("Why this view cannot draw"))
        self._notice.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._notice.setWordWrap(True)
        self._notice.setMargin(24)
        self._notice.setAutoFillBackground(True)
        self._notice.hide()

    def build(self) -> None:
        """Make what lives on the graphics card; the context is current."""
        raise NotImplementedError

    def paint(self) -> None:
        """Draw the picture; the context is current."""
        raise NotImplementedError

    def grab_image(self) -> QImage:
        """The picture as it is now."""
        return self.grabFramebuffer()

    def initializeGL(self) -> None:
        """Called by Qt whenever there is a new context (also after docking and floating)."""
        try:
            self.build()
        except ShaderError as error:
            _LOG.exception("Shaders of %s failed", self.objectName())
            self._fail(str(error))

    def paintGL(self) -> None:
        """Called by Qt."""
        if not self.gl_error:
            self.paint()

    def showEvent(self, event: QShowEvent) -> None:
        """Find out on the first showing whether the display can draw."""
        if not self._was_checked:
            self._was_checked = True
            reason = missing_reason()
            if reason:
                self._fail(MISSING.format(reason=reason))
            else:
                QTimer.singleShot(0, self._check_picture)
        super().showEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Leave out what would only warn where OpenGL is missing."""
        if not self.gl_error and self._has_picture():
            super().paintEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the notice over the whole view."""
        self._notice.setGeometry(self.rect())
        if not self.gl_error:
            super().resizeEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the theme."""
        if event.type() == QEvent.Type.PaletteChange:
            self.colours = scene_colours(self.palette())
            self.update()
        super().changeEvent(event)

    @Slot()
    def _check_picture(self) -> None:
        """Some platforms have OpenGL, but none inside of windows (such as Qt's offscreen platform)."""
        if not self.gl_error and self.isVisible() and not self._has_picture():
            self._fail(MISSING.format(reason="windows cannot hold OpenGL pictures here"))

    def _has_picture(self) -> bool:
        return self.isValid() and self.defaultFramebufferObject() != 0

    def _fail(self, message: str) -> None:
        self.gl_error = message
        self._notice.setText(f"{message}\n\n{REMEDY}")
        self._notice.setGeometry(self.rect())
        self._notice.show()
        self.gl_failed.emit(message)
