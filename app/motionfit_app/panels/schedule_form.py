"""Iterations, windows and other settings of the next run."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QFormLayout, QLabel, QScrollArea, QSpinBox, QWidget

from motionfit.errors import SettingsError
from motionfit.pipeline.settings import FitSettings
from motionfit.pipeline.stages import PHASES, STAGE_TITLES


class ScheduleForm(QScrollArea):
    """Shows and edits how long and on what a fit runs; emits the edited settings."""

    edited = Signal(object, str)
    rejected = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings: FitSettings | None = None
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        inside = QWidget(self)
        self._form = QFormLayout(inside)
        self.iterations: dict[str, QSpinBox] = {}
        for phase in PHASES:
            title = self.tr("{0}: {1}, iterations").format(STAGE_TITLES[phase.stage].split()[0], phase.title)
            self.iterations[phase.key] = self._spin(f"iterations_{phase.key}", title, 0, 9999)
        self.window_frames = self._spin("window", self.tr("Window, frames"), 3, 9999)
        self.overlap = self._spin("overlap", self.tr("Overlap, frames"), 0, 9998)
        self.tolerance = QDoubleSpinBox(inside)
        self.tolerance.setDecimals(6)
        self.tolerance.setRange(1e-6, 0.5)
        self.tolerance.setSingleStep(1e-4)
        self._add("tolerance", self.tr("Tolerance"), self.tolerance)
        self.tolerance.setToolTip(
            self.tr("A phase ends when ten iterations (two of Levenberg-Marquardt) improve the loss by less than this")
        )
        self.tolerance.editingFinished.connect(self._on_edited)
        self.threads = self._spin("threads", self.tr("Threads"), 1, 256)
        self.device = QComboBox(inside)
        self.device.addItems(["auto", "cpu", "cuda"])
        self.device.activated.connect(self._on_edited)
        self._add("device", self.tr("Device"), self.device)
        self.setWidget(inside)

    def _spin(self, name: str, title: str, lowest: int, highest: int) -> QSpinBox:
        box = QSpinBox(self)
        box.setRange(lowest, highest)
        box.setKeyboardTracking(False)
        box.editingFinished.connect(self._on_edited)
        self._add(name, title, box)
        return box

    def _add(self, name: str, title: str, editor: QWidget) -> None:
        editor.setObjectName(name)
        editor.setAccessibleName(title)
        editor.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        label = QLabel(title, self)
        label.setBuddy(editor)
        self._form.addRow(label, editor)

    def refresh(self, settings: FitSettings) -> None:
        """Show the settings."""
        self._settings = None
        for phase in PHASES:
            self.iterations[phase.key].setValue(settings.iterations.get(phase.key, phase.iterations))
        self.window_frames.setValue(settings.window)
        self.overlap.setValue(settings.overlap)
        self.tolerance.setValue(settings.tolerance)
        self.threads.setValue(settings.threads)
        if self.device.findText(settings.device) < 0:
            self.device.addItem(settings.device)
        self.device.setCurrentText(settings.device)
        self._settings = settings

    @Slot()
    def _on_edited(self) -> None:
        before = self._settings
        if before is None:
            return
        iterations = {
            phase.key: self.iterations[phase.key].value()
            for phase in PHASES
            if phase.key in before.iterations or self.iterations[phase.key].value() != phase.iterations
        }
        try:
            after = replace(
                before,
                iterations=iterations,
                window=self.window_frames.value(),
                overlap=self.overlap.value(),
                tolerance=self.tolerance.value(),
                threads=self.threads.value(),
                device=self.device.currentText(),
            )
        except SettingsError as error:
            self.refresh(before)
            self.rejected.emit(str(error))
            return
        if after != before:
            self.edited.emit(after, self.tr("schedule"))
