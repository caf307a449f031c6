import math

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation
from skeleton_files import (
    METRES_PER_CMU_UNIT,
    Performance,
    bvh_text,
    cmu_bvh_text,
    daz_joints,
    perform,
    standing_places,
    t_pose_joints,
    waving,
    write_acclaim,
)

from motionfit.body.model import pose_skeleton
from motionfit.files.asf_amc import read_amc
from motionfit.files.bvh import read_bvh
from motionfit.geometry.rotations import axis_angle_from_rotation, geodesic_angle, rotation_from_axis_angle
from motionfit.retarget.alignment import half_twisted, leg_scale, retarget, smallest_rotation

LIMBS = ((1, 4), (2, 5), (4, 7), (5, 8), (16, 18), (17, 19), (18, 20), (19, 21))
KNEES_AND_ELBOWS = (4, 5, 18, 19)
FROM_Z_UP = torch.tensor([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]], dtype=torch.float64)
FRAMES = 30


@pytest.fixture(scope="module")
def body(open_body):
    return open_body.to(dtype=torch.float64)


@pytest.fixture(scope="module")
def rest(body):
    return body.rest_joints(torch.zeros(16, dtype=torch.float64))


@pytest.fixture
def read(tmp_path):
    """The rig of a BVH text."""

    def from_text(text, **how):
        path = tmp_path / "take.bvh"
        path.write_text(text)
        return read_bvh(path, **how)

    return from_text


def posed(motion, rest):
    """Joints and rotations with y up, as the rig has it."""
    found = pose_skeleton(rest, motion.translation, motion.root_orientation, motion.body_pose)
    return found.joints @ FROM_Z_UP.T, FROM_Z_UP @ found.rotations


def directions(joints, bones=LIMBS):
    bones = torch.stack([joints[..., end, :] - joints[..., start, :] for start, end in bones], -2)
    return bones / bones.norm(dim=-1, keepdim=True)


def degrees_between(first, second):
    return torch.rad2deg(2 * torch.asin(((first - second).norm(dim=-1) / 2).clamp(max=1)))


def limb_error_degrees(motion, rig, rest):
    joints, _ = posed(motion, rest)
    source = rig.positions[:, list(rig.joint_map.joints)]
    return degrees_between(directions(joints), directions(source))


def test_limbs_point_where_those_of_a_bvh_point(read, body, rest):
    joints = t_pose_joints()
    rig = read(bvh_text(joints, waving(joints, FRAMES), standing_places(FRAMES)))
    assert float(limb_error_degrees(retarget(rig, body), rig, rest).max()) < 1e-6


def test_limbs_point_where_those_of_an_amc_point(tmp_path, body, rest):
    rig = read_amc(write_acclaim(tmp_path, perform()))
    assert float(limb_error_degrees(retarget(rig, body), rig, rest).max()) < 1e-6


def test_the_rate_is_kept_and_the_shape_is_the_mean(tmp_path, body):
    rig = read_amc(write_acclaim(tmp_path, perform(20)))
    motion = retarget(rig, body)
    assert (motion.fps, motion.frames, motion.gender) == (120.0, 20, body.gender)
    assert motion.translation.dtype == torch.float64
    assert not bool(motion.betas.any())


def test_one_performance_in_two_formats_is_one_motion(tmp_path, read, body, rest):
    performance = perform()
    from_amc = retarget(read_amc(write_acclaim(tmp_path, performance)), body)
    orders = {"LeftArm": "yzx", "Hips": "xyz", "RightLeg": "zyx", "Head": "yxz"}
    from_bvh = retarget(read(cmu_bvh_text(performance, orders)), body)
    hinges = [joint - 1 for joint in KNEES_AND_ELBOWS]
    apart = geodesic_angle(from_amc.body_pose[:, hinges], from_bvh.body_pose[:, hinges])
    assert math.degrees(float(apart.max())) < 0.01
    assert float((posed(from_amc, rest)[0] - posed(from_bvh, rest)[0]).norm(dim=-1).max()) < 1e-5


def test_a_knee_bends_by_the_angle_of_its_dof(tmp_path, body, rest):
    performance = perform()
    joints, _ = posed(retarget(read_amc(write_acclaim(tmp_path, performance)), body), rest)
    bones = directions(joints)
    for side, bone in enumerate(("ltibia", "rtibia")):
        bend = degrees_between(bones[:, side], bones[:, 2 + side])
        torch.testing.assert_close(bend, torch.from_numpy(performance.angles[bone][:, 0]), atol=0.3, rtol=0)


def test_splayed_legs_of_the_rest_pose_come_out_as_they_are_and_feet_point_ahead(tmp_path, body, rest):
    """Hips turned in by 20 degrees stand straight: legs down, feet as in the T-pose of the body."""
    performance = perform(5, size=0.0)
    splay = {"lfemur": [0, 0, -20.0], "rfemur": [0, 0, 20.0]}
    angles = performance.angles | {bone: np.tile(turn, (5, 1)) for bone, turn in splay.items()}
    straight = Performance(angles, performance.root_place, 0 * performance.root_angles)
    motion = retarget(read_amc(write_acclaim(tmp_path, straight)), body)
    joints, rotations = posed(motion, rest)
    down = torch.tensor([0.0, -1, 0]).double()
    assert float(degrees_between(directions(joints, LIMBS[:4]), down).max()) < 1e-6
    upright = torch.eye(3).double().expand(5, 4, 3, 3)
    assert math.degrees(float(geodesic_angle(rotations[:, [7, 8, 10, 11]], upright).max())) < 1e-4


def test_legs_of_the_body_are_those_of_the_rig_scaled(read, body, rest):
    joints = t_pose_joints(scale=0.8)
    rig = read(bvh_text(joints, {}, standing_places(FRAMES) * 0.8), unit="cm")
    lengths = [math.dist((0, 0, 0), offset) * 0.008 for offset in ((1, -40, 1), (-1, -42, -3))]
    own = [float((rest[lower] - rest[upper]).norm()) for upper, lower in ((1, 4), (4, 7))]
    assert leg_scale(rig, rest) == pytest.approx(sum(own) / sum(lengths), rel=1e-3)


def test_hips_follow_those_of_the_rig_at_the_scale_of_the_legs(read, body, rest):
    joints = t_pose_joints()
    rig = read(bvh_text(joints, waving(joints, FRAMES), standing_places(FRAMES)))
    found, _ = posed(retarget(rig, body), rest)
    source = rig.positions[:, list(rig.joint_map.joints)]
    middle = source[:, 1:3].mean(1) * leg_scale(rig, rest)
    torch.testing.assert_close(found[:, 1:3].mean(1), middle)


def test_trunk_and_head_turn_as_in_the_rig(read, body, rest):
    joints = t_pose_joints()
    waves = waving(joints, FRAMES)
    _, rotations = posed(retarget(read(bvh_text(joints, waves, standing_places(FRAMES))), body), rest)
    turned = np.eye(3)
    for name, joint in (("Hips", 0), ("Spine", 3), ("Spine1", 6), ("Spine2", 9), ("Neck", 12), ("Head", 15)):
        turned = turned @ waves[name]
        np.testing.assert_allclose(rotations[:, joint].numpy(), turned, atol=1e-6)


def test_the_neck_turns_half_way_between_lower_and_upper_neck(tmp_path, body):
    performance = perform(10, size=0.0)
    angles = performance.angles | {
        "lowerneck": np.tile([10.0, 0, 0], (10, 1)), "upperneck": np.tile([20.0, 0, 0], (10, 1)),
        "head": np.tile([5.0, 0, 0], (10, 1)),
    }  # fmt: skip
    performance = Performance(angles, performance.root_place, performance.root_angles)
    motion = retarget(read_amc(write_acclaim(tmp_path, performance)), body)
    turns = torch.rad2deg(axis_angle_from_rotation(motion.body_pose[0, [11, 14]]))
    torch.testing.assert_close(turns, torch.tensor([[20.0, 0, 0], [15.0, 0, 0]]).double(), atol=1e-4, rtol=0)


def test_half_of_the_twist_of_a_wrist_is_the_forearms(tmp_path, body):
    """Also beyond 180 degrees, where a slerp between elbow and hand would flip."""
    performance = perform(60, size=0.0)
    twist = np.linspace(0, 300, 60)[:, None]
    still, turned = (
        retarget(
            read_amc(
                write_acclaim(
                    tmp_path, Performance(performance.angles | {"lwrist": angle}, *2 * (0 * performance.root_place,))
                )
            ),
            body,
        )
        for angle in (0 * twist, twist)
    )
    elbow = axis_angle_from_rotation(still.body_pose[:, 17].mT @ turned.body_pose[:, 17])
    angles = torch.rad2deg(elbow.norm(dim=-1))
    torch.testing.assert_close(angles, torch.from_numpy(twist[:, 0] / 2), atol=1e-3, rtol=0)
    steps = geodesic_angle(turned.body_pose[1:], turned.body_pose[:-1])
    assert math.degrees(float(steps.max())) < 300 / 59 + 0.1


def test_half_twisted_does_nothing_without_a_twist():
    forearm = rotation_from_axis_angle(torch.randn(9, 3, generator=torch.Generator().manual_seed(1)).double())
    axis = torch.tensor([1.0, 0, 0]).double()
    torch.testing.assert_close(half_twisted(forearm, forearm, axis), forearm)


def test_bent_drawn_knees_and_elbows_of_daz_mean_straight_ones(read, body, rest):
    """In its zero pose thigh and shin stand in line, and so do upper arm and forearm."""
    rig = read(bvh_text(daz_joints(), {}, standing_places(3), "0.008"))
    joints, _ = posed(retarget(rig, body), rest)
    source = directions(rig.reference_positions[list(rig.joint_map.joints)])
    thighs, shins, upper_arms, forearms = directions(joints)[0].reshape(4, 2, 3)
    drawn_thighs, drawn_shins, drawn_arms, drawn_forearms = source.reshape(4, 2, 3)
    assert float(degrees_between(drawn_thighs, drawn_shins).min()) > 6.5
    assert float(degrees_between(drawn_arms, drawn_forearms).min()) > 16
    assert float(degrees_between(thighs, drawn_shins).max()) < 1e-6
    assert float(degrees_between(shins, drawn_shins).max()) < 1e-6
    assert float(degrees_between(upper_arms, drawn_arms).max()) < 1e-6
    assert float(degrees_between(forearms, drawn_arms).max()) < 1e-6


def test_what_a_rig_lacks_does_not_turn(read, body):
    joints = t_pose_joints(lacking=("foot", "collar", "neck"))
    rig = read(bvh_text(joints, waving(joints, FRAMES), standing_places(FRAMES)))
    pose = retarget(rig, body).body_pose
    still = torch.eye(3).double().expand(FRAMES, 5, 3, 3)
    torch.testing.assert_close(pose[:, [joint - 1 for joint in (10, 11, 12, 13, 14)]], still)


def test_z_is_up_and_the_translation_is_from_the_rest_root(read, body, rest):
    joints = t_pose_joints()
    rig = read(bvh_text(joints, {}, np.array([[0, 96.0, 0], [0, 96.0, 50.0]])))
    motion = retarget(rig, body)
    scale = leg_scale(rig, rest)
    moved = motion.translation[1] - motion.translation[0]
    torch.testing.assert_close(moved, torch.tensor([0.0, -0.5 * scale, 0.0]).double())
    pelvis = motion.translation[0] + rest[0]
    assert float(pelvis[2]) == pytest.approx(float(rig.positions[0, 1:, 1].max()) * scale, abs=1.5)
    torch.testing.assert_close(
        motion.root_orientation[0], torch.tensor([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]]).double(), atol=1e-9, rtol=0
    )


@pytest.mark.parametrize("seed", range(5))
def test_the_smallest_rotation_turns_one_direction_into_another(seed):
    start, end = torch.randn(2, 3, generator=torch.Generator().manual_seed(seed)).double()
    rotation = smallest_rotation(start, end)
    torch.testing.assert_close(rotation @ start / start.norm(), end / end.norm())
    expected = Rotation.align_vectors(end.numpy()[None], start.numpy()[None])[0].magnitude()
    assert float(axis_angle_from_rotation(rotation).norm()) == pytest.approx(expected, abs=1e-6)


def test_the_smallest_rotation_to_the_opposite_direction():
    start = torch.tensor([0.0, 2, 0]).double()
    torch.testing.assert_close(smallest_rotation(start, -start) @ start, -start)


def test_the_unit_of_the_formula_is_that_of_the_file(tmp_path, body, rest):
    rig = read_amc(write_acclaim(tmp_path, perform(5)))
    assert leg_scale(rig, rest) == pytest.approx(
        sum(float((rest[b] - rest[a]).norm()) for a, b in LIMBS[:4]) / 2 / ((6.9 + 7.4) * METRES_PER_CMU_UNIT)
    )
