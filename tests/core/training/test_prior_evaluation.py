"""Terms of the priors on held-back motion."""

from dataclasses import replace

import pytest
import torch

from motionfit.datasets.clips import labelled_states, read_clips
from motionfit.errors import InputError
from motionfit.priors.checkpoints import load_initial_state
from motionfit.priors.motion import MotionPrior, MotionPriorWidths
from motionfit.priors.pose import PosePrior
from motionfit.priors.state import MotionState, local_frame, to_local
from motionfit.training.evaluation_data import read_evaluation_data
from motionfit.training.mixture_evaluation import evaluate_mixture, states_of
from motionfit.training.motion_evaluation import validation_windows
from motionfit.training.motion_terms import contact_scores, motion_terms
from motionfit.training.pose_evaluation import evaluate_pose_prior, pose_terms
from motionfit.training.posed_body import PosedBody
from motionfit.training.prior_evaluation import evaluate_initial_state, evaluate_motion, evaluate_pose


@pytest.fixture(scope="module")
def recordings(collection, body):
    return [labelled_states(clip, body) for clip in read_clips(collection / "train", body)[1:]]


@pytest.fixture(scope="module")
def data(collection, body):
    return read_evaluation_data(collection, body)


def still_prior():
    prior = MotionPrior(MotionPriorWidths((32,), (32,), (32, 32))).eval()
    with torch.no_grad():
        for parameter in prior.decoder.net[-1].parameters():
            parameter.zero_()
    return prior


def test_every_term_is_zero_where_nothing_moves_and_nothing_is_predicted(recordings, body):
    windows = validation_windows(recordings, 10)
    still = MotionState.unpack(windows.states.pack()[:, :1].expand(-1, 10, -1))
    found = motion_terms(still_prior(), replace(windows, states=still), body)
    regression = [name for name in found if not name.startswith(("contact", "kl", "nll"))]
    assert len(regression) == 10
    assert all(found[name] < 1e-10 for name in regression)
    moving = motion_terms(still_prior(), windows, body)
    assert all(moving[name] > found[name] for name in ("translation", "joints", "body_joints", "body_points"))


def test_contact_scores_count():
    predicted = torch.tensor([[True, True, True, False] + [False] * 5])
    true = torch.tensor([[True, False, True, True] + [False] * 5])
    found = contact_scores(predicted, true)
    assert found["contacts_accuracy"] == pytest.approx(7 / 9)
    assert found["contacts_precision"] == pytest.approx(2 / 3)
    assert found["contacts_recall"] == pytest.approx(2 / 3)
    assert set(contact_scores(predicted & False, true & False)) == {"contacts_accuracy"}


def test_drawn_windows_are_some_of_all(recordings):
    windows = validation_windows(recordings * 3, 10)
    drawn = windows.drawn(2, seed=1)
    assert drawn.states.translation.shape[0] == len(drawn.betas) == len(drawn.contacts) == 2
    rows = windows.states.pack().flatten(1)
    assert all(bool((rows == row).all(1).any()) for row in drawn.states.pack().flatten(1))
    assert windows.drawn(100, seed=1) is windows


def test_the_mixture_sees_states_where_they_are_local(recordings):
    mixture = load_initial_state()
    states = states_of(recordings, 1000, seed=0)
    local = to_local(states, local_frame(states), states.trans_to_joint())
    expected = mixture.log_likelihood(
        local.joints, local.joint_velocities, local.linear_velocity, local.angular_velocity
    )
    assert evaluate_mixture(mixture, states)["log_likelihood"] == pytest.approx(float(expected.mean()), rel=1e-3)
    assert states_of(recordings, 5, seed=0).translation.shape == (5, 3)


def test_the_loss_of_validation_is_that_of_the_whole_mesh(open_body, walking):
    torch.manual_seed(0)
    prior = PosePrior().eval()
    poses = walking.body_pose.repeat(4, 1, 1, 1)
    found = pose_terms(prior, poses, open_body)
    with torch.no_grad():
        whole = evaluate_pose_prior(prior, poses, PosedBody.whole(open_body))
    assert found["val_loss"] == found["v2v"] == pytest.approx(whole["v2v"], rel=1e-5)
    assert found["joints"] == pytest.approx(whole["joints"], rel=1e-5)
    assert found["v2v_points"] != found["v2v"]


def test_splits_are_those_that_there_are(data, body):
    torch.manual_seed(0)
    assert list(data.splits) == ["train", "val"]
    assert set(evaluate_pose(PosePrior().eval(), data, body, 0)["splits"]) == {"train", "val"}
    measured = evaluate_initial_state(load_initial_state(), data, body, 0)["splits"]
    assert measured["train"]["states"] == 2 * 38
    assert measured["val"]["states"] == 28


def test_equipment_counts_for_poses_only(data):
    assert len(data.splits["train"]) == 3
    assert len(data.flat("train")) == 2
    assert data.flat("test") == []


def test_motion_has_terms_samples_and_something_to_hold_them_against(data, body):
    found = evaluate_motion(still_prior(), data, body, 0)
    terms = found["splits"]["val"]
    for name in ("translation", "body_points", "contacts_recall", "closed_joints", "open_drift", "kl", "closed_nll"):
        assert name in terms
    assert terms["rolled_steps"] == 27
    assert found["recorded"]["plausible"] == 1.0
    assert found["samples"]["runs"] == 200


@pytest.mark.parametrize(("frames", "found"), [(3, "val: 1"), (None, "no dataset|is not a dataset|no manifest")])
def test_data_that_nothing_can_be_judged_by_is_refused(tmp_path, body, write, frames, found):
    if frames is not None:
        write(tmp_path / "val" / "short.npz", frames, 0)
    with pytest.raises(InputError, match=found):
        read_evaluation_data(tmp_path, body)


def test_validation_motion_must_be_on_the_floor(tmp_path, body, write):
    write(tmp_path / "val" / "stairs.npz", 20, 0, floor="equipment")
    with pytest.raises(InputError, match="on a flat floor"):
        read_evaluation_data(tmp_path, body)
