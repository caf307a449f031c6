"""The playhead: steps, ranges, loops, and playing by elapsed time."""

import itertools

import pytest

from motionfit_app.state.playback import Playback


@pytest.fixture
def playback(qtbot):
    made = Playback()
    made.reset(60, 30.0)
    return made


def test_it_stays_inside_the_clip(playback):
    playback.seek(1000)
    assert playback.frame == 59
    playback.step(-1000)
    assert playback.frame == 0


def test_playing_follows_the_clock_and_stops_at_the_end(qtbot, playback):
    frames = []
    playback.frame_changed.connect(frames.append)
    playback.set_speed(4.0)
    with qtbot.waitSignal(playback.playing_changed, timeout=5000) as changed:
        playback.seek(30)
        playback.play()
    assert changed.args == [True]
    qtbot.waitUntil(lambda: not playback.is_playing, timeout=5000)
    assert playback.frame == 59
    assert frames == sorted(frames)


def test_playing_from_the_end_starts_over(qtbot, playback):
    playback.seek(59)
    playback.play()
    assert playback.frame == 0
    playback.pause()


def test_a_loop_stays_in_its_range(qtbot, playback):
    playback.set_range((20, 24))
    playback.set_loop(True)
    playback.set_speed(4.0)
    frames = []
    playback.play()
    playback.frame_changed.connect(frames.append)
    qtbot.waitUntil(lambda: len(frames) > 15, timeout=20000)
    playback.pause()
    assert set(frames) <= set(range(20, 25))
    assert any(after < before for before, after in itertools.pairwise(frames))


def test_range_ends_may_come_in_any_order(playback):
    playback.set_range((40, 10))
    assert playback.selected_range == (10, 40)
    playback.seek(5)
    playback.set_range_end()
    assert playback.selected_range == (5, 5)
    playback.seek(20)
    playback.set_range_start()
    assert playback.selected_range == (20, 20)


def test_speed_keeps_inside_its_limits(playback):
    playback.set_speed(100.0)
    assert playback.speed == 4.0
    playback.set_speed(0.0)
    assert playback.speed == 0.1


def test_a_clip_of_one_frame_cannot_play(qtbot):
    playback = Playback()
    playback.reset(1, 30.0)
    playback.play()
    assert not playback.is_playing
