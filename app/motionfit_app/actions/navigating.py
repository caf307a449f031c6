"""The commands about the playhead."""

from __future__ import annotations

from PySide6.QtCore import QObject, Slot

from motionfit_app.state.playback import SPEEDS, Playback

_LEAP = 10


class Navigating(QObject):
    """Moves the playhead and its speed by fixed steps."""

    def __init__(self, playback: Playback, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._playback = playback

    @Slot()
    def first(self) -> None:
        """Go to the first frame."""
        self._playback.step(-self._playback.frames)

    @Slot()
    def last(self) -> None:
        """Go to the last frame."""
        self._playback.step(self._playback.frames)

    @Slot()
    def back(self) -> None:
        """Go back one frame."""
        self._playback.step(-1)

    @Slot()
    def forward(self) -> None:
        """Go forward one frame."""
        self._playback.step(1)

    @Slot()
    def back_ten(self) -> None:
        """Go back ten frames."""
        self._playback.step(-_LEAP)

    @Slot()
    def forward_ten(self) -> None:
        """Go forward ten frames."""
        self._playback.step(_LEAP)

    @Slot()
    def clear_range(self) -> None:
        """Select nothing."""
        self._playback.set_range(None)

    @Slot()
    def slower(self) -> None:
        """Take the next lower speed."""
        lower = [speed for speed in SPEEDS if speed < self._playback.speed]
        self._playback.set_speed(lower[-1] if lower else SPEEDS[0])

    @Slot()
    def faster(self) -> None:
        """Take the next higher speed."""
        higher = [speed for speed in SPEEDS if speed > self._playback.speed]
        self._playback.set_speed(higher[0] if higher else SPEEDS[-1])
