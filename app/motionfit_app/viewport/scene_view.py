"""The 3D view: bodies over the floor, seen from anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QWheelEvent
from PySide6.QtWidgets import QWidget

from motionfit.body.model import BodyModel
from motionfit.geometry.cameras import camera_at
from motionfit.motion import Camera, Floor
from motionfit_app.viewport.gl_painters import Eye
from motionfit_app.viewport.gl_view import GlView
from motionfit_app.viewport.orbit import OrbitCamera, looking_from
from motionfit_app.viewport.posed_meshes import PosedMeshes
from motionfit_app.viewport.scene_content import SceneContent, Vector, world_matrix
from motionfit_app.viewport.scene_renderer import SceneRenderer
from motionfit_app.viewport.tracks import BodyTrack, ViewOptions

_RADIANS_PER_PIXEL = np.radians(0.4)
_ZOOM_PER_STEP = 0.87
_BODY_REACH = 1.15
_VIEWS = ("front", "side", "top", "camera")


class SceneView(GlView):
    """Shows tracks in the world of the floor (z up, metres).

    Left drag orbits, middle or shift+left drag pans, the wheel zooms, a double click centres on the root.

    Args:
        parent: The widget that owns the view.
        meshes: A cache to share with another view of the same body; `set_body` makes an own one.
    """

    def __init__(self, parent: QWidget | None = None, meshes: PosedMeshes | None = None) -> None:
        super().__init__(parent, "3D view")
        self._content = SceneContent(meshes=meshes)
        self._orbit = OrbitCamera()
        self._renderer: SceneRenderer | None = None
        self._pressed_at: QPointF | None = None
        self._is_panning = False
        self._is_framed = False

    @property
    def options(self) -> ViewOptions:
        """What is shown."""
        return self._content.options

    @property
    def orbit(self) -> OrbitCamera:
        """Where the viewer stands."""
        return self._orbit

    def set_body(self, body: BodyModel) -> None:
        """Show the tracks with this body."""
        if self._content.meshes is None or self._content.meshes.source is not body:
            self.set_meshes(PosedMeshes(body))

    def set_meshes(self, meshes: PosedMeshes) -> None:
        """Show the tracks with a body whose posed frames another view may share."""
        self._content.meshes = meshes
        self._frame_once()
        self.update()

    def set_tracks(self, tracks: Sequence[BodyTrack]) -> None:
        """Show these motions; the view stays where it is unless these are the first ones."""
        self._content.tracks = tuple(tracks)
        self._frame_once()
        self.update()

    def set_floor(self, floor: Floor) -> None:
        """Show the world of this floor."""
        self._content.world = world_matrix(floor)
        self.update()

    def set_camera(self, camera: Camera | None) -> None:
        """Show the frustum of the clip's camera; None if the data is not in a camera frame."""
        self._content.camera = camera
        self.update()

    def set_frame(self, frame: int) -> None:
        """Show another frame."""
        before = self._content.root()
        self._content.frame = max(frame, 0)
        after = self._content.root()
        if self.options.follow_root and before is not None and after is not None:
            self._orbit = self._orbit.moved(after - before)
        self.update()

    def set_options(self, options: ViewOptions) -> None:
        """Choose what is shown."""
        starts_following = options.follow_root and not self.options.follow_root
        self._content.options = options
        if starts_following:
            self.centre_on_root()
        self.update()

    def set_view(self, name: str) -> None:
        """Look from the body's "front", its left "side", the "top" or the clip's "camera"."""
        if name not in _VIEWS:
            raise ValueError(f"unknown view {name!r}, expected one of {', '.join(_VIEWS)}")
        if name == "camera":
            self._look_from_camera()
        else:
            turn, elevation = {"front": (0.0, 6.0), "side": (90.0, 6.0), "top": (180.0, 89.9)}[name]
            self._look_at_root(self._content.heading() + np.radians(turn), np.radians(elevation))
        self.update()

    def reset_view(self) -> None:
        """See the whole way of all visible tracks, from the front and a little from the side."""
        paths = [self._content.root_path(track) for track in self._content.shown()] if self._has_body() else []
        azimuth = self._content.heading() + np.radians(35.0)
        if not paths:
            self._orbit = OrbitCamera()
        else:
            way = np.concatenate(paths)
            low, high = way.min(0), way.max(0)
            target, reach = (low + high) / 2, float(np.linalg.norm(high - low)) / 2
            radius = max(_BODY_REACH, reach + 0.7)
            target[2] -= 0.05
            self._orbit = self._fitting(target, radius, azimuth, np.radians(14.0))
        self.update()

    def centre_on_root(self) -> None:
        """Turn about the root joint of the first visible track from now on."""
        root = self._content.root()
        if root is not None:
            self._orbit = replace(self._orbit, target=root)
            self.update()

    def project_point(self, world_xyz: Sequence[float] | Vector) -> QPointF:
        """Where a point of the world is seen, in widget pixels (not a number if behind the viewer)."""
        eye = self._eye()
        clip = eye.projection @ eye.view @ np.append(np.asarray(world_xyz, dtype=np.float64), 1.0)
        if clip[3] <= 0:
            return QPointF(float("nan"), float("nan"))
        x, y = clip[:2] / clip[3]
        return QPointF((x + 1) / 2 * self.width(), (1 - y) / 2 * self.height())

    def build(self) -> None:
        """Make the renderer for a new context."""
        self._renderer = SceneRenderer(self.context())

    def paint(self) -> None:
        """Draw bodies, floor and texts."""
        assert self._renderer is not None
        self._renderer.draw(self._content, self._eye(), self._orbit.target, self.colours)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_texts(painter)
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Start a drag: middle or shift+left pans, left orbits."""
        is_shifted = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        self._is_panning = event.button() == Qt.MouseButton.MiddleButton or is_shifted
        self._pressed_at = event.position()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Orbit or pan."""
        if self._pressed_at is None:
            return
        by = event.position() - self._pressed_at
        self._pressed_at = event.position()
        if self._is_panning:
            scale = 2 * np.tan(self._orbit.field_of_view / 2) * self._orbit.distance / max(self.height(), 1)
            self._orbit = self._orbit.panned(-by.x() * scale, by.y() * scale)
        else:
            self._orbit = self._orbit.orbited(-by.x() * _RADIANS_PER_PIXEL, by.y() * _RADIANS_PER_PIXEL)
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End a drag."""
        self._pressed_at = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Centre on the root."""
        self.centre_on_root()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom."""
        self._orbit = self._orbit.zoomed(_ZOOM_PER_STEP ** (event.angleDelta().y() / 120.0))
        event.accept()
        self.update()

    def _has_body(self) -> bool:
        return self._content.meshes is not None

    def _frame_once(self) -> None:
        if not self._is_framed and self._has_body() and self._content.shown():
            self._is_framed = True
            self.reset_view()

    def _eye(self) -> Eye:
        ratio = self.devicePixelRatioF()
        width, height = max(self.width(), 1) * ratio, max(self.height(), 1) * ratio
        return Eye(self._orbit.view(), self._orbit.projection(width / height), width, height, ratio)

    def _fitting(self, target: Vector, radius: float, azimuth: float, elevation: float) -> OrbitCamera:
        """An eye far enough to see a ball of a radius."""
        start = OrbitCamera()
        aspect = min(1.0, self.width() / max(self.height(), 1))
        distance = radius / (np.sin(start.field_of_view / 2) * aspect)
        return OrbitCamera(target, float(distance), azimuth, elevation)

    def _look_at_root(self, azimuth: float, elevation: float) -> None:
        root = self._content.root()
        target = self._orbit.target if root is None else root
        fitting = self._fitting(target, _BODY_REACH, azimuth, elevation)
        self._orbit = fitting

    def _look_from_camera(self) -> None:
        camera = self._content.camera
        if camera is None:
            return
        world, camera = self._content.camera_world(), camera_at(camera, self._content.frame)
        eye, forward, up = world[:3, 3], world[:3, 2], -world[:3, 1]
        root = self._content.root()
        distance = 3.0 if root is None else max(0.3, float((root - eye) @ forward))
        focal = float(camera.intrinsics[1, 1])
        field_of_view = 2 * np.arctan(camera.image_size[1] / (2 * focal))
        wide = (self.width() / max(self.height(), 1)) / (camera.image_size[0] / camera.image_size[1])
        if wide < 1:  # the picture is wider than the view: show all of its width
            field_of_view = 2 * np.arctan(np.tan(field_of_view / 2) / wide)
        self._orbit = looking_from(eye, forward, up, distance, float(field_of_view))

    def _paint_texts(self, painter: QPainter) -> None:
        painter.setPen(self.colours.text)
        margin, line = 10.0, float(painter.fontMetrics().height())
        if self.options.ground:
            bottom = QRectF(margin, self.height() - line - margin, self.width() - 2 * margin, line)
            painter.drawText(bottom, Qt.AlignmentFlag.AlignLeft, self.tr("grid 1 m"))
        if self.options.axes:
            self._paint_axis_letters(painter)
        shown = self._content.shown()
        if len(shown) > 1 and self._has_body():
            self._paint_names(painter, shown)

    def _paint_axis_letters(self, painter: QPainter) -> None:
        colours = (self.colours.x_axis, self.colours.y_axis, self.colours.z_axis)
        for letter, place, colour in zip("xyz", 0.55 * np.eye(3), colours, strict=True):
            at = self.project_point(place)
            if np.isfinite(at.x()):
                painter.setPen(QColor.fromRgbF(*colour))
                box = QRectF(at.x() - 8, at.y() - 10, 16, 20)
                painter.drawText(box, Qt.AlignmentFlag.AlignCenter, letter)

    def _paint_names(self, painter: QPainter, shown: list[BodyTrack]) -> None:
        """The tracks' names over their heads, stacked where they would cover each other."""
        taken: list[QRectF] = []
        for track in shown:
            at = self.project_point(self._content.head_top(track))
            if not np.isfinite(at.x()):
                continue
            box = QRectF(painter.fontMetrics().boundingRect(track.name)).adjusted(-6, -2, 6, 2)
            box.moveCenter(at)
            while any(box.intersects(other) for other in taken):
                box.translate(0, -1)
            taken.append(box)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(12, 14, 17, 205))
            painter.drawRoundedRect(box, 4, 4)
            painter.setPen(track.colour.lighter(135))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, track.name)
