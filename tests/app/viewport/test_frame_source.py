"""Pictures come from a thread: the right ones, the newest wish first, and the thread ends."""

import gc
import weakref

import numpy as np
import pytest
from PySide6.QtCore import Qt, QThread

from motionfit.files.video import write_video
from motionfit_app.viewport.frame_source import FrameSource


def picture_of(index: int) -> np.ndarray:
    return np.full((48, 64, 3), 20 + 4 * index, np.uint8)


def number_in(picture: np.ndarray) -> int:
    return round((float(picture.mean()) - 20) / 4)


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    path = tmp_path_factory.mktemp("source") / "clip.mp4"
    write_video(path, (picture_of(index) for index in range(50)), 30.0)
    return path


@pytest.fixture
def source(qtbot):
    made = FrameSource()
    yield made
    made.close()


def test_a_requested_frame_comes(qtbot, source, clip):
    with qtbot.waitSignal(source.opened) as opened:
        source.open(clip)
    assert opened.args[0] == 50
    for index in (0, 49, 20, 21, 19):
        with qtbot.waitSignal(source.ready) as ready:
            source.request(index)
        assert ready.args[0] == index
        assert number_in(ready.args[1]) == index


def test_scrubbing_ends_on_the_last_frame_and_drops_stale_wishes(qtbot, source, clip):
    with qtbot.waitSignal(source.opened):
        source.open(clip)
    came = []
    source.ready.connect(lambda frame, picture: came.append((frame, number_in(picture))))
    for index in range(50):
        source.request(index)
    qtbot.waitUntil(lambda: bool(came) and came[-1][0] == 49)
    assert all(frame == number for frame, number in came)
    assert len(came) < 50


def test_a_known_frame_comes_at_once(qtbot, source, clip):
    source.open(clip)
    with qtbot.waitSignal(source.ready):
        source.request(7)
    came = []
    source.ready.connect(lambda frame, picture: came.append(frame))
    source.request(7)
    assert came == [7]


def test_slots_run_in_the_thread_of_their_object(qtbot, source, clip):
    threads = []
    source.ready.connect(lambda *_: threads.append(QThread.currentThread()))
    source.open(clip)
    with qtbot.waitSignal(source.ready):
        source.request(3)
    assert threads == [source.thread()]


def test_another_file_replaces_the_first(qtbot, source, clip, tmp_path):
    other = tmp_path / "other.mp4"
    write_video(other, [picture_of(45)] * 3, 30.0)
    source.open(clip)
    with qtbot.waitSignal(source.ready):
        source.request(1)
    source.open(other)
    with qtbot.waitSignal(source.ready) as ready:
        source.request(1)
    assert number_in(ready.args[1]) == 45


def test_a_damaged_file_is_reported(qtbot, source, tmp_path):
    path = tmp_path / "damaged.mp4"
    path.write_bytes(b"nothing of a video")
    with qtbot.waitSignal(source.failed) as failed:
        source.open(path)
    assert "damaged.mp4 cannot be opened" in failed.args[0]


def test_closing_ends_the_thread_also_in_the_middle_of_work(qtbot, clip):
    source = FrameSource()
    source.open(clip)
    source.request(49)
    source.close()
    assert not source._thread.isRunning()
    source.close()


def test_a_source_that_is_dropped_unclosed_ends_its_thread_and_is_freed(qtbot, clip):
    source = FrameSource()
    source.open(clip)
    source.request(49)
    freed = weakref.ref(source)
    ended = []
    source._thread.finished.connect(lambda: ended.append(True), Qt.ConnectionType.DirectConnection)
    del source
    gc.collect()
    assert freed() is None
    assert ended == [True]
