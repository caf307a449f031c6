from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation, Slerp

from motionfit.retarget.resample import resample


@pytest.mark.parametrize("fps", [24.0, 25.0, 50.0, 100.0])
def test_other_rates_agree_with_scipy_slerp(walking, fps):
    slow = resample(walking, fps)
    times = np.arange(slow.frames) / fps
    assert times[-1] <= (walking.frames - 1) / 30.0 + 1e-6
    assert times[-1] > (walking.frames - 1) / 30.0 - 1 / fps
    slerp = Slerp(np.arange(walking.frames) / 30.0, Rotation.from_matrix(walking.root_orientation.numpy()))
    np.testing.assert_allclose(slow.root_orientation.numpy(), slerp(times.clip(0, 23 / 30)).as_matrix(), atol=1e-5)
    expected = np.interp(times, np.arange(24) / 30.0, walking.translation[:, 1].numpy())
    np.testing.assert_allclose(slow.translation[:, 1].numpy(), expected, atol=1e-5)


def test_one_frame_can_be_resampled(walking):
    assert resample(walking.slice(0, 1), 25.0).frames == 1


def test_a_hundred_and_twenty_is_picked_and_fifty_is_slerped_to_thirty(walking):
    fast = resample(walking, 120.0)
    back = resample(fast, 30.0)
    assert back.frames == walking.frames
    torch.testing.assert_close(back.body_pose, walking.body_pose, atol=1e-5, rtol=0)
    odd = resample(resample(walking, 50.0), 30.0)
    assert odd.fps == 30.0
    inner = slice(1, odd.frames - 1)
    torch.testing.assert_close(odd.translation[inner], walking.translation[: odd.frames][inner], atol=0.02, rtol=0)


def test_a_rounded_frame_time_is_decimated_all_the_same(walking):
    fast = replace(resample(walking, 120.0), fps=1 / 0.00833333)
    back = resample(fast, 30.0)
    assert (back.frames, back.fps) == (walking.frames, 30.0)
    assert torch.equal(back.body_pose, fast.body_pose[::4])
    assert resample(replace(walking, fps=29.97), 30.0).frames == walking.frames
