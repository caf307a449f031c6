"""The 3D view with its options."""

from __future__ import annotations

from dataclasses import replace

import torch
from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QSlider, QToolButton, QVBoxLayout, QWidget

from motionfit.motion import Floor
from motionfit_app.panels.legend import Legend
from motionfit_app.panels.shown_tracks import body_tracks
from motionfit_app.services.theme import ThemeService
from motionfit_app.state.document import Document
from motionfit_app.state.live_run import LiveRun
from motionfit_app.state.playback import Playback
from motionfit_app.viewport.posed_meshes import PosedMeshes
from motionfit_app.viewport.scene_view import SceneView
from motionfit_app.widgets.option_menu import add_options, menu_button

_SEPARATION_STEP_METRES = 0.1
_GROUND = Floor(torch.tensor([0.0, 0.0, 1.0]), torch.tensor(0.0))
"""Where 3D data says nothing about its floor: z = 0."""


class ScenePanel(QWidget):
    """Shows the chosen motions in space."""

    gl_failed = Signal(str)

    def __init__(
        self,
        document: Document,
        playback: Playback,
        live: LiveRun,
        themes: ThemeService,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._document, self._live, self._themes = document, live, themes
        self.view = SceneView(self)
        self.view.setObjectName("scene_view")
        self.view.setAccessibleName(self.tr("3D view"))
        self.view.gl_failed.connect(self.gl_failed)
        self.legend = Legend(self)
        self._build()
        document.opened.connect(self._on_opened)
        document.runs_changed.connect(self._refresh)
        document.shown_changed.connect(self._refresh)
        live.motion_changed.connect(self._refresh)
        live.ended.connect(self._refresh)
        themes.changed.connect(self._refresh)
        playback.frame_changed.connect(self.view.set_frame)

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        bar = QHBoxLayout()
        bar.setContentsMargins(4, 2, 4, 2)
        bar.addWidget(self._options_button())
        bar.addWidget(self._views_button())
        bar.addStretch(1)
        bar.addWidget(QLabel(self.tr("Side by side"), self))
        self.separation = QSlider(Qt.Orientation.Horizontal, self)
        self.separation.setRange(0, 20)
        self.separation.setAccessibleName(self.tr("Distance between compared bodies"))
        self.separation.setToolTip(self.tr("Distance between compared bodies, 0 to 2 m"))
        self.separation.setMaximumWidth(self.fontMetrics().averageCharWidth() * 14)
        self.separation.valueChanged.connect(self._refresh)
        bar.addWidget(self.separation)
        layout.addLayout(bar)
        layout.addWidget(self.view, 1)
        layout.addWidget(self.legend)

    def _options_button(self) -> QToolButton:
        titles = {
            "mesh": self.tr("Mesh"),
            "skeleton": self.tr("Skeleton"),
            "ground": self.tr("Ground grid"),
            "axes": self.tr("World axes"),
            "contacts": self.tr("Contacts"),
            "trail": self.tr("Root trail"),
            "ghosts": self.tr("Ghosts"),
            "camera_frustum": self.tr("Camera frustum"),
            "follow_root": self.tr("Follow the root"),
        }
        menu = QMenu(self)
        checked = {key: bool(getattr(self.view.options, key)) for key in titles}
        self._options = add_options(menu, titles, checked, self.tr("Show or hide in the 3D view: {0}"))
        self._options.triggered.connect(self._on_option)
        return menu_button(self, self.tr("Show"), self.tr("Show in the 3D view"), menu)

    def _views_button(self) -> QToolButton:
        self._views_menu = QMenu(self)
        return menu_button(self, self.tr("View"), self.tr("View"), self._views_menu)

    def set_meshes(self, meshes: PosedMeshes) -> None:
        """Show bodies with a cache of posed frames that the camera view shares."""
        self.view.set_meshes(meshes)

    def option_actions(self) -> list[QAction]:
        """The toggles, for menus and the command palette."""
        return self._options.actions()

    def set_view_actions(self, actions: list[QAction]) -> None:
        """Offer these commands in the panel's own menu of views."""
        self._views_menu.addActions(actions)

    @Slot()
    def view_front(self) -> None:
        """Look from the front."""
        self.view.set_view("front")

    @Slot()
    def view_side(self) -> None:
        """Look from the side."""
        self.view.set_view("side")

    @Slot()
    def view_top(self) -> None:
        """Look from above."""
        self.view.set_view("top")

    @Slot()
    def view_camera(self) -> None:
        """Look as the clip's camera does."""
        self.view.set_view("camera")

    @Slot()
    def reset_view(self) -> None:
        """Look so that everything is in sight."""
        self.view.reset_view()

    @Slot(QAction)
    def _on_option(self, action: QAction) -> None:
        self.view.set_options(replace(self.view.options, **{str(action.data()): action.isChecked()}))

    @Slot()
    def _on_opened(self) -> None:
        project = self._document.project
        if project is None or self._document.body is None:
            return
        self.view.set_camera(project.observations.camera)
        self._refresh()
        self.view.set_frame(0)
        self.view.reset_view()

    @Slot()
    def _refresh(self) -> None:
        separation = self.separation.value() * _SEPARATION_STEP_METRES
        tracks = body_tracks(self._document, self._live, self._themes.theme, separation)
        floor = self._document.floor()
        self.view.set_floor(_GROUND if floor is None else floor)
        self.view.set_tracks(tracks)
        self.legend.set_entries([(track.name, track.colour) for track in tracks])
