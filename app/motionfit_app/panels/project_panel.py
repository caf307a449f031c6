"""The clip, its runs and their stages; ticks choose what the views show."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QHeaderView,
    QLabel,
    QSizePolicy,
    QToolButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from motionfit.files.project import Project, ProjectRun
from motionfit.pipeline.stages import STAGE_TITLES
from motionfit_app.panels.shown_tracks import colour_of
from motionfit_app.services.icons import swatch
from motionfit_app.services.theme import ThemeService
from motionfit_app.state.document import TRUTH, Document, ShownKey

_KEY = Qt.ItemDataRole.UserRole


class ProjectPanel(QWidget):
    """A tree of what is in the project."""

    message = Signal(str)

    def __init__(self, document: Document, themes: ThemeService, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document, self._themes = document, themes
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        self.clip = QLabel(self)
        self.clip.setWordWrap(True)
        self.clip.setAccessibleName(self.tr("Clip"))
        layout.addWidget(self.clip)
        self.warnings = QLabel(self)
        self.warnings.setWordWrap(True)
        self.warnings.setProperty("role", "bad")
        layout.addWidget(self.warnings)
        self.tree = QTreeWidget(self)
        self.tree.setObjectName("runs")
        self.tree.setAccessibleName(self.tr("Runs and stages; tick what the views show"))
        self.tree.setHeaderLabels([self.tr("Shown motions"), self.tr("Time")])
        self.tree.setIndentation(self.fontMetrics().averageCharWidth() * 2)
        longest = max(self.fontMetrics().horizontalAdvance(title) for title in STAGE_TITLES.values())
        self.tree.setMinimumWidth(longest + self.fontMetrics().averageCharWidth() * 24)
        self.tree.header().setStretchLastSection(False)
        self.tree.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.tree.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.tree.itemChanged.connect(self._on_ticked)
        self.tree.currentItemChanged.connect(self._on_current)
        layout.addWidget(self.tree, 1)
        self._bar = QVBoxLayout()
        layout.addLayout(self._bar)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.refresh)
        for signal in (document.opened, document.runs_changed, document.shown_changed, themes.changed):
            signal.connect(self._refresh_soon)
        self.refresh()

    def set_actions(self, actions: list[QAction]) -> None:
        """Offer commands as buttons under the tree."""
        for action in actions:
            button = QToolButton(self)
            button.setDefaultAction(action)
            button.setAccessibleName(action.text())
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            self._bar.addWidget(button)

    @Slot()
    def _refresh_soon(self) -> None:
        """Not at once: the tree itself may be the sender, and its items must outlive their own signals."""
        self._timer.start(0)

    @Slot()
    def refresh(self) -> None:
        """Show the project."""
        project = self._document.project
        self.tree.blockSignals(True)
        self.tree.clear()
        if project is not None:
            self.clip.setText(self._describe(project))
            self.warnings.setText("\n".join(project.warnings))
            if project.truth is not None:
                self._add_truth()
            for run in project.runs:
                self._add_run(run)
        self.warnings.setVisible(bool(self.warnings.text()))
        self.tree.blockSignals(False)

    def _describe(self, project: Project) -> str:
        kinds = {
            "joints3d": self.tr("3D joints"),
            "keypoints3d": self.tr("3D surface keypoints"),
            "points3d": self.tr("surface points"),
            "keypoints2d": self.tr("2D keypoints"),
        }
        observations = project.observations
        kind = kinds.get(observations.kind, observations.kind)
        facts = self.tr("{0} frames, {1:g} fps, {2:.1f} s").format(
            observations.frames, observations.fps, observations.frames / observations.fps
        )
        return f"<b>{project.name}</b><br>{kind}<br>{facts}"

    def _add_truth(self) -> None:
        item = QTreeWidgetItem([self.tr("True motion"), ""])
        self._prepare(item, TRUTH)
        self.tree.addTopLevelItem(item)

    def _add_run(self, run: ProjectRun) -> None:
        result = run.result
        seconds = sum(stage.seconds for stage in result.stages.values())
        name = self.tr("{0} (stopped)").format(run.name) if result.cancelled else run.name
        parent = QTreeWidgetItem([name, f"{seconds:.1f} s"])
        parent.setData(0, _KEY, run.number)
        parent.setToolTip(0, "\n".join((run.created, *result.warnings)))
        self.tree.addTopLevelItem(parent)
        current = self._document.current_run
        if current is not None and current.number == run.number:
            font = self.tree.font()
            font.setBold(True)
            parent.setFont(0, font)
        for key, stage in result.stages.items():
            item = QTreeWidgetItem([STAGE_TITLES[key], f"{stage.seconds:.1f} s"])
            item.setToolTip(0, stage.status)
            self._prepare(item, ShownKey(run.number, key))
            parent.addChild(item)
        parent.setExpanded(True)

    def _prepare(self, item: QTreeWidgetItem, key: ShownKey) -> None:
        item.setData(0, _KEY, key)
        item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
        is_shown = key in self._document.shown
        item.setCheckState(0, Qt.CheckState.Checked if is_shown else Qt.CheckState.Unchecked)
        item.setIcon(0, swatch(colour_of(self._document, self._themes.theme, key)))

    def item_of(self, key: ShownKey) -> QTreeWidgetItem | None:
        """The row of a motion."""
        for place in range(self.tree.topLevelItemCount()):
            top = self.tree.topLevelItem(place)
            if top is None:
                continue
            for item in (top, *(top.child(row) for row in range(top.childCount()))):
                if item is not None and item.data(0, _KEY) == key:
                    return item
        return None

    @Slot(QTreeWidgetItem, int)
    def _on_ticked(self, item: QTreeWidgetItem, _column: int) -> None:
        key = item.data(0, _KEY)
        if isinstance(key, ShownKey):
            is_shown = item.checkState(0) == Qt.CheckState.Checked
            shown = self._document.shown
            self._document.show(shown | {key} if is_shown else shown - {key})

    @Slot(QTreeWidgetItem, QTreeWidgetItem)
    def _on_current(self, item: QTreeWidgetItem | None, _before: QTreeWidgetItem | None) -> None:
        key = None if item is None else item.data(0, _KEY)
        number = key.run if isinstance(key, ShownKey) else key
        if isinstance(number, int) and number > 0:
            self._document.select_run(number)
