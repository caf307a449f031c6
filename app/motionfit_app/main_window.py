"""The window: docks, menus, toolbar, status line, and which command does what."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEvent, Qt, QTimer, Slot
from PySide6.QtGui import QAction, QCloseEvent, QDragEnterEvent, QDropEvent, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QApplication,
    QMainWindow,
    QStackedWidget,
    QToolBar,
    QWidget,
)

from motionfit_app.actions.exporting import Exporting
from motionfit_app.actions.fitting import Fitting
from motionfit_app.actions.navigating import Navigating
from motionfit_app.actions.opening import Opening
from motionfit_app.actions.registry import Actions
from motionfit_app.actions.reporting import Reporting
from motionfit_app.jobs.runner import JobRunner
from motionfit_app.panels.camera_panel import CameraPanel
from motionfit_app.panels.command_palette import CommandPalette
from motionfit_app.panels.diagnostics_panel import DiagnosticsPanel
from motionfit_app.panels.drift_panel import DriftPanel
from motionfit_app.panels.layouts import DEFAULT_LAYOUT, LAYOUTS
from motionfit_app.panels.losses_panel import LossesPanel
from motionfit_app.panels.menus import RecentMenu, ThemeMenu
from motionfit_app.panels.project_panel import ProjectPanel
from motionfit_app.panels.scene_panel import ScenePanel
from motionfit_app.panels.shortcuts_dialog import ShortcutsDialog
from motionfit_app.panels.stages_panel import StagesPanel
from motionfit_app.panels.start_page import StartPage
from motionfit_app.panels.status_line import StatusLine
from motionfit_app.panels.timeline_panel import TimelinePanel
from motionfit_app.services.crash_log import CrashLog
from motionfit_app.services.preferences import Preferences
from motionfit_app.services.theme import ThemeService
from motionfit_app.state.document import Document
from motionfit_app.state.live_run import LiveRun
from motionfit_app.state.playback import Playback
from motionfit_app.viewport.posed_meshes import PosedMeshes
from motionfit_app.widgets.key_guard import is_for_control
from motionfit_app.widgets.workbench import Workbench


class MainWindow(QMainWindow):
    """The one window of the application."""

    def __init__(self, runner: JobRunner, preferences: Preferences, themes: ThemeService, crash_log: CrashLog) -> None:
        super().__init__()
        self.setObjectName("main_window")
        self.setAcceptDrops(True)
        self._runner, self._preferences, self._themes = runner, preferences, themes
        self._is_closing = False
        self._layout = LAYOUTS[DEFAULT_LAYOUT]
        self._is_arranged = False
        self._meshes: PosedMeshes | None = None
        self.document = Document(self)
        self.playback = Playback(self)
        self.live = LiveRun(self)
        self.document.opened.connect(self._on_opened)
        self.actions_table = Actions(self)
        self._build_panels()
        self._build_bars()
        self.fitting = Fitting(self.document, self.live, runner, self)
        self.opening = Opening(self.document, self.playback, runner, preferences, self)
        self.exporting = Exporting(self.document, runner, preferences, self)
        self.navigating = Navigating(self.playback, self)
        self.reporting = Reporting(crash_log, self)
        self._bind()
        self._listen()
        self._on_theme_changed()
        self._refresh_title()
        self._refresh_actions()
        self._restore_geometry()

    def _build_panels(self) -> None:
        document, playback, live, themes = self.document, self.playback, self.live, self._themes
        self.project_panel = ProjectPanel(document, themes, self)
        self.camera_panel = CameraPanel(document, playback, live, themes, self)
        self.scene_panel = ScenePanel(document, playback, live, themes, self)
        self.stages_panel = StagesPanel(document, live, themes, self)
        self.losses_panel = LossesPanel(document, live, themes, self)
        self.drift_panel = DriftPanel(document, playback, themes, self)
        self.diagnostics_panel = DiagnosticsPanel(document, playback, themes, self)
        self.timeline_panel = TimelinePanel(document, playback, themes, self)
        self.start_page = StartPage(self._preferences, self)
        self.workbench = Workbench(self)
        docks: tuple[tuple[str, str, QWidget], ...] = (
            ("project", self.tr("Project"), self.project_panel),
            ("camera", self.tr("Camera view"), self.camera_panel),
            ("scene", self.tr("3D view"), self.scene_panel),
            ("stages", self.tr("Stages && variables"), self.stages_panel),
            ("losses", self.tr("Losses"), self.losses_panel),
            ("drift", self.tr("Drift"), self.drift_panel),
            ("diagnostics", self.tr("Per-frame plots"), self.diagnostics_panel),
            ("timeline", self.tr("Timeline"), self.timeline_panel),
        )
        for key, title, panel in docks:
            self.workbench.add_dock(key, title, panel)
        self.pages = QStackedWidget(self)
        self.pages.addWidget(self.start_page)
        self.pages.addWidget(self.workbench)
        self.setCentralWidget(self.pages)

    def _build_bars(self) -> None:
        actions = self.actions_table
        actions.fill_menus()
        self.toolbar = QToolBar(self.tr("Toolbar"), self)
        self.toolbar.setObjectName("toolbar")
        self.toolbar.setMovable(False)
        actions.fill_toolbar(self.toolbar)
        undo = self.document.undo_stack.createUndoAction(self, self.tr("Undo"))
        redo = self.document.undo_stack.createRedoAction(self, self.tr("Redo"))
        undo.setShortcut("Ctrl+Z")
        redo.setShortcuts([QKeySequence("Ctrl+Shift+Z"), QKeySequence("Ctrl+Y")])
        self._undo_actions = [undo, redo]
        actions.menus["edit"].addActions(self._undo_actions)
        self.toolbar.insertActions(actions["compare_drift"], self._undo_actions)
        self.addToolBar(self.toolbar)
        self._build_view_menu()
        self.status_line = StatusLine(self.document, self.live, self)
        self.setStatusBar(self.status_line)
        self.start_page.set_actions(actions.several("open", "open_folder", "demo"))
        self.timeline_panel.set_transport_actions(actions.several("first", "back", "play", "forward", "last", "loop"))
        self.stages_panel.set_run_actions(actions.several("run", "stop"))
        self.scene_panel.set_view_actions(
            actions.several("view_front", "view_side", "view_top", "view_camera", "view_reset")
        )
        self.drift_panel.set_action(actions["compare_drift"])
        self.project_panel.set_actions(actions.several("show_result", "compare_drift"))

    def _build_view_menu(self) -> None:
        menu = self.actions_table.menus["view"]
        menu.addSeparator()
        panels = menu.addMenu(self.tr("&Panels"))
        for dock in self.workbench.docks.values():
            panels.addAction(dock.toggleViewAction())
        for title, actions in (
            (self.tr("Show in the &3D view"), self.scene_panel.option_actions()),
            (self.tr("Show in the camera vie&w"), self.camera_panel.option_actions()),
        ):
            menu.addMenu(title).addActions(actions)
        self.theme_menu = ThemeMenu(self._preferences, self._themes, self)
        menu.addMenu(self.theme_menu)
        self.recent_menu = RecentMenu(self._preferences, self)
        self.actions_table.menus["file"].insertMenu(self.actions_table["save"], self.recent_menu)

    def _bind(self) -> None:
        playback, scene, move = self.playback, self.scene_panel, self.navigating
        slots: dict[str, Callable[..., object]] = {
            "open": self.opening.ask_open,
            "open_folder": self.opening.ask_open_folder,
            "demo": self.opening.open_demo,
            "save": self.opening.save,
            "save_as": self.opening.save_as,
            "export": self.exporting.ask_export,
            "close_window": self.close,
            "run": self.fitting.run_all,
            "stop": self.fitting.stop,
            "run_stage1": self.fitting.run_all,
            "run_stage2": self.fitting.run_from_second,
            "run_stage3": self.fitting.run_from_third,
            "compare_drift": self._on_compare_drift,
            "show_result": self.document.show_last_stage,
            "play": playback.toggle,
            "first": move.first,
            "back": move.back,
            "forward": move.forward,
            "last": move.last,
            "back_ten": move.back_ten,
            "forward_ten": move.forward_ten,
            "range_start": playback.set_range_start,
            "range_end": playback.set_range_end,
            "range_clear": move.clear_range,
            "loop": playback.set_loop,
            "slower": move.slower,
            "faster": move.faster,
            "zoom_all": self.timeline_panel.timeline.show_all,
            "view_front": scene.view_front,
            "view_side": scene.view_side,
            "view_top": scene.view_top,
            "view_camera": scene.view_camera,
            "view_reset": scene.reset_view,
            "layout_inspect": self._on_layout_inspect,
            "layout_fit": self._on_layout_fit,
            "layout_compare": self._on_layout_compare,
            "palette": self._on_palette,
            "shortcuts": self._on_shortcuts,
            "open_log": self.reporting.show_log,
            "about": self.reporting.show_about,
        }
        for key, slot in slots.items():
            self.actions_table.bind(key, slot)

    def _listen(self) -> None:
        self.playback.playing_changed.connect(self._on_playing_changed)
        self.playback.settings_changed.connect(self._on_playback_settings)
        self.document.saved_changed.connect(self._refresh_title)
        self.stages_panel.run_from_requested.connect(self.fitting.run_from)
        self.drift_panel.frame_chosen.connect(self.playback.seek)
        self.diagnostics_panel.frame_chosen.connect(self.playback.seek)
        self.start_page.recent_chosen.connect(self.opening.open_path)
        for working in (self.opening, self.exporting):
            working.busy_changed.connect(self._on_busy)
        for source in (self.fitting, self.opening, self.exporting, self.stages_panel):
            source.message.connect(self._on_message)
        for failing in (self.fitting.failed, self.opening.failed, self.exporting.failed):
            failing.connect(self.reporting.show_error)
        self.camera_panel.video_failed.connect(self._on_message)
        self.scene_panel.gl_failed.connect(self._on_message)
        for signal in (self.live.started, self.live.ended, self.live.changed, self.document.runs_changed):
            signal.connect(self._refresh_actions)
        self.live.ended.connect(self._on_run_ended)
        self._themes.changed.connect(self._on_theme_changed)
        self.recent_menu.chosen.connect(self.opening.open_path)

    # What the document and the run say

    @Slot()
    def _on_opened(self) -> None:
        """Comes before the panels hear of it: they find the playhead at the start."""
        project, body = self.document.project, self.document.body
        if project is None or body is None:
            return
        if self._meshes is None or self._meshes.body.content_hash != body.content_hash:
            self._meshes = PosedMeshes(body)
            self.camera_panel.set_meshes(self._meshes)
            self.scene_panel.set_meshes(self._meshes)
        self.playback.reset(project.observations.frames, project.observations.fps)
        if self.pages.currentWidget() is not self.workbench:
            self._arrange_first_time()
            self.pages.setCurrentWidget(self.workbench)

    @Slot()
    def _refresh_title(self) -> None:
        project = self.document.project
        name = "" if project is None else f"{project.name}[*] – "
        self.setWindowTitle(f"{name}MotionFit")
        self.setWindowModified(self.document.is_unsaved)
        self.actions_table.set_available(project is not None)
        self._refresh_actions()

    @Slot()
    def _refresh_actions(self) -> None:
        actions, run, is_running = self.actions_table, self.document.current_run, self.live.is_active
        is_ready = self.document.project is not None and not is_running
        stages = () if run is None else tuple(run.result.stages)
        actions["run"].setEnabled(is_ready)
        actions["run_stage1"].setEnabled(is_ready)
        actions["run_stage2"].setEnabled(is_ready and "stage1" in stages)
        actions["run_stage3"].setEnabled(is_ready and "stage2" in stages)
        actions["stop"].setEnabled(is_running and not self.live.is_stopping)
        actions["compare_drift"].setEnabled("stage3_init" in stages)
        for key in ("show_result", "export"):
            actions[key].setEnabled(bool(stages))

    @Slot(str)
    def _on_busy(self, text: str) -> None:
        self.start_page.set_busy(text)
        self.status_line.showMessage(text)
        if text:
            QApplication.setOverrideCursor(Qt.CursorShape.BusyCursor)
        elif QApplication.overrideCursor() is not None:
            QApplication.restoreOverrideCursor()

    @Slot(str)
    def _on_message(self, text: str) -> None:
        self.status_line.showMessage(text)

    # Commands

    @Slot()
    def _on_compare_drift(self) -> None:
        if self.document.show_drift():
            for key in ("scene", "drift"):
                self.workbench.docks[key].show()
                self.workbench.docks[key].raise_()

    @Slot(bool)
    def _on_playing_changed(self, is_playing: bool) -> None:
        action = self.actions_table["play"]
        action.setChecked(is_playing)
        self._refresh_play_icon()

    @Slot()
    def _on_playback_settings(self) -> None:
        self.actions_table["loop"].setChecked(self.playback.loops)

    @Slot()
    def _on_layout_inspect(self) -> None:
        self._arrange("inspect")

    @Slot()
    def _on_layout_fit(self) -> None:
        self._arrange("fit")

    @Slot()
    def _on_layout_compare(self) -> None:
        self._arrange("compare")

    @Slot()
    def _on_palette(self) -> None:
        toggles = [*self.scene_panel.option_actions(), *self.camera_panel.option_actions()]
        CommandPalette([*self._all_actions(), *toggles], self).open()

    @Slot()
    def _on_shortcuts(self) -> None:
        ShortcutsDialog(self._all_actions(), self).open()

    def _all_actions(self) -> list[QAction]:
        return [*self.actions_table.all(), *self._undo_actions]

    # Looks

    @Slot()
    def _on_theme_changed(self) -> None:
        self.actions_table.use_theme(self._themes.theme)
        for action, name in zip(self._undo_actions, ("undo", "redo"), strict=True):
            action.setIcon(self._themes.icon(name))
        self._refresh_play_icon()

    def _refresh_play_icon(self) -> None:
        self.actions_table["play"].setIcon(self._themes.icon("pause" if self.playback.is_playing else "play"))

    def _arrange(self, name: str) -> None:
        self._layout = LAYOUTS[name]
        self.workbench.arrange(self._layout)

    def _arrange_first_time(self) -> None:
        """As it was left, else by the default preset; the docks need the size of the window for it."""
        if self._is_arranged:
            return
        self._is_arranged = True
        self.workbench.resize(self.pages.size())
        if not self.workbench.restore(self._preferences.layout()[1]):
            self._arrange(DEFAULT_LAYOUT)

    def _restore_geometry(self) -> None:
        geometry = self._preferences.layout()[0]
        if geometry.isEmpty() or not self.restoreGeometry(geometry):
            available = self.screen().availableGeometry()
            self.resize(min(available.width(), 1680), min(available.height(), 1050))

    # Events of the window

    def event(self, event: QEvent) -> bool:
        """Leave keys to the control that has the keyboard before they are taken as shortcuts."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and is_for_control(event):
            event.accept()
            return True
        return super().event(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files and folders."""
        if event.mimeData().hasUrls() and all(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open the first of what was dropped."""
        event.acceptProposedAction()
        self.opening.open_path(Path(event.mimeData().urls()[0].toLocalFile()))

    def closeEvent(self, event: QCloseEvent) -> None:
        """Stop a running fit first, then ask about unsaved work."""
        if self.live.is_active:
            self._is_closing = True
            self.status_line.showMessage(self.tr("Stopping the run before closing…"))
            self.fitting.stop()
            event.ignore()
            return
        self._is_closing = False
        if not self.opening.may_close():
            event.ignore()
            return
        self.playback.pause()
        docks = self.workbench.save() if self._is_arranged else self._preferences.layout()[1]
        self._preferences.set_layout(self.saveGeometry(), docks)
        self.camera_panel.close_video()
        self._runner.shut_down()
        event.accept()

    @Slot()
    def _on_run_ended(self) -> None:
        if self._is_closing:
            # Queued, so that the result is in the document before the window asks about it.
            QTimer.singleShot(0, self.close)
