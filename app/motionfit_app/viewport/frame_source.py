"""Pictures of a video, decoded in a thread of their own.

Only the newest request is decoded: while the user scrubs, what was asked before is dropped.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from functools import partial
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QCoreApplication, QObject, QThread, Signal, Slot

from motionfit.errors import MotionFitError
from motionfit.files.video import VideoFile

_LOG = logging.getLogger(__name__)

_CACHE_BYTES = 96 * 1024 * 1024


class _Wish:
    """The newest request, shared by two threads; an older one is overwritten."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._opening = 0
        self._path: Path | None = None
        self._frame: int | None = None

    def open(self, path: Path) -> int:
        """Wish for a file; all wishes for frames of the file before are forgotten."""
        with self._lock:
            self._opening += 1
            self._path, self._frame = path, None
            return self._opening

    def ask(self, frame: int | None) -> None:
        """Wish for a frame instead of any other; None for no frame."""
        with self._lock:
            self._frame = frame

    def take(self) -> tuple[int, Path | None, int | None]:
        """What to do now: number and path of the file, and the frame."""
        with self._lock:
            frame, self._frame = self._frame, None
            return self._opening, self._path, frame


class _Decoder(QObject):
    """Lives in the thread and does what is wished for."""

    opened = Signal(int, int, float)
    decoded = Signal(int, int, object)
    failed = Signal(int, str)

    def __init__(self, wish: _Wish) -> None:
        super().__init__()
        self._wish = wish
        self._video: VideoFile | None = None
        self._opening = 0

    @Slot()
    def serve(self) -> None:
        """Open the newest file if it is not open yet, then decode the newest frame."""
        opening, path, frame = self._wish.take()
        try:
            if opening != self._opening and path is not None:
                self._opening = opening
                self.release()
                self._video = VideoFile(path)
                self.opened.emit(opening, self._video.frames, self._video.fps)
            if frame is not None and self._video is not None:
                nearest = min(max(frame, 0), self._video.frames - 1)
                self.decoded.emit(opening, frame, self._video.frame(nearest))
        except MotionFitError as error:
            self.failed.emit(opening, str(error))
        except Exception as error:
            _LOG.exception("Decoding failed")
            self.failed.emit(opening, str(error))

    @Slot()
    def release(self) -> None:
        """Close the file."""
        if self._video is not None:
            self._video.close()
            self._video = None


def _end(thread: QThread, decoder: _Decoder, _deleted: QObject | None = None) -> None:
    """End the thread of a source that is deleted without having been closed: Qt would abort the program.

    The decoder is an argument so that it lives until its thread has ended.
    """
    thread.quit()
    thread.wait()
    decoder.release()


class FrameSource(QObject):
    """Gives pictures by frame number, later, through `ready`.

    Signals:
        ready: Frame number and picture (uint8, height × width × 3).
        opened: Number of frames and average frames per second.
        failed: A sentence for the user.
    """

    ready = Signal(int, object)
    opened = Signal(int, float)
    failed = Signal(str)
    _wake = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._wish = _Wish()
        self._opening = 0
        self._cache: OrderedDict[int, NDArray[np.uint8]] = OrderedDict()
        self._bytes = 0
        self._thread = QThread(self)
        self._thread.setObjectName("video decoding")
        self._decoder = _Decoder(self._wish)
        self._decoder.moveToThread(self._thread)
        self._wake.connect(self._decoder.serve)
        self._decoder.opened.connect(self._on_opened)
        self._decoder.decoded.connect(self._on_decoded)
        self._decoder.failed.connect(self._on_failed)
        application = QCoreApplication.instance()
        if application is not None:
            application.aboutToQuit.connect(self.close)
        self.destroyed.connect(partial(_end, self._thread, self._decoder))  # holds these two, not self
        self._thread.start()

    def open(self, path: Path | str) -> None:
        """Read this file from now on; pictures of the one before are dropped."""
        self._cache.clear()
        self._bytes = 0
        self._opening = self._wish.open(Path(path))
        self._wake.emit()

    @Slot(int)
    def request(self, frame: int) -> None:
        """Ask for a frame instead of all frames that were asked for and did not come yet."""
        known = self._cache.get(frame)
        if known is not None:
            self._wish.ask(None)
            self._cache.move_to_end(frame)
            self.ready.emit(frame, known)
            return
        self._wish.ask(frame)
        self._wake.emit()

    @Slot()
    def close(self) -> None:
        """Stop the thread and wait for it; may be called twice."""
        if self._thread.isRunning():
            self._wish.ask(None)
            self._thread.quit()
            self._thread.wait()
            self._decoder.release()

    @Slot(int, int, float)
    def _on_opened(self, opening: int, frames: int, fps: float) -> None:
        if opening == self._opening:
            self.opened.emit(frames, fps)

    @Slot(int, int, object)
    def _on_decoded(self, opening: int, frame: int, picture: NDArray[np.uint8]) -> None:
        if opening != self._opening:
            return
        if frame not in self._cache:
            self._bytes += picture.nbytes
        self._cache[frame] = picture
        while self._bytes > _CACHE_BYTES and len(self._cache) > 1:
            _, oldest = self._cache.popitem(last=False)
            self._bytes -= oldest.nbytes
        self.ready.emit(frame, picture)

    @Slot(int, str)
    def _on_failed(self, opening: int, message: str) -> None:
        if opening == self._opening:
            self.failed.emit(message)
