"""The timeline: shows a clip's frames as rows of strips, scrubs, zooms, pans and selects ranges."""

from __future__ import annotations

from enum import Enum

from PySide6.QtCore import QEvent, QPointF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFontMetricsF,
    QHelpEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from motionfit_app.widgets.timeline_content import TimelineColours, TimelineContent, TimelineView
from motionfit_app.widgets.timeline_painter import TimelineGeometry, TimelinePainter

_ZOOM_STEP = 1.25


class _Drag(Enum):
    NONE = 0
    SCRUB = 1
    PAN = 2
    RANGE = 3


class Timeline(QWidget):
    """Rows of strips with a playhead.

    A click goes to a frame; dragging on the ruler (or anywhere while nothing is zoomed) scrubs; dragging the rows of a
    zoomed timeline, or with the middle button, pans; dragging with Shift selects a range; the wheel zooms.
    """

    seek_requested = Signal(int)
    range_requested = Signal(int, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._content = TimelineContent()
        self._colours = TimelineColours()
        self._view = TimelineView()
        self._frame = 0
        self._range: tuple[int, int] | None = None
        self._picture: QPixmap | None = None
        self._drag = _Drag.NONE
        self._pressed_at = QPointF()
        self._pressed_view = self._view
        self._range_anchor = 0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.MinimumExpanding)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setMouseTracking(True)
        self.setAccessibleName(self.tr("Timeline"))

    @property
    def content(self) -> TimelineContent:
        """What is shown."""
        return self._content

    @property
    def view(self) -> TimelineView:
        """The part that is in sight."""
        return self._view

    def set_content(self, content: TimelineContent) -> None:
        """Show a clip; a clip of the same length keeps the zoom."""
        if content.frames != self._content.frames:
            self._view = TimelineView(0.0, float(max(content.frames, 1)))
        self._content = content
        self.updateGeometry()
        self._redraw()

    def set_colours(self, colours: TimelineColours) -> None:
        """Use the colours of another theme."""
        self._colours = colours
        self._redraw()

    def set_frame(self, frame: int) -> None:
        """Move the playhead; a zoomed timeline follows it."""
        self._frame = frame
        inside = self._view.first <= frame < self._view.first + self._view.count
        if not inside and self._drag is _Drag.NONE and self._content.frames:
            self._view = TimelineView(frame - self._view.count * 0.1, self._view.count).clamped(self._content.frames)
            self._redraw()
        self.update()

    def set_range(self, selected: tuple[int, int] | None) -> None:
        """Show the selected range."""
        self._range = selected
        self.update()

    def x_of_frame(self, frame: int) -> float:
        """Position of the middle of a frame, pixels."""
        return self._geometry().x_of(frame + 0.5, self._view)

    def show_all(self) -> None:
        """Zoom out to the whole clip."""
        self._view = TimelineView(0.0, float(max(self._content.frames, 1)))
        self._redraw()

    def sizeHint(self) -> QSize:
        """Wide, and as high as the rows."""
        return QSize(self.fontMetrics().averageCharWidth() * 80, self.minimumSizeHint().height())

    def minimumSizeHint(self) -> QSize:
        """As high as the rows."""
        height = self._geometry().height(self._content)
        return QSize(self.fontMetrics().averageCharWidth() * 30, round(height))

    def _geometry(self) -> TimelineGeometry:
        return TimelineGeometry.of(self._content, QFontMetricsF(self.font()), float(self.width()))

    def _redraw(self) -> None:
        self._picture = None
        self.update()

    def _frame_at(self, position: QPointF) -> int:
        frame = int(self._geometry().frame_at(position.x(), self._view) // 1)
        return max(0, min(frame, self._content.frames - 1))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the kept picture and the playhead over it."""
        if self._picture is None:
            self._picture = self._draw_picture()
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._picture)
        if self._content.frames:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._painter(painter).draw_moving(self._frame, self._range, float(self.height()))
        painter.end()

    def _draw_picture(self) -> QPixmap:
        ratio = self.devicePixelRatioF()
        picture = QPixmap(self.size() * ratio)
        picture.setDevicePixelRatio(ratio)
        picture.fill(self.palette().window().color())
        painter = QPainter(picture)
        painter.setFont(self.font())
        if self._content.frames:
            self._painter(painter).draw_static()
        painter.end()
        return picture

    def _painter(self, painter: QPainter) -> TimelinePainter:
        return TimelinePainter(painter, self._content, self._view, self._geometry(), self._colours)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Draw anew."""
        self._redraw()

    def changeEvent(self, event: QEvent) -> None:
        """Draw anew in another font or palette."""
        super().changeEvent(event)
        self._redraw()

    def event(self, event: QEvent) -> bool:
        """Say what a row is where the pointer rests."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip and self._content.frames:
            QToolTip.showText(event.globalPos(), self._tip_at(QPointF(event.pos())), self)
            return True
        return super().event(event)

    def _tip_at(self, position: QPointF) -> str:
        geometry, frame = self._geometry(), self._frame_at(position)
        place = self.tr("frame {0}, {1:.2f} s").format(frame, frame / self._content.fps)
        for row, strip in enumerate(self._content.strips):
            top = geometry.row_top(row)
            if top <= position.y() <= top + geometry.row:
                return f"{strip.tip or strip.title}: {place}"
        return self.tr("{0}. Drag to scrub, wheel to zoom, Shift+drag to select.").format(place)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin to scrub, pan or select."""
        if not self._content.frames:
            return
        self._pressed_at, self._pressed_view = event.position(), self._view
        is_zoomed = self._view.count < self._content.frames
        on_rows = event.position().y() > self._geometry().ruler
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self._drag = _Drag.RANGE
            self._range_anchor = self._frame_at(event.position())
        elif event.button() == Qt.MouseButton.MiddleButton or (is_zoomed and on_rows):
            self._drag = _Drag.PAN
        elif event.button() == Qt.MouseButton.LeftButton:
            self._drag = _Drag.SCRUB
            self.seek_requested.emit(self._frame_at(event.position()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Scrub, pan or select."""
        if self._drag is _Drag.SCRUB:
            self.seek_requested.emit(self._frame_at(event.position()))
        elif self._drag is _Drag.RANGE:
            self.range_requested.emit(self._range_anchor, self._frame_at(event.position()))
        elif self._drag is _Drag.PAN:
            geometry = self._geometry()
            pixels = self._pressed_at.x() - event.position().x()
            frames = pixels / max(geometry.right - geometry.left, 1.0) * self._view.count
            self._view = self._pressed_view.moved(frames, self._content.frames)
            self._redraw()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End the drag; a pan that did not move was a click."""
        moved = (event.position() - self._pressed_at).manhattanLength()
        if self._drag is _Drag.PAN and moved < 3 and event.button() == Qt.MouseButton.LeftButton:
            self.seek_requested.emit(self._frame_at(event.position()))
        self._drag = _Drag.NONE

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom about the pointer; with Shift, or sideways, pan."""
        if not self._content.frames:
            return
        notches = event.angleDelta().y() / 120.0
        sideways = event.angleDelta().x() / 120.0
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier or (sideways and not notches):
            self._view = self._view.moved(-(notches or sideways) * self._view.count * 0.1, self._content.frames)
        else:
            anchor = self._geometry().frame_at(event.position().x(), self._view)
            self._view = self._view.zoomed(_ZOOM_STEP**-notches, anchor, self._content.frames)
        self._redraw()
        event.accept()
