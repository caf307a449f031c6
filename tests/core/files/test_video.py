"""Frame k of a file is frame k, whatever the frame rate does; damaged files are named."""

import random
from fractions import Fraction

import av
import numpy as np
import pytest

from motionfit.errors import InputError, OutputError
from motionfit.files.video import VideoFile, write_video

BITS = 8
BLOCK = 16


def picture_of(index: int, height: int = 48, width: int = BITS * BLOCK) -> np.ndarray:
    """The frame's number burnt in as black and white blocks."""
    picture = np.full((height, width, 3), 90, np.uint8)
    for bit in range(BITS):
        picture[:BLOCK, bit * BLOCK : (bit + 1) * BLOCK] = 235 if index >> bit & 1 else 20
    return picture


def number_in(picture: np.ndarray) -> int:
    middle = picture[BLOCK // 2, BLOCK // 2 :: BLOCK, 0]
    return sum(int(value > 128) << bit for bit, value in enumerate(middle[:BITS]))


def write_variable_rate(path, frames: int, b_frames: int = 2) -> list[int]:
    """A file whose frames last 1 to 5 sixtieths of a second; returns their time stamps."""
    chance = random.Random(3)
    stamps, now = [], 0
    for _ in range(frames):
        stamps.append(now)
        now += chance.choice([1, 1, 2, 3, 5])
    with av.open(str(path), "w") as container:
        options = {"g": "25", "bf": str(b_frames), "crf": "20", "preset": "ultrafast"}
        stream = container.add_stream("libx264", rate=60, options=options)
        stream.width, stream.height, stream.pix_fmt = BITS * BLOCK, 48, "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, 60)
        for index, stamp in enumerate(stamps):
            frame = av.VideoFrame.from_ndarray(picture_of(index), format="rgb24")
            frame.pts, frame.time_base = stamp, Fraction(1, 60)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return stamps


@pytest.fixture(scope="module")
def variable_rate(tmp_path_factory):
    path = tmp_path_factory.mktemp("video") / "variable.mp4"
    return path, write_variable_rate(path, 160)


def test_random_seeks_return_the_burnt_in_frame_number(variable_rate):
    path, stamps = variable_rate
    with VideoFile(path) as video:
        assert video.frames == len(stamps)
        chance = random.Random(0)
        for index in [chance.randrange(video.frames) for _ in range(60)] + [159, 158, 0, 157]:
            assert number_in(video.frame(index)) == index


def test_playing_forwards_and_stepping_backwards_are_exact(variable_rate):
    path, _ = variable_rate
    with VideoFile(path) as video:
        assert [number_in(video.frame(index)) for index in range(160)] == list(range(160))
        assert [number_in(video.frame(index)) for index in range(80, 40, -1)] == list(range(80, 40, -1))


def test_seeks_stay_exact_with_a_cache_of_a_few_frames(variable_rate, monkeypatch):
    path, _ = variable_rate
    monkeypatch.setattr("motionfit.files.video._CACHE_BYTES", 40_000)
    with VideoFile(path) as video:
        chance = random.Random(1)
        for index in [chance.randrange(video.frames) for _ in range(40)]:
            assert number_in(video.frame(index)) == index


@pytest.mark.parametrize("suffix", [".mkv", ".mov", ".ts"])
def test_other_containers_are_exact_too(tmp_path, suffix):
    path = tmp_path / f"clip{suffix}"
    write_variable_rate(path, 70)
    with VideoFile(path) as video:
        for index in (69, 3, 40, 39, 41, 0, 26, 25, 24):
            assert number_in(video.frame(index)) == index


def test_times_follow_the_stamps_and_find_the_frame_on_screen(variable_rate):
    path, stamps = variable_rate
    with VideoFile(path) as video:
        np.testing.assert_allclose(video.times, np.array(stamps) / 60, atol=1e-4)
        assert video.fps == pytest.approx((len(stamps) - 1) / (stamps[-1] / 60), rel=1e-3)
        for index in (0, 17, 159):
            assert video.frame_at_time(video.times[index] + 1e-3) == index
        assert video.frame_at_time(-1.0) == 0
        assert video.frame_at_time(1e6) == 159


def test_written_videos_come_back_with_their_rate_and_an_even_size(tmp_path):
    path = tmp_path / "written.mp4"
    write_video(path, (picture_of(index, height=49) for index in range(12)), 29.97)
    with VideoFile(path) as video:
        assert (video.frames, video.size) == (12, (BITS * BLOCK, 48))
        assert video.fps == pytest.approx(29.97, rel=1e-3)
        assert [number_in(video.frame(index)) for index in range(12)] == list(range(12))


def test_one_frame_is_a_video(tmp_path):
    path = tmp_path / "one.mp4"
    write_video(path, [picture_of(5)], 25.0)
    with VideoFile(path) as video:
        assert (video.frames, video.fps) == (1, 25.0)
        assert number_in(video.frame(0)) == 5


def test_the_rotation_of_a_phone_is_applied(tmp_path):
    path = tmp_path / "portrait.mp4"
    write_video(path, [picture_of(1)], 25.0)
    data = bytearray(path.read_bytes())
    matrix = data.index(b"tkhd") + 44
    clockwise = [0, 1 << 16, 0, -(1 << 16), 0, 0, 48 << 16, 0, 1 << 30]
    data[matrix : matrix + 36] = b"".join(value.to_bytes(4, "big", signed=True) for value in clockwise)
    path.write_bytes(data)
    with VideoFile(path) as video:
        assert video.size == (48, BITS * BLOCK)
        picture = video.frame(0)
        assert picture.shape == (BITS * BLOCK, 48, 3)
        assert picture[BLOCK // 2, 48 - BLOCK // 2, 0] > 200  # the upper left block went to the upper right
        assert picture[-BLOCK // 2, 48 - BLOCK // 2, 0] < 50


def test_missing_corrupt_and_empty_files_are_named(tmp_path):
    with pytest.raises(InputError, match=r"no video at .*nothing\.mp4"):
        VideoFile(tmp_path / "nothing.mp4")
    corrupt = tmp_path / "corrupt.mp4"
    corrupt.write_bytes(b"not a video at all" * 50)
    with pytest.raises(InputError, match=r"corrupt\.mp4 cannot be opened"):
        VideoFile(corrupt)
    empty = tmp_path / "empty.mkv"
    with av.open(str(empty), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        container.start_encoding()
    with pytest.raises(InputError, match=r"empty\.mkv"):
        VideoFile(empty)


def test_sound_without_pictures_is_named(tmp_path):
    path = tmp_path / "sound.wav"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    with pytest.raises(InputError, match="holds no video stream"):
        VideoFile(path)


def test_a_truncated_file_names_the_frame_that_is_lost(tmp_path):
    path = tmp_path / "cut.mkv"
    write_variable_rate(path, 120, b_frames=0)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with VideoFile(path) as video:
        assert 1 < video.frames < 120
        assert number_in(video.frame(1)) == 1


def test_frames_outside_the_file_and_unwritable_places_are_refused(variable_rate, tmp_path):
    with VideoFile(variable_rate[0]) as video, pytest.raises(ValueError, match="outside"):
        video.frame(160)
    with pytest.raises(OutputError, match="cannot be written"):
        write_video(tmp_path / "no" / "folder.mp4", [picture_of(0)], 30.0)
