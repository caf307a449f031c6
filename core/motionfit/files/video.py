"""Video files read by frame number, exactly, also with a variable frame rate; and written as H.264.

The frame table is built by demuxing once (no decoding): frame k of a file is the k-th presentation time stamp.
Seeking by time or by frame rate would be wrong for variable-frame-rate files, as phones make them.
"""

from __future__ import annotations

import logging
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from jaxtyping import Float64, UInt8
from numpy.typing import NDArray

from motionfit.errors import InputError, OutputError

_LOG = logging.getLogger(__name__)

_CACHE_BYTES = 192 * 1024 * 1024
_LONGEST_SKIP = 24

Picture = UInt8[NDArray[np.uint8], "height width 3"]


@dataclass(frozen=True)
class _FrameTable:
    """Presentation time stamps of all frames in order, and where decoding may start."""

    stamps: tuple[int, ...]
    key_stamps: tuple[int, ...]


class VideoFile:
    """A video, open for reading. Close it, or use it in a `with` block.

    The last decoded pictures are kept as they come from the decoder (YUV) and are converted when asked for.

    Raises:
        InputError: The file is missing, damaged, or holds no pictures; the message says which.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        if not self.path.is_file():
            raise InputError(f"There is no video at {self.path}.", "Check the path.")
        self._container = _open(self.path)
        try:
            self._table = _read_table(self._container, self.path)
            self._stream = self._reopen()
            self._cache: OrderedDict[int, VideoFrame] = OrderedDict()
            self._cache_bytes = 0
            self._decoded: Iterator[VideoFrame] = iter(())
            self._position: int | None = None
            first = self._picture(self._table.stamps[0])
        except BaseException:
            self._container.close()
            raise
        height, width = _upright(first).shape[:2]
        self.size: tuple[int, int] = (width, height)
        """Width and height as shown: the rotation of the file is applied."""

    def __enter__(self) -> VideoFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def frames(self) -> int:
        """Number of frames."""
        return len(self._table.stamps)

    @property
    def times(self) -> Float64[NDArray[np.float64], "frames"]:
        """When each frame is shown, seconds after the first one."""
        stamps = np.asarray(self._table.stamps, dtype=np.float64)
        return np.asarray((stamps - stamps[0]) * float(self._stream.time_base or Fraction(1)))

    @property
    def fps(self) -> float:
        """Frames per second on average over the file."""
        duration = float(self.times[-1])
        if duration <= 0:
            return float(self._stream.average_rate or 30.0)
        return (self.frames - 1) / duration

    def frame(self, index: int) -> Picture:
        """The picture of a frame.

        Args:
            index: 0 … frames−1.

        Returns:
            RGB, upright.

        Raises:
            ValueError: There is no such frame.
            InputError: The file is damaged there.
        """
        if not 0 <= index < self.frames:
            raise ValueError(f"frame {index} is outside 0…{self.frames - 1}")
        return _upright(self._picture(self._table.stamps[index]))

    def frame_at_time(self, seconds: float) -> int:
        """The number of the frame that is on screen at a time after the first frame."""
        return int(np.clip(bisect_right(self.times, seconds + 1e-9) - 1, 0, self.frames - 1))

    def close(self) -> None:
        """Close the file and drop all pictures."""
        self._cache.clear()
        self._decoded = iter(())
        self._container.close()

    def _reopen(self) -> VideoStream:
        """Start over with a fresh container: the way back when seeking does not land."""
        self._container.close()
        self._container = _open(self.path)
        stream = self._container.streams.video[0]
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = 2
        return stream

    def _picture(self, stamp: int) -> VideoFrame:
        if stamp not in self._cache:
            self._decode_to(stamp)
        self._cache.move_to_end(stamp)
        return self._cache[stamp]

    def _decode_to(self, stamp: int) -> None:
        """Decode until a frame is in the cache: on from here, from its key frame, or from further back."""
        if self._is_shortly_ahead(stamp) and self._read_until(stamp):
            return
        keys = self._table.key_stamps
        key = bisect_right(keys, stamp) - 1
        for back in (0, 1, 4):
            if key - back >= 0:
                self._seek(keys[key - back])
                if self._read_until(stamp):
                    return
        self._stream = self._reopen()
        self._decoded = self._container.decode(self._stream)
        self._position = None
        if not self._read_until(stamp):
            number = self._table.stamps.index(stamp)
            raise InputError(
                f"Frame {number} of {self.path} cannot be decoded.",
                "The file is damaged there, or its time stamps are; writing it anew helps: ffmpeg -i old new.mp4",
            )

    def _is_shortly_ahead(self, stamp: int) -> bool:
        if self._position is None or stamp <= self._position:
            return False
        here, there = (bisect_right(self._table.stamps, value) for value in (self._position, stamp))
        same_group = bisect_right(self._table.key_stamps, self._position) == bisect_right(self._table.key_stamps, stamp)
        return same_group or there - here <= _LONGEST_SKIP

    def _seek(self, key_stamp: int) -> None:
        self._container.seek(key_stamp, stream=self._stream, backward=True)
        self._decoded = self._container.decode(self._stream)
        self._position = None

    def _read_until(self, stamp: int) -> bool:
        """Decode on, keeping all frames; False if the wanted one is not there (seek came down after it)."""
        try:
            for frame in self._decoded:
                if frame.pts is None:
                    continue
                self._position = frame.pts
                self._keep(frame.pts, frame)
                if frame.pts >= stamp:
                    return frame.pts == stamp
        except FFmpegError as error:
            _LOG.warning("Decoding %s stopped: %s", self.path, error)
            self._position = None
        return False

    def _keep(self, stamp: int, frame: VideoFrame) -> None:
        size = sum(plane.buffer_size for plane in frame.planes)
        if stamp not in self._cache:
            self._cache_bytes += size
        self._cache[stamp] = frame
        self._cache.move_to_end(stamp)
        while self._cache_bytes > _CACHE_BYTES and len(self._cache) > 1:
            _, oldest = self._cache.popitem(last=False)
            self._cache_bytes -= sum(plane.buffer_size for plane in oldest.planes)


def write_video(path: Path | str, frames: Iterable[Picture], fps: float) -> None:
    """Write pictures as H.264 in yuv420p, which every player shows.

    Odd sizes lose their last column or row: the format has even sizes only.

    Args:
        path: The file to write; its name ends in .mp4, .mov or .mkv.
        frames: RGB pictures of one size.
        fps: Frames per second.

    Raises:
        OutputError: It cannot be written there.
    """
    rate = Fraction(fps).limit_denominator(1001)
    try:
        with av.open(str(path), "w") as container:
            stream = container.add_stream("libx264", rate=rate, options={"crf": "18", "preset": "fast"})
            stream.pix_fmt = "yuv420p"
            for count, picture in enumerate(frames):
                height, width = (side - side % 2 for side in picture.shape[:2])
                if count == 0:
                    stream.width, stream.height = width, height
                even = np.ascontiguousarray(picture[:height, :width])
                container.mux(stream.encode(VideoFrame.from_ndarray(even, format="rgb24")))
            container.mux(stream.encode())
    except (FFmpegError, OSError, ValueError) as error:
        raise OutputError(
            f"The video {path} cannot be written: {error}.", "Write to an existing folder, as .mp4."
        ) from error


def _open(path: Path) -> InputContainer:
    try:
        container = av.open(str(path))
    except (FFmpegError, OSError) as error:
        raise InputError(
            f"{path} cannot be opened as a video: {error}.", "Give an mp4, mov, mkv, webm or avi file."
        ) from error
    if not container.streams.video:
        container.close()
        raise InputError(f"{path} holds no video stream.", "Give a file with pictures, not only sound.")
    return container


def _read_table(container: InputContainer, path: Path) -> _FrameTable:
    stamps: list[int] = []
    keys: list[int] = []
    try:
        for packet in container.demux(video=0):
            if packet.size == 0 or packet.is_discard:
                continue
            if packet.pts is None:
                raise InputError(
                    f"{path} holds pictures without time stamps.",
                    "Copy it into an mp4 first: ffmpeg -i old -c:v libx264 new.mp4",
                )
            stamps.append(packet.pts)
            if packet.is_keyframe:
                keys.append(packet.pts)
    except FFmpegError as error:
        _LOG.warning("Reading %s stopped early: %s", path, error)
    if not stamps:
        raise InputError(f"{path} is a video with 0 frames.", "Record or export it again.")
    return _FrameTable(tuple(sorted(set(stamps))), tuple(sorted(keys or stamps[:1])))


def _upright(frame: VideoFrame) -> Picture:
    picture = np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8)
    quarter_turns = round(frame.rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(picture, quarter_turns)) if quarter_turns else picture
