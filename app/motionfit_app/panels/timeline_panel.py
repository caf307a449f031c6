"""The timeline with its transport controls."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSpinBox, QToolButton, QVBoxLayout, QWidget

from motionfit_app.panels.timeline_rows import timeline_content
from motionfit_app.services.theme import ThemeService
from motionfit_app.state.document import Document
from motionfit_app.state.playback import SPEEDS, Playback
from motionfit_app.widgets.timeline import Timeline
from motionfit_app.widgets.timeline_content import TimelineColours


class TimelinePanel(QWidget):
    """Shows where in the clip the views are, and moves them."""

    message = Signal(str)

    def __init__(
        self, document: Document, playback: Playback, themes: ThemeService, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._document, self._playback, self._themes = document, playback, themes
        self.timeline = Timeline(self)
        self.timeline.setObjectName("timeline")
        self._build()
        self.timeline.seek_requested.connect(playback.seek)
        self.timeline.range_requested.connect(self._on_range_requested)
        playback.frame_changed.connect(self._on_frame)
        playback.range_changed.connect(self._on_range_changed)
        playback.settings_changed.connect(self._on_settings)
        document.opened.connect(self._on_opened)
        document.runs_changed.connect(self.refresh)
        document.shown_changed.connect(self.refresh)
        themes.changed.connect(self.refresh)

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 2, 4, 2)
        layout.setSpacing(2)
        self._bar = QHBoxLayout()
        self._buttons = QHBoxLayout()
        self._buttons.setSpacing(0)
        self._bar.addLayout(self._buttons)
        self.frame_box = QSpinBox(self)
        self.frame_box.setAccessibleName(self.tr("Frame"))
        self.frame_box.setToolTip(self.tr("Frame at the playhead"))
        self.frame_box.setKeyboardTracking(False)
        self.frame_box.valueChanged.connect(self._playback.seek)
        self._bar.addWidget(self.frame_box)
        self.time = QLabel(self)
        self._bar.addWidget(self.time)
        self._bar.addStretch(1)
        self.range_label = QLabel(self)
        self._bar.addWidget(self.range_label)
        self._bar.addWidget(QLabel(self.tr("Speed"), self))
        self.speed = QComboBox(self)
        self.speed.setAccessibleName(self.tr("Playing speed"))
        for speed in SPEEDS:
            self.speed.addItem(f"{speed:g}×", speed)
        self.speed.setCurrentIndex(SPEEDS.index(1.0))
        self.speed.currentIndexChanged.connect(self._on_speed_chosen)
        self.speed.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._bar.addWidget(self.speed)
        layout.addLayout(self._bar)
        layout.addWidget(self.timeline, 1)

    def set_transport_actions(self, actions: list[QAction]) -> None:
        """Show these commands as buttons."""
        for action in actions:
            button = QToolButton(self)
            button.setDefaultAction(action)
            button.setAutoRaise(True)
            button.setObjectName(f"button_{action.objectName()}")
            button.setAccessibleName(action.text())
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            self._buttons.addWidget(button)

    @Slot()
    def refresh(self) -> None:
        """Show the rows of what is open and shown."""
        colour = self._themes.theme.colour
        self.timeline.set_colours(
            TimelineColours(
                base=colour("base"),
                edge=colour("edge"),
                text=colour("text"),
                faint=colour("faint"),
                playhead=colour("playhead"),
                range=colour("range"),
                window=colour("window_band"),
            )
        )
        self.timeline.set_content(timeline_content(self._document, self._themes.theme))

    @Slot()
    def _on_opened(self) -> None:
        project = self._document.project
        if project is not None:
            self.frame_box.setRange(0, project.observations.frames - 1)
            self.refresh()
            self.timeline.show_all()
            self._on_frame(self._playback.frame)

    @Slot(int)
    def _on_frame(self, frame: int) -> None:
        self.timeline.set_frame(frame)
        self.frame_box.blockSignals(True)
        self.frame_box.setValue(frame)
        self.frame_box.blockSignals(False)
        playback = self._playback
        seconds, whole = frame / playback.fps, playback.frames / playback.fps
        self.time.setText(self.tr("of {0}   {1:.2f} / {2:.2f} s").format(max(playback.frames - 1, 0), seconds, whole))

    @Slot(int, int)
    def _on_range_requested(self, first: int, last: int) -> None:
        self._playback.set_range((first, last))

    @Slot()
    def _on_range_changed(self) -> None:
        selected = self._playback.selected_range
        self.timeline.set_range(selected)
        if selected is None:
            self.range_label.clear()
        else:
            first, last = selected
            self.range_label.setText(self.tr("Range {0}–{1} ({2} frames)").format(first, last, last - first + 1))

    @Slot(int)
    def _on_speed_chosen(self, place: int) -> None:
        self._playback.set_speed(SPEEDS[place])

    @Slot()
    def _on_settings(self) -> None:
        nearest = min(range(len(SPEEDS)), key=lambda place: abs(SPEEDS[place] - self._playback.speed))
        self.speed.setCurrentIndex(nearest)
