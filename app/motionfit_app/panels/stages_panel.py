"""Stages and variables: run, re-run, freeze, weigh, schedule."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QTabWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from motionfit.pipeline.settings import FitSettings, load_preset, preset_names
from motionfit_app.panels.freeze_matrix import FreezeMatrix
from motionfit_app.panels.schedule_form import ScheduleForm
from motionfit_app.panels.stage_rows import StageRows
from motionfit_app.panels.weights_table import WeightsTable
from motionfit_app.services.icons import icon
from motionfit_app.services.theme import ThemeService
from motionfit_app.state.document import Document
from motionfit_app.state.live_run import LiveRun
from motionfit_app.state.undo import edit_settings


class StagesPanel(QWidget):
    """All settings of the next run and the state of the current one."""

    run_from_requested = Signal(str)
    message = Signal(str)

    def __init__(self, document: Document, live: LiveRun, themes: ThemeService, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document, self._live, self._themes = document, live, themes
        self.rows = StageRows(document, live, self)
        self.freezes = FreezeMatrix(self)
        self.weights = WeightsTable(self)
        self.schedule = ScheduleForm(self)
        self._build()
        for editor in (self.freezes, self.weights, self.schedule):
            editor.edited.connect(self._on_edited)
        for source in (self.weights, self.schedule):
            source.rejected.connect(self.message)
        self.rows.run_from_requested.connect(self.run_from_requested)
        document.settings_changed.connect(self._on_settings_changed)
        document.runs_changed.connect(self._refresh)
        for signal in (live.started, live.changed, live.ended):
            signal.connect(self._refresh)
        themes.changed.connect(self._on_theme_changed)
        self._on_theme_changed()
        self._refresh()

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 0)
        self._top = QHBoxLayout()
        self.preset = QComboBox(self)
        self.preset.setObjectName("preset")
        self.preset.setAccessibleName(self.tr("Preset"))
        self.preset.setToolTip(self.tr("Weights and schedule to start from"))
        self.preset.addItems(preset_names())
        self.preset.activated.connect(self._on_preset_chosen)
        self.preset.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._top.addWidget(QLabel(self.tr("Preset"), self))
        self._top.addWidget(self.preset, 1)
        layout.addLayout(self._top)
        self.progress = QProgressBar(self)
        self.progress.setAccessibleName(self.tr("Progress of the run"))
        self.progress.setRange(0, 1000)
        layout.addWidget(self.progress)
        layout.addWidget(self.rows)
        self.tabs = QTabWidget(self)
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(self.freezes, self.tr("Freeze"))
        self.tabs.addTab(self.weights, self.tr("Weights"))
        self.tabs.addTab(self.schedule, self.tr("Schedule"))
        layout.addWidget(self.tabs, 1)

    def set_run_actions(self, actions: list[QAction]) -> None:
        """Show these commands as buttons beside the preset."""
        for action in actions:
            button = QToolButton(self)
            button.setDefaultAction(action)
            button.setObjectName(f"button_{action.objectName()}")
            button.setAccessibleName(action.text())
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            self._top.addWidget(button)

    @Slot(object, str)
    def _on_edited(self, settings: FitSettings, text: str) -> None:
        edit_settings(self._document, settings, text)

    @Slot(int)
    def _on_preset_chosen(self, _place: int) -> None:
        project = self._document.project
        name = self.preset.currentText()
        if project is not None:
            kept = project.settings
            settings = replace(load_preset(name), device=kept.device, threads=kept.threads, freezes=kept.freezes)
            edit_settings(self._document, settings, self.tr("preset {0}").format(name))

    @Slot()
    def _on_settings_changed(self) -> None:
        project, preset = self._document.project, self._document.preset_settings()
        if project is None or preset is None:
            return
        self.preset.setCurrentText(project.settings.preset)
        self.freezes.refresh(project.settings)
        self.weights.refresh(project.settings, preset, project.observations.kind)
        self.schedule.refresh(project.settings)

    @Slot()
    def _on_theme_changed(self) -> None:
        theme = self._themes.theme
        self.rows.set_icon(icon("rerun", theme.colour("text"), theme.colour("faint")))
        self.weights.set_changed_colour(theme.colour("warning"))
        self._on_settings_changed()

    @Slot()
    def _refresh(self) -> None:
        self.rows.refresh()
        is_editable = self._document.project is not None
        self.tabs.setEnabled(is_editable)
        self.preset.setEnabled(is_editable)
        # setValue paints at once, and with it the whole window; enabling updates again only asks for it.
        self.progress.setUpdatesEnabled(False)
        self._refresh_progress()
        self.progress.setUpdatesEnabled(True)

    def _refresh_progress(self) -> None:
        progress = self._live.progress
        if self._live.is_active and progress is not None:
            self.progress.setValue(round(progress.fraction * 1000))
            self.progress.setFormat(self.tr("stopping…") if self._live.is_stopping else "%p %")
        else:
            self.progress.setValue(0)
            self.progress.setFormat(self.tr("starting…") if self._live.is_active else self.tr("no run in progress"))
