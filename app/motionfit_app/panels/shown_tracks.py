"""Which bodies the views draw, under which name and in which colour."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QColor

from motionfit.pipeline.stages import STAGE_TITLES
from motionfit_app.services.theme import Theme
from motionfit_app.state.document import TRUTH, Document, ShownKey, stage_order
from motionfit_app.state.live_run import LiveRun
from motionfit_app.viewport.tracks import BodyTrack


def title_of(document: Document, key: ShownKey) -> str:
    """Name of a motion for legends and lists."""
    if key == TRUTH:
        return QCoreApplication.translate("tracks", "True motion")
    run = document.run(key.run)
    name = "" if run is None else run.name
    return f"{name} · {STAGE_TITLES[key.stage]}"


def colour_of(document: Document, theme: Theme, key: ShownKey) -> QColor:
    """A colour per stage; runs other than the current one are darker or paler."""
    colour = theme.colour(key.stage)
    current = document.current_run
    if key == TRUTH or current is None or key.run == current.number:
        return colour
    return colour.darker(165) if theme.name == "dark" else colour.lighter(150)


def shown_keys(document: Document) -> list[ShownKey]:
    """The shown motions, the true one first, then by run and stage."""
    return sorted(document.shown, key=lambda key: (key.run, stage_order(key.stage)))


def body_tracks(document: Document, live: LiveRun, theme: Theme, separation: float) -> list[BodyTrack]:
    """What the views draw; while a fit runs, its current motion instead of finished ones.

    Args:
        document: Holds the motions.
        live: The running fit.
        theme: Gives the colours.
        separation: Metres between neighbours in the 3D view.
    """
    keys = shown_keys(document)
    running: list[BodyTrack] = []
    if live.is_active and live.motion is not None:
        keys = [key for key in keys if key == TRUTH]
        name = QCoreApplication.translate("tracks", "Running fit")
        running = [BodyTrack(name, live.motion, theme.colour("live"))]
    tracks: list[BodyTrack] = []
    for place, key in enumerate(keys):
        motion = document.motion(key)
        if motion is not None:
            offset = separation * (place - (len(keys) - 1) / 2)
            name = title_of(document, key)
            tracks.append(BodyTrack(name, motion, colour_of(document, theme, key), True, offset))
    return tracks + running
