"""The camera view: the video frame with keypoints and the fitted mesh drawn on it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMenu,
    QSlider,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from motionfit.body.in_camera import motion_in_camera
from motionfit_app.panels.shown_tracks import body_tracks
from motionfit_app.services.theme import ThemeService
from motionfit_app.state.document import Document
from motionfit_app.state.live_run import LiveRun
from motionfit_app.state.playback import Playback
from motionfit_app.viewport.camera_view import CameraView
from motionfit_app.viewport.frame_source import FrameSource
from motionfit_app.viewport.posed_meshes import PosedMeshes
from motionfit_app.viewport.tracks import OverlayOptions
from motionfit_app.widgets.option_menu import add_options, menu_button


class CameraPanel(QWidget):
    """Shows what the camera saw and what was fitted to it."""

    video_failed = Signal(str)

    def __init__(
        self,
        document: Document,
        playback: Playback,
        live: LiveRun,
        themes: ThemeService,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._document, self._playback, self._live, self._themes = document, playback, live, themes
        self.view = CameraView(self)
        self.view.setObjectName("camera_view")
        self.view.setAccessibleName(self.tr("Camera view"))
        self.frames = FrameSource(self)
        self._overlay = OverlayOptions()
        self._has_video = False
        self._build()
        document.opened.connect(self._on_opened)
        document.runs_changed.connect(self._refresh)
        document.shown_changed.connect(self._refresh)
        live.motion_changed.connect(self._refresh)
        live.ended.connect(self._refresh)
        themes.changed.connect(self._refresh)
        playback.frame_changed.connect(self._on_frame)
        self.frames.ready.connect(self._on_picture)
        self.frames.failed.connect(self.video_failed)

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        bar = QHBoxLayout()
        bar.setContentsMargins(4, 2, 4, 2)
        bar.addWidget(self._overlay_button())
        bar.addStretch(1)
        bar.addWidget(QLabel(self.tr("Mesh opacity"), self))
        self.opacity = QSlider(Qt.Orientation.Horizontal, self)
        self.opacity.setRange(0, 100)
        self.opacity.setValue(round(self._overlay.mesh_opacity * 100))
        self.opacity.setAccessibleName(self.tr("Mesh opacity"))
        self.opacity.setMaximumWidth(self.fontMetrics().averageCharWidth() * 14)
        self.opacity.valueChanged.connect(self._on_opacity)
        bar.addWidget(self.opacity)
        layout.addLayout(bar)
        self.nothing = QLabel(self.tr("This clip has no camera.\nIts 3D data is in the 3D view."), self)
        self.nothing.setProperty("role", "faint")
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.pages = QStackedWidget(self)
        self.pages.addWidget(self.view)
        self.pages.addWidget(self.nothing)
        layout.addWidget(self.pages, 1)

    def _overlay_button(self) -> QToolButton:
        titles = {
            "mesh": self.tr("Mesh on the picture"),
            "observed_keypoints": self.tr("Observed keypoints"),
            "reprojected_keypoints": self.tr("Reprojected keypoints"),
            "residuals": self.tr("Residuals"),
        }
        menu = QMenu(self)
        checked = {key: bool(getattr(self._overlay, key)) for key in titles}
        self._toggles = add_options(menu, titles, checked, self.tr("Show or hide in the camera view: {0}"))
        self._toggles.triggered.connect(self._on_toggle)
        return menu_button(self, self.tr("Show"), self.tr("Show in the camera view"), menu)

    def option_actions(self) -> list[QAction]:
        """The toggles, for menus and the command palette."""
        return self._toggles.actions()

    def set_meshes(self, meshes: PosedMeshes) -> None:
        """Show bodies with a cache of posed frames that the 3D view shares."""
        self.view.set_meshes(meshes)

    def close_video(self) -> None:
        """Let go of the video file."""
        self.frames.close()

    @Slot(QAction)
    def _on_toggle(self, action: QAction) -> None:
        self._overlay = replace(self._overlay, **{str(action.data()): action.isChecked()})
        self.view.set_overlay(self._overlay)

    @Slot(int)
    def _on_opacity(self, percent: int) -> None:
        self._overlay = replace(self._overlay, mesh_opacity=percent / 100)
        self.view.set_overlay(self._overlay)

    @Slot()
    def _on_opened(self) -> None:
        project = self._document.project
        if project is None or self._document.body is None:
            return
        observations = project.observations
        self.pages.setCurrentWidget(self.nothing if observations.camera is None else self.view)
        self.view.set_camera(observations.camera)
        self.view.set_keypoints(observations.keypoints2d)
        self.view.set_overlay(self._overlay)
        self.view.set_picture(None, None)
        self._has_video = project.video is not None and project.video.is_file()
        if self._has_video and project.video is not None:
            self.frames.open(project.video)
        self._refresh()
        self._on_frame(self._playback.frame)

    @Slot(int)
    def _on_frame(self, frame: int) -> None:
        # With a video the mesh waits for its picture, so that the two never show different frames.
        if self._has_video:
            self.frames.request(frame)
        else:
            self.view.set_frame(frame)

    @Slot(int, object)
    def _on_picture(self, frame: int, picture: np.ndarray) -> None:
        if self._has_video:
            self.view.set_picture(picture, frame)
            self.view.set_frame(frame)

    @Slot()
    def _refresh(self) -> None:
        tracks = body_tracks(self._document, self._live, self._themes.theme, 0.0)
        project, body = self._document.project, self._document.body
        camera = None if project is None else project.observations.camera
        if camera is not None and body is not None:
            tracks = [replace(track, motion=motion_in_camera(track.motion, body, camera)) for track in tracks]
        self.view.set_tracks(tracks)
