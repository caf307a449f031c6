"""The floor: what the reference finds, clusters like DBSCAN, and motions that never stand on it."""

import numpy as np
import pytest
import torch
from sklearn.cluster import DBSCAN

from motionfit.body.model import pose_skeleton
from motionfit.datasets.contacts import ContactRule, contact_labels
from motionfit.datasets.floor import FloorRule, cluster_heights, find_floor, sole_depth
from motionfit.geometry.differences import central_velocity, velocity
from motionfit.geometry.rotations import rotation_from_axis_angle

FPS = 60.0
REFERENCE_FLOOR = FloorRule(speed=0.6, toe_height=0.01)
REFERENCE_CONTACTS = ContactRule(speed=0.6, pelvis=0.09, knees=0.09, ankles=0.09, toes=0.05, wrists=0.09)


@pytest.fixture(scope="module")
def reference(body, goldens):
    """What HuMoR's preparation makes of a file at 120 Hz, and the joints that it started from."""
    golden = goldens("amass_process")
    rotations = rotation_from_axis_angle(torch.from_numpy(golden["raw_poses"][:, :66]).unflatten(-1, (22, 3)))
    translation, betas = (torch.from_numpy(golden[name]) for name in ("raw_trans", "raw_betas"))
    double = body.to(dtype=torch.float64)
    joints = pose_skeleton(double.rest_joints(betas), translation, rotations[:, 0], rotations[:, 1:]).joints
    kept = joints[24:216]  # a tenth is cut from each end
    frames = 1 + np.linspace(0, 189, golden["proc_trans"].shape[0]).astype(int)  # and velocities cost one more
    return golden, kept, frames


def test_the_floor_is_the_references(reference):
    golden, joints, _ = reference
    finding = find_floor(joints, 120.0, REFERENCE_FLOOR, 0.01)
    assert finding.height == pytest.approx(float(golden["proc_floor_height"]), abs=1e-3)
    assert (finding.origin, finding.steps_on_objects) == ("found", False)


def test_contacts_are_the_references(reference):
    golden, joints, frames = reference
    seated = joints - torch.tensor([0.0, 0.0, float(golden["proc_floor_height"])])
    labels = contact_labels(seated, velocity(joints, 120.0, frame_axis=0), REFERENCE_CONTACTS)[frames].numpy()
    expected = golden["proc_contacts"][:, [0, 4, 5, 7, 8, 10, 11, 20, 21]]
    assert expected.sum() > 40
    # The reference takes forward differences, ours are central: labels change half a frame of 120 sooner or later.
    assert (labels == expected).mean() > 0.97


def test_velocities_are_the_references(reference):
    golden, joints, frames = reference
    ours = central_velocity(joints, 120.0, frame_axis=0)[frames - 1].numpy()
    np.testing.assert_allclose(ours, golden["proc_joints_vel"], atol=2e-5)


@pytest.mark.parametrize("seed", range(6))
def test_clusters_are_those_of_dbscan(seed):
    random = np.random.default_rng(seed)
    heights = np.concatenate([random.normal(place, 0.004, count) for place, count in ((0, 60), (0.1, 40), (0.5, 4))])
    heights = random.permutation(np.concatenate([heights, random.uniform(-1, 1, 20)]))
    ours, theirs = cluster_heights(heights, 0.005, 3), DBSCAN(eps=0.005, min_samples=3).fit(heights[:, None]).labels_
    assert ((ours < 0) == (theirs < 0)).all()
    pairs = set(zip(ours.tolist(), theirs.tolist(), strict=True))
    assert len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})
    medians = [np.median(heights[ours == cluster]) for cluster in range(ours.max() + 1)]
    assert medians == sorted(medians)


def test_no_heights_make_no_cluster():
    assert cluster_heights(np.zeros(0), 0.005, 3).shape == (0,)
    assert cluster_heights(np.array([1.0]), 0.005, 3).tolist() == [-1]


def standing(frames, level=0.0):
    """A body that stands still: toes at 2 cm, pelvis at 1 m, all else between."""
    joints = torch.full((frames, 22, 3), 0.5)
    joints[..., 2] = torch.linspace(1.0, 1.6, 22)
    joints[:, [4, 5], 2], joints[:, [7, 8], 2], joints[:, [10, 11], 2] = 0.5, 0.1, 0.02
    joints[..., 2] += level
    return joints


@pytest.mark.parametrize("level", [-0.8, 0.0, 0.3])
def test_a_standing_body_tells_the_floor_wherever_it_is(level):
    finding = find_floor(standing(60, level), FPS, FloorRule(), 0.02)
    assert finding.height == pytest.approx(level, abs=1e-5)
    assert finding.origin == "found"


def test_a_motion_that_never_touches_the_floor_stays_where_it_is():
    joints = standing(60, 2.0)
    joints[:, :, 0] += torch.arange(60)[:, None] * 0.05
    assert find_floor(joints, FPS, FloorRule(), 0.02) == (0.0, "unknown", False)


def test_a_handstand_is_not_seated_on_its_toes():
    joints = standing(120)
    joints[..., 2] = 1.8 - joints[..., 2]
    assert find_floor(joints, FPS, FloorRule(), 0.02) == (0.0, "unsure", False)


def test_stepping_on_a_box_is_seen_and_lifting_a_foot_is_not():
    up = torch.cat([standing(60), standing(60, 0.3)])
    assert find_floor(up, FPS, FloorRule(), 0.02).steps_on_objects
    lifted = standing(120)
    lifted[60:, 10, 2] += 0.3
    assert not find_floor(lifted, FPS, FloorRule(), 0.02).steps_on_objects
    brief = torch.cat([standing(60), standing(7, 0.3)])
    assert not find_floor(brief, FPS, FloorRule(), 0.02).steps_on_objects


def test_still_is_a_speed_and_not_a_step_per_frame():
    """The same motion recorded twice as fast has the same still toes."""
    time = torch.arange(240) / 120.0
    joints = standing(240)
    joints[:, [10, 11], 1] += (0.2 * torch.sin(2 * np.pi * time))[:, None]
    joints[:, [10, 11], 2] += (0.1 * (1 - torch.cos(2 * np.pi * time)))[:, None]
    heights = [find_floor(joints[::step], 120.0 / step, FloorRule(), 0.0).height for step in (1, 2)]
    assert heights[0] == pytest.approx(heights[1], abs=2e-3)


def test_the_sole_is_below_the_toe_joint(open_body, body):
    assert 0.0 < sole_depth(open_body) < 0.03
    assert sole_depth(body) >= 0.0
