"""The playhead: which frame is shown, and how it moves while playing.

While playing, the frame follows the elapsed time, so a slow view drops frames and never slows the motion.
"""

from __future__ import annotations

from PySide6.QtCore import QElapsedTimer, QObject, Qt, QTimer, Signal, Slot

SPEEDS: tuple[float, ...] = (0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 4.0)
_TICK_MILLISECONDS = 15


class Playback(QObject):
    """The playhead of the clip, with a range, a loop and a speed."""

    frame_changed = Signal(int)
    playing_changed = Signal(bool)
    range_changed = Signal()
    settings_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._frames = 0
        self._fps = 30.0
        self._frame = 0
        self._range: tuple[int, int] | None = None
        self._loop = False
        self._speed = 1.0
        self._began_at = 0
        self._clock = QElapsedTimer()
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(_TICK_MILLISECONDS)
        self._timer.timeout.connect(self._advance)

    @property
    def frame(self) -> int:
        """The shown frame."""
        return self._frame

    @property
    def frames(self) -> int:
        """Frames of the clip; 0 where nothing is open."""
        return self._frames

    @property
    def fps(self) -> float:
        """Frames per second of the clip."""
        return self._fps

    @property
    def is_playing(self) -> bool:
        """Whether the playhead moves by itself."""
        return self._timer.isActive()

    @property
    def loops(self) -> bool:
        """Whether playing starts over at the end."""
        return self._loop

    @property
    def speed(self) -> float:
        """Playing speed; 1 = as it was."""
        return self._speed

    @property
    def selected_range(self) -> tuple[int, int] | None:
        """First and last selected frame."""
        return self._range

    def reset(self, frames: int, fps: float) -> None:
        """Begin at the start of another clip."""
        self.pause()
        self._frames, self._fps = frames, fps
        self._frame, self._range = 0, None
        self.range_changed.emit()
        self.frame_changed.emit(0)

    @Slot(int)
    def seek(self, frame: int) -> None:
        """Go to a frame (the nearest there is); while playing, playing goes on from there."""
        frame = max(0, min(frame, self._frames - 1))
        self._began_at = frame
        self._clock.restart()
        self._set_frame(frame)

    def step(self, frames: int) -> None:
        """Pause and move by some frames."""
        self.pause()
        self.seek(self._frame + frames)

    @Slot()
    def toggle(self) -> None:
        """Play or pause."""
        if self.is_playing:
            self.pause()
        else:
            self.play()

    def play(self) -> None:
        """Move from here on; from the start where this is the end."""
        if self._frames < 2:
            return
        first, last = self._span()
        self.seek(first if not first <= self._frame < last else self._frame)
        self._timer.start()
        self.playing_changed.emit(True)

    def pause(self) -> None:
        """Stay at the shown frame."""
        if self.is_playing:
            self._timer.stop()
            self.playing_changed.emit(False)

    def set_loop(self, loop: bool) -> None:
        """Start over at the end of the range (or of the clip), or stop there."""
        if loop != self._loop:
            self._loop = loop
            self.settings_changed.emit()

    def set_speed(self, speed: float) -> None:
        """Set the playing speed, 0.1 to 4."""
        self._speed = max(SPEEDS[0], min(speed, SPEEDS[-1]))
        self.seek(self._frame)
        self.settings_changed.emit()

    def set_range(self, selected: tuple[int, int] | None) -> None:
        """Select frames first..last, in either order; None selects nothing."""
        if selected is not None:
            first, last = sorted(max(0, min(frame, self._frames - 1)) for frame in selected)
            selected = (first, last)
        if selected != self._range:
            self._range = selected
            self.range_changed.emit()

    @Slot()
    def set_range_start(self) -> None:
        """Let the range begin at the playhead."""
        last = self._frames - 1 if self._range is None else max(self._range[1], self._frame)
        self.set_range((self._frame, last))

    @Slot()
    def set_range_end(self) -> None:
        """Let the range end at the playhead."""
        first = 0 if self._range is None else min(self._range[0], self._frame)
        self.set_range((first, self._frame))

    def _span(self) -> tuple[int, int]:
        return self._range if self._loop and self._range is not None else (0, self._frames - 1)

    def _set_frame(self, frame: int) -> None:
        if frame != self._frame:
            self._frame = frame
            self.frame_changed.emit(frame)

    @Slot()
    def _advance(self) -> None:
        seconds = self._clock.elapsed() / 1000.0
        frame = self._began_at + int(seconds * self._fps * self._speed)
        first, last = self._span()
        if frame <= last:
            self._set_frame(frame)
        elif self._loop:
            self.seek(first + (frame - first) % (last - first + 1))
        else:
            self._set_frame(last)
            self.pause()
