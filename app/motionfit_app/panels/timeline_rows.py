"""The rows of the timeline, made from the observations and from the results that are shown."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QCoreApplication

from motionfit.motion import Observations
from motionfit_app.panels.frame_errors import observed_error
from motionfit_app.services.theme import Theme
from motionfit_app.state.document import Document
from motionfit_app.widgets.timeline_content import Strip, TimelineContent

_CONTACT_ROWS: tuple[tuple[str, tuple[int, ...]], ...] = (
    ("Contact L foot", (7, 10)),
    ("Contact R foot", (8, 11)),
    ("Contact hands", (20, 21)),
    ("Contact knees, seat", (0, 4, 5)),
)
_WORST_QUANTILE = 0.98


def timeline_content(document: Document, theme: Theme) -> TimelineContent:
    """All rows for what is open."""
    project = document.project
    if project is None:
        return TimelineContent()
    observations = project.observations
    strips = [_missing(observations, theme), *_contacts(document, theme)]
    error = _error(document, theme)
    if error is not None:
        strips.append(error)
    run = document.current_run
    return TimelineContent(
        frames=observations.frames,
        fps=observations.fps,
        strips=tuple(strips),
        windows=() if run is None else tuple(run.result.windows),
        windows_title=_tr("Windows") if run is not None and run.result.windows else "",
    )


def _tr(text: str) -> str:
    return QCoreApplication.translate("timeline", text)


def missing_share(observations: Observations) -> np.ndarray:
    """Share of the points that were not observed, per frame."""
    if observations.joints3d_mask is not None:
        seen = observations.joints3d_mask.float().mean(1)
    elif observations.keypoints3d_mask is not None:
        seen = observations.keypoints3d_mask.float().mean(1)
    elif observations.keypoints2d is not None:
        seen = (observations.keypoints2d[..., 2] > 0).float().mean(1)
    else:
        return np.zeros(observations.frames)
    return np.asarray(1.0 - seen.cpu().numpy())


def _missing(observations: Observations, theme: Theme) -> Strip:
    return Strip(
        _tr("Missing data"),
        missing_share(observations),
        theme.colour("missing"),
        _tr("Share of the points that were not observed (full colour: no detection)"),
    )


def _contacts(document: Document, theme: Theme) -> list[Strip]:
    run = document.current_run
    contacts = None if run is None or not run.result.stages else run.result.final.motion.contacts
    if contacts is None:
        return []
    values = contacts.detach().cpu().numpy()
    tip = _tr("Probability of contact with the ground")
    return [
        Strip(_tr(title), values[:, list(joints)].max(1), theme.colour("contact"), tip)
        for title, joints in _CONTACT_ROWS
        if values[:, list(joints)].max() > 0.3
    ]


def _error(document: Document, theme: Theme) -> Strip | None:
    error = observed_error(document)
    if error is None:
        return None
    top = float(np.nanquantile(error.values, _WORST_QUANTILE)) if np.isfinite(error.values).any() else 0.0
    values = np.nan_to_num(error.values) / max(top, 1e-9)
    tip = _tr("{0}; full colour: {1:.2g} {2} or more").format(error.title, top, error.unit)
    return Strip(_tr("Fit error"), values, theme.colour("bad"), tip)
