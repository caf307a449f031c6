"""What the motion prior is trained on: windows and the pasts that it comes to."""

from dataclasses import replace

import pytest
import torch

from motionfit.datasets.clips import labelled_states, read_clips
from motionfit.priors.motion import MotionPrior, MotionPriorWidths
from motionfit.priors.rollout import local_transitions, roll_out
from motionfit.priors.state import MotionState
from motionfit.training.motion_evaluation import evaluate_motion_prior, validation_windows
from motionfit.training.motion_prior import Recordings, collect_transitions, start_with_differences

WIDTHS = MotionPriorWidths((32,), (32,), (32, 32))


@pytest.fixture(scope="module")
def recordings(collection, body):
    return Recordings([labelled_states(clip, body) for clip in read_clips(collection / "train", body)], window=5)


@pytest.fixture(scope="module")
def windows(recordings):
    return recordings.cut(recordings.draw(6, torch.Generator().manual_seed(0)))


@pytest.fixture(scope="module")
def prior():
    torch.manual_seed(0)
    return MotionPrior(WIDTHS).requires_grad_(False)


def test_windows_do_not_cross_recordings(recordings):
    lengths = [28, 38, 38]
    assert len(recordings.starts) == sum(length - 4 for length in lengths)
    last = recordings.starts[recordings.clips == 0].max()
    assert int(last) + 5 == 28


def test_a_window_is_a_piece_of_its_recording(recordings):
    window = recordings.cut(torch.tensor([3]))
    torch.testing.assert_close(window.states.pack()[0], recordings.vectors[3:8])


def test_teacher_forcing_takes_the_recorded_pasts(prior, windows):
    noise = torch.zeros(6, 4, 48)
    past, target = collect_transitions(prior, windows.states, noise, 1.0, torch.Generator())
    expected_past, expected_target = local_transitions(windows.states)
    torch.testing.assert_close(past.pack(), expected_past)
    torch.testing.assert_close(target.pack(), expected_target)


def test_on_its_own_the_pasts_are_those_of_a_roll_out(prior, windows):
    noise = torch.randn(6, 4, 48, generator=torch.Generator().manual_seed(1))
    past, target = collect_transitions(prior, windows.states, noise, 0.0, torch.Generator())
    mean, variance = prior.posterior(past.pack(), target.pack())
    rolled = roll_out(prior, windows.states.frame(0), mean + variance.sqrt() * noise)
    torch.testing.assert_close(past.pack(), rolled.local_pasts, rtol=0, atol=1e-4)


def test_an_untrained_prior_changes_little(windows):
    torch.manual_seed(0)
    fresh = MotionPrior(WIDTHS)
    start_with_differences(fresh)
    past, target = local_transitions(windows.states)
    state, _ = fresh.decode(past, torch.zeros(6, 4, 48))
    assert (state - past).abs().max() < 0.2
    same, _ = fresh.posterior(past, past)
    changed, _ = fresh.posterior(past, target)
    assert (same - changed).abs().mean() > 1e-3


def test_a_perfect_reconstruction_scores_zero_but_for_its_latents(collection, body):
    held_back = [labelled_states(clip, body) for clip in read_clips(collection / "val", body)]
    windows = validation_windows(held_back, 10)
    still = MotionState.unpack(windows.states.pack()[:, :1].expand(-1, 10, -1))
    prior = MotionPrior(WIDTHS)
    with torch.no_grad():
        for parameter in prior.decoder.net[-1].parameters():
            parameter.zero_()
    measured = evaluate_motion_prior(prior, replace(windows, states=still))
    assert measured["closed_joints"] < 1e-5
    assert measured["open_drift"] < 1e-5
    assert measured["closed_consistency"] < 1e-5
    assert measured["score"] == pytest.approx(1e-3 * measured["kl_validation"], abs=1e-5)


def test_short_validation_recordings_are_used_whole(collection, body):
    held_back = [labelled_states(clip, body) for clip in read_clips(collection / "val", body)]
    assert validation_windows(held_back).states.frames == 28
    with pytest.raises(ValueError, match="no validation recording"):
        validation_windows([])
