"""The layout presets of the View menu."""

from __future__ import annotations

from motionfit_app.widgets.workbench import Column, Layout, Row

DEFAULT_LAYOUT = "fit"
_PROJECT = Column((Row((("project",),), (1,), 1),), 15)
_VIEWS = (("camera",), ("scene",))

LAYOUTS: dict[str, Layout] = {
    "inspect": Layout(
        "inspect",
        (
            _PROJECT,
            Column((Row(_VIEWS, (1, 1), 66), Row((("diagnostics",), ("drift",)), (1, 1), 34)), 85),
        ),
        "timeline",
    ),
    "fit": Layout(
        "fit",
        (
            _PROJECT,
            Column((Row(_VIEWS, (1, 1), 56), Row((("losses", "drift", "diagnostics"),), (1,), 44)), 62),
            Column((Row((("stages",),), (1,), 1),), 23),
        ),
        "timeline",
    ),
    "compare": Layout(
        "compare",
        (
            _PROJECT,
            Column((Row((("scene",),), (1,), 1),), 50),
            Column((Row((("drift",),), (1,), 60), Row((("diagnostics",),), (1,), 40)), 35),
        ),
        "timeline",
    ),
}
