"""The camera view: the video's picture with the fitted body drawn exactly on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPen, QWheelEvent
from PySide6.QtWidgets import QWidget
from torch import Tensor

from motionfit.body.model import BodyModel
from motionfit.geometry.cameras import camera_at, project
from motionfit.motion import Camera
from motionfit_app.viewport.gl_view import GlView
from motionfit_app.viewport.keypoint_overlay import KeypointOverlay, shown_text
from motionfit_app.viewport.mesh_overlay import MeshOverlay
from motionfit_app.viewport.picture_place import PicturePlace
from motionfit_app.viewport.posed_meshes import PosedMeshes
from motionfit_app.viewport.tracks import BodyTrack, OverlayOptions

_ZOOM_PER_STEP = 1.2
_PIXELS_SEEN_FROM = 3.0
_EMPTY_SIZE = (640, 360)

__all__ = ["CameraView", "OverlayOptions"]


class CameraView(GlView):
    """Shows a picture and, where the clip's camera is known, the bodies on it.

    The wheel zooms to the cursor, a drag pans, a double click fits the picture into the view.

    Args:
        parent: The widget that owns the view.
        meshes: A cache to share with another view of the same body; `set_body` makes an own one.
    """

    def __init__(self, parent: QWidget | None = None, meshes: PosedMeshes | None = None) -> None:
        super().__init__(parent, "Camera view")
        self._meshes = meshes
        self._tracks: tuple[BodyTrack, ...] = ()
        self._camera: Camera | None = None
        self._frame = 0
        self._image: QImage | None = None
        self._source_frame: int | None = None
        self._keypoints: Tensor | None = None
        self._overlay = OverlayOptions()
        self._place = PicturePlace(_EMPTY_SIZE, (1, 1))
        self._mesh_overlay: MeshOverlay | None = None
        self._pressed_at: QPointF | None = None

    @property
    def overlay(self) -> OverlayOptions:
        """What is drawn over the picture."""
        return self._overlay

    @property
    def place(self) -> PicturePlace:
        """Where the picture lies in the widget."""
        return replace(self._place, picture=self._picture_size(), widget=(max(self.width(), 1), max(self.height(), 1)))

    def set_body(self, body: BodyModel) -> None:
        """Show the tracks with this body."""
        if self._meshes is None or self._meshes.source is not body:
            self.set_meshes(PosedMeshes(body))

    def set_meshes(self, meshes: PosedMeshes) -> None:
        """Show the tracks with a body whose posed frames another view may share."""
        self._meshes = meshes
        self.update()

    def set_tracks(self, tracks: Sequence[BodyTrack]) -> None:
        """Show these motions (in the camera frame)."""
        self._tracks = tuple(tracks)
        self.update()

    def set_camera(self, camera: Camera | None) -> None:
        """Use this camera; None leaves the picture without bodies."""
        self._camera = camera
        self.update()

    def set_frame(self, frame: int) -> None:
        """Show the bodies and keypoints of another frame."""
        self._frame = max(frame, 0)
        self.update()

    def set_picture(self, rgb: NDArray[np.uint8] | None, source_frame: int | None) -> None:
        """Show a picture (height, width, 3) and the number that it has in its file."""
        self._source_frame = source_frame
        self._image = None
        if rgb is not None:
            rgb = np.ascontiguousarray(rgb)
            height, width = rgb.shape[:2]
            borrowed = QImage(rgb.data, width, height, 3 * width, QImage.Format.Format_RGB888)
            self._image = borrowed.convertToFormat(QImage.Format.Format_RGB32)  # a copy of its own
        self.update()

    def set_keypoints(self, keypoints2d: Float[Tensor, "frames 25 3"] | None) -> None:
        """Show these detections: pixels and confidence."""
        self._keypoints = None if keypoints2d is None else keypoints2d.detach().cpu()
        self.update()

    def set_overlay(self, overlay: OverlayOptions) -> None:
        """Choose what is drawn over the picture."""
        self._overlay = overlay
        self.update()

    def fit_picture(self) -> None:
        """Show the whole picture."""
        self._place = self._place.fitted()
        self.update()

    def project_point(self, camera_xyz: Sequence[float]) -> QPointF:
        """Where a point of the camera frame is seen, in widget pixels (not a number without a camera)."""
        if self._camera is None:
            return QPointF(float("nan"), float("nan"))
        point = torch.as_tensor(np.asarray(camera_xyz, dtype=np.float64))
        pixel = project(point, camera_at(self._camera, self._frame).intrinsics.detach().cpu().double())
        return self.place.to_widget(float(pixel[0]), float(pixel[1]))

    def build(self) -> None:
        """Make what lives on the graphics card."""
        self._mesh_overlay = MeshOverlay(self.context())

    def paint(self) -> None:
        """Draw picture, bodies, keypoints, texts."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), QColor.fromRgbF(*self.colours.bottom))
        self._paint_picture(painter)
        if self._camera is not None and self._meshes is not None and self._overlay.mesh:
            painter.beginNativePainting()
            self._paint_bodies(self._camera, self._meshes)
            painter.endNativePainting()
        self._paint_keypoints(painter)
        self._paint_texts(painter)
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Start a drag."""
        self._pressed_at = event.position()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Pan."""
        if self._pressed_at is not None and event.buttons() != Qt.MouseButton.NoButton:
            self._place = self.place.dragged(event.position() - self._pressed_at)
            self._pressed_at = event.position()
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End a drag."""
        self._pressed_at = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Fit the picture into the view."""
        self.fit_picture()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom to the cursor."""
        factor = _ZOOM_PER_STEP ** (event.angleDelta().y() / 120.0)
        self._place = self.place.zoomed(factor, event.position())
        event.accept()
        self.update()

    def _picture_size(self) -> tuple[int, int]:
        """The camera's size: keypoints and intrinsics count in its pixels, also over a smaller preview."""
        if self._camera is not None:
            return self._camera.image_size
        return _EMPTY_SIZE if self._image is None else (self._image.width(), self._image.height())

    def _shown(self) -> list[BodyTrack]:
        return [track for track in self._tracks if track.visible and self._frame < track.motion.frames]

    def _paint_picture(self, painter: QPainter) -> None:
        place = self.place
        if self._image is not None:
            smooth = place.scale < _PIXELS_SEEN_FROM
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
            painter.drawImage(place.rectangle, self._image, QRectF(self._image.rect()))
        elif self._camera is not None:
            painter.fillRect(place.rectangle, QColor.fromRgbF(*self.colours.top))
        if self._camera is not None:
            border = QColor(self.colours.text)
            border.setAlpha(90)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(border, 1.0))
            painter.drawRect(place.rectangle)

    def _paint_bodies(self, camera: Camera, meshes: PosedMeshes) -> None:
        assert self._mesh_overlay is not None
        posed = [(meshes.mesh(track.motion, self._frame), track.colour) for track in self._shown()]
        self._mesh_overlay.draw(
            posed,
            meshes,
            self.place.projection(camera_at(camera, self._frame)),
            self._overlay.mesh_opacity,
        )

    def _paint_keypoints(self, painter: QPainter) -> None:
        drawing = KeypointOverlay(painter, self.place)
        observed: NDArray[np.floating] | None = None
        if self._keypoints is not None and self._frame < len(self._keypoints):
            observed = self._keypoints[self._frame].numpy()
        wants_points = self._overlay.reprojected_keypoints or self._overlay.residuals
        if wants_points and self._camera is not None and self._meshes is not None:
            intrinsics = camera_at(self._camera, self._frame).intrinsics.detach().to("cpu", torch.float32)
            for track in self._shown():
                points = project(self._meshes.body25(track.motion, self._frame), intrinsics).numpy()
                if self._overlay.residuals and observed is not None:
                    drawing.residuals(observed, points)
                if self._overlay.reprojected_keypoints:
                    drawing.reprojected(points, track.colour)
        if observed is not None and self._overlay.observed_keypoints:
            drawing.observed(observed)
            drawing.legend(QPointF(self.width() - 14, self.height() - 14), self.tr("confidence 0–1"))

    def _paint_texts(self, painter: QPainter) -> None:
        if self._source_frame is not None:
            words = self.tr("source frame {number}").format(number=self._source_frame)
            shown_text(painter, QPointF(16, self.height() - 16), words)
        hint = ""
        if self._image is None and self._camera is None:
            hint = self.tr("No video: this clip holds 3D data.\nThe 3D view shows it.")
        elif self._image is not None and self._camera is None and self._tracks:
            hint = self.tr("No camera: bodies are drawn on the picture only when its intrinsics are known.")
        if hint:
            painter.setPen(self.colours.text)
            area = QRectF(self.rect()).adjusted(24, 24, -24, -24)
            flags = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
            if self._image is not None:
                shown_text(painter, QPointF(16, 28), hint)
            else:
                painter.drawText(area, flags, hint)
