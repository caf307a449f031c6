"""Windows that leave the recorded motion are led back to it."""

from dataclasses import replace

import pytest
import torch

from motionfit.datasets.clips import labelled_states, read_clips
from motionfit.errors import SettingsError
from motionfit.geometry.rotations import geodesic_angle, rotation_from_axis_angle
from motionfit.priors.motion import MotionPrior, MotionPriorWidths
from motionfit.priors.rollout import local_transitions
from motionfit.priors.state import MotionState
from motionfit.training.motion_prior import Recordings, collect_transitions
from motionfit.training.recovery import RecoverySettings, collect_recovering, step_back

CLOSE = {"rtol": 0, "atol": 1e-4}


@pytest.fixture(scope="module")
def windows(collection, body):
    recordings = Recordings([labelled_states(clip, body) for clip in read_clips(collection / "train", body)], window=6)
    return recordings.cut(recordings.draw(5, torch.Generator().manual_seed(0)))


@pytest.fixture(scope="module")
def rest(windows, body):
    return body.rest_joints(windows.betas)


@pytest.fixture(scope="module")
def prior():
    torch.manual_seed(0)
    return MotionPrior(MotionPriorWidths((32,), (32,), (32, 32))).requires_grad_(False)


@pytest.fixture(scope="module")
def noise():
    return torch.randn(5, 5, 48, generator=torch.Generator().manual_seed(1))


def collect(prior, states, noise, rest, settings, seed=2):
    past, target = collect_recovering(prior, states, noise, rest, settings, torch.Generator().manual_seed(seed))
    return past.pack(), target.pack()


def test_where_no_window_leaves_it_is_the_usual_roll_out(prior, windows, noise, rest):
    found = collect(prior, windows.states, noise, rest, RecoverySettings(share=0.0))
    usual = collect_transitions(prior, windows.states, noise, 0.0, torch.Generator())
    torch.testing.assert_close(found[0], usual[0].pack(), **CLOSE)
    torch.testing.assert_close(found[1], usual[1].pack(), **CLOSE)


def test_windows_that_leave_start_beside_the_recording_but_not_far(prior, windows, noise, rest):
    past, _ = collect(prior, windows.states, noise, rest, RecoverySettings(share=1.0))
    recorded, _ = local_transitions(windows.states)
    off = MotionState.unpack(past).joints[:, 0] - MotionState.unpack(recorded).joints[:, 0]
    assert 1e-3 < off.norm(dim=-1).mean() < 0.1


def test_what_is_learned_there_lies_between_the_past_and_the_recording(windows, rest):
    recorded_past, recorded_next = (MotionState.unpack(each[:, 0]) for each in local_transitions(windows.states))
    tilt = rotation_from_axis_angle(torch.tensor([0.2, 0.0, 0.0]))
    past = replace(
        recorded_past,
        translation=recorded_past.translation + torch.tensor([0.0, 0.0, 0.1]),
        root_orientation=tilt @ recorded_past.root_orientation,
    )
    back = step_back(past, recorded_past, recorded_next, rest, 0.75)
    higher = back.translation - recorded_next.translation
    torch.testing.assert_close(higher, torch.tensor([0.0, 0.0, 0.075]).expand(5, 3), **CLOSE)
    angle = geodesic_angle(back.root_orientation, recorded_next.root_orientation)
    torch.testing.assert_close(angle, torch.full((5,), 0.15), rtol=0, atol=5e-3)
    torch.testing.assert_close(back.body_pose, recorded_next.body_pose, **CLOSE)
    assert (back.joints[:, 0, 2] - recorded_next.joints[:, 0, 2]).min() > 0.07


def test_from_the_recorded_past_it_is_the_recorded_step(windows, rest):
    recorded_past, recorded_next = (MotionState.unpack(each[:, 0]) for each in local_transitions(windows.states))
    back = step_back(recorded_past, recorded_past, recorded_next, rest, 0.85)
    torch.testing.assert_close(back.pack(), recorded_next.pack(), **CLOSE)


def test_steps_drawn_from_the_prior_are_not_those_of_the_posterior(prior, windows, noise, rest):
    drawn = collect(prior, windows.states, noise, rest, RecoverySettings(share=1.0, drawn=1.0))[0]
    followed = collect(prior, windows.states, noise, rest, RecoverySettings(share=1.0, drawn=0.0))[0]
    torch.testing.assert_close(drawn[:, 0], followed[:, 0])
    assert (drawn[:, 1] - followed[:, 1]).abs().max() > 1e-3


def test_shares_beyond_one_are_refused():
    with pytest.raises(SettingsError, match=r"share is 1\.5"):
        RecoverySettings(share=1.5)
