"""The weights that come with MotionFit: their cards, their size, and that they know more than untrained nets."""

import formulas
import numpy as np
import pytest
import torch

from motionfit.body.load import load_body, open_body_path
from motionfit.datasets.clips import Clip, labelled_states, read_clips
from motionfit.geometry.rotations import geodesic_angle, rotation_from_axis_angle
from motionfit.priors.checkpoints import KINDS, load_priors, read_card, shipped_path
from motionfit.priors.motion import MotionPrior
from motionfit.priors.pose import PosePrior, identity_bias
from motionfit.priors.rollout import reconstruct
from motionfit.priors.state import local_frame, to_local
from motionfit.training.motion_evaluation import evaluate_motion_prior, validation_windows
from motionfit.training.pose_evaluation import evaluate_pose_prior
from motionfit.training.posed_body import PosedBody

MEGABYTE = 1e6


@pytest.fixture(scope="module")
def priors():
    return load_priors()


@pytest.fixture(scope="module")
def body():
    return load_body(open_body_path())


@pytest.fixture(scope="module")
def walk(body):
    """Two seconds of the walk by formula on the open body."""
    translation, root, pose, _ = (torch.from_numpy(part.astype(np.float32)) for part in formulas.walk(62))
    rest = body.rest_joints(torch.zeros(16))
    clip = Clip(
        name="walk",
        kind="walk",
        floor="flat",
        root=translation + rest[0],
        root_orientation=rotation_from_axis_angle(root),
        body_pose=rotation_from_axis_angle(pose.unflatten(-1, (21, 3))),
        made_for=rest,
        betas=torch.zeros(16),
    )
    return labelled_states(clip, body).states


def test_files_are_small_and_their_cards_complete():
    paths = [shipped_path(kind) for kind in KINDS]
    assert sum(path.stat().st_size for path in paths) < 25 * MEGABYTE
    for kind, path in zip(KINDS, paths, strict=True):
        card = read_card(path)
        assert card["kind"] == kind
        assert card["licence"] == "CC BY-SA 3.0"
        assert {"CMU", "HDM05", "DeepMimic", "MASS"} == set(card["acknowledgements"])
        assert len(card["data"]["sha256"]) == 64
        assert card["data"]["train"]["clips"] > 280
        assert (path.parent / card["curves"]).is_file()
        assert card["metrics"]
        assert len(card["body"]["sha256"]) == 64


def test_the_pose_prior_knows_walking_poses(priors, walk):
    torch.manual_seed(0)
    untrained = PosePrior().eval().requires_grad_(False)
    identity_bias(untrained)
    errors = [
        float(geodesic_angle(prior.decode(prior.encode(walk.body_pose)[0]), walk.body_pose).mean())
        for prior in (priors.pose, untrained)
    ]
    assert errors[0] < 0.15
    assert errors[0] < 0.6 * errors[1]


def test_the_motion_prior_follows_a_walk(priors, walk):
    torch.manual_seed(0)
    untrained = MotionPrior(priors.motion.widths).requires_grad_(False)
    truth = walk.map(lambda tensor: tensor.unsqueeze(0))
    errors = [
        float((reconstruct(prior, truth).states.joints - truth.joints).norm(dim=-1).mean())
        for prior in (priors.motion, untrained)
    ]
    assert errors[0] < 0.08
    assert errors[0] < 0.2 * errors[1]


def test_the_initial_state_knows_which_way_is_up(priors, walk):
    local = to_local(walk, local_frame(walk), walk.trans_to_joint())
    upright, fallen = (
        priors.initial_state.log_likelihood(
            joints, local.joint_velocities, local.linear_velocity, local.angular_velocity
        ).mean()
        for joints in (local.joints, local.joints * torch.tensor([1.0, 1.0, -1.0]))
    )
    assert upright > fallen + 100


def test_held_back_motion_is_followed(priors, body, shared_mocap):
    clips = [clip for clip in read_clips(shared_mocap / "val", body) if clip.floor == "flat"]
    poses = torch.cat([clip.body_pose for clip in clips])[::10]
    measured = evaluate_pose_prior(priors.pose, poses, PosedBody.of(body))
    assert measured["v2v"] < 0.03
    windows = validation_windows([labelled_states(clip, body) for clip in clips if clip.frames > 61])
    motion = evaluate_motion_prior(priors.motion, windows)
    assert motion["closed_joints"] < 0.04
    assert motion["closed_drift"] < 0.06
    assert motion["contact_accuracy"] > 0.9
