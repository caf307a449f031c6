import math
from dataclasses import replace

import pytest
import torch

from motionfit.errors import InputError
from motionfit.motion import Motion, Observations
from motionfit.pipeline.timeline import LONGEST_GAP, rate_warnings, timeline_of


def at_rate(fps, frames, times=None):
    stamps = None if times is None else torch.as_tensor(times, dtype=torch.float64)
    return Observations(fps, frames, stamps)


@pytest.mark.parametrize("fps", [10.0, 12.5, 24.0, 25.0, 50.0, 59.94, 60.0, 119.88, 120.0, 240.0])
def test_every_frame_keeps_its_time_and_the_grid_spans_the_clip(fps):
    line = timeline_of(at_rate(fps, 241))
    assert line.fps == 30.0
    torch.testing.assert_close((line.frame + line.share) / 30.0, torch.arange(241) / torch.tensor(fps).double())
    length = 240 / fps * 30.0
    assert length - 0.25 <= line.frames - 1 < length + 1.0
    assert line.frame.max() < line.frames
    assert not line.share[line.frame == line.frames - 1].any(), "nothing lies after the last frame"
    assert math.ceil(fps / 30.0) <= line.slots <= math.ceil(fps / 30.0) + 1
    assert len(set(zip(line.frame.tolist(), line.slot.tolist(), strict=True))) == 241
    assert line.frame.diff().min() >= 0


@pytest.mark.parametrize("fps", [30.0, 29.97, 30.03])
def test_a_clip_of_the_priors_rate_is_its_own_grid(fps):
    line = timeline_of(at_rate(fps, 1000))
    assert line.is_grid
    assert (line.fps, line.frames, line.slots) == (fps, 1000, 1)
    rounded = (torch.arange(1000) / fps * 1000).round() / 1000
    assert timeline_of(at_rate(fps, 1000, rounded)).is_grid, "stamps in whole milliseconds"


def test_uneven_stamps_of_the_priors_rate_keep_their_times():
    times = torch.arange(60) / 30.0
    times[30:] += 0.01
    line = timeline_of(at_rate(30.0, 60, times))
    assert not line.is_grid
    torch.testing.assert_close((line.frame + line.share) / 30.0, times.double(), atol=1e-6, rtol=0)


def test_a_motion_goes_from_the_grid_to_the_frames_of_the_clip(motion):
    line = timeline_of(at_rate(60.0, 39))
    whole = replace(motion, contacts=torch.rand(20, 22, generator=torch.Generator().manual_seed(0)))
    seen = line.observed_motion(whole)
    assert (seen.frames, seen.fps) == (39, 60.0)
    for name in ("translation", "root_orientation", "body_pose", "contacts"):
        assert torch.equal(getattr(seen, name)[::2], getattr(whole, name))
    middle = whole.contacts[:-1].add(whole.contacts[1:]) / 2
    torch.testing.assert_close(seen.contacts[1::2], middle)
    assert timeline_of(at_rate(30.0, 20)).observed_motion(motion) is motion


def test_a_clip_that_ends_just_after_a_grid_frame_does_not_hang_its_last_state_on_that(motion):
    line = timeline_of(at_rate(30.0, 4, [0.0, 0.5, 0.6, 19.2 / 30.0]))
    assert line.frames == 20
    assert (int(line.frame[-1]), float(line.share[-1])) == (18, pytest.approx(1.2))
    step = torch.tensor([0.1, 0.0, 0.0])
    steady = Motion(30.0, torch.arange(20.0)[:, None] * step, motion.root_orientation, motion.body_pose, motion.betas)
    torch.testing.assert_close(line.observed_motion(steady).translation[-1], 19.2 * step)


def test_windows_are_told_in_frames_of_the_clip():
    windows = ((0, 12), (8, 20))
    assert timeline_of(at_rate(30.0, 20)).observed_windows(windows) == windows
    assert timeline_of(at_rate(60.0, 39)).observed_windows(windows) == ((0, 23), (16, 39))
    assert timeline_of(at_rate(10.0, 7)).observed_windows(((0, 12), (8, 19))) == ((0, 4), (3, 7))


BAD_TIMES = {
    "two equal": ([0.0, 0.1, 0.1, 0.2], "frame 2 .* is the same as frame 1"),
    "falling": ([0.0, 0.1, 0.2, 0.15], "frame 3 .* is before frame 2"),
    "not a number": ([0.0, math.nan, 0.2, 0.3], "frame 1 is nan"),
    "infinite": ([0.0, 0.1, 0.2, math.inf], "frame 3 is inf"),
    "a hole": ([0.0, 0.1, 0.2 + LONGEST_GAP, 5.4], "5.1 s without a frame after frame 1"),
    "too few": ([0.0, 0.1, 0.2], "3 times and 4 frames"),
}


@pytest.mark.parametrize("case", list(BAD_TIMES))
def test_senseless_times_are_refused_and_the_frame_is_named(case):
    times, message = BAD_TIMES[case]
    with pytest.raises(InputError, match=message):
        timeline_of(at_rate(10.0, 4, times))


def test_a_clip_shorter_than_three_grid_frames_is_refused():
    with pytest.raises(InputError, match=r"lasts 0\.017 s"):
        timeline_of(at_rate(240.0, 5))
    with pytest.raises(InputError, match="without a frame"):
        timeline_of(at_rate(0.1, 5))


def test_rates_beyond_what_fits_are_made_for_are_told():
    for fps in (10.0, 29.97, 240.0):
        assert rate_warnings(at_rate(fps, 9)) == []
    assert "guess" in rate_warnings(at_rate(5.0, 9))[0]
    assert "takes long" in rate_warnings(at_rate(1000.0, 9))[0]
