import math

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation
from skeleton_files import Joint, bvh_text, program_name, standing_places, t_pose_joints, waving

from motionfit.body.model import pose_skeleton
from motionfit.body.skeleton import JOINT_NAMES
from motionfit.errors import InputError
from motionfit.files.bvh import read_bvh
from motionfit.geometry.rotations import geodesic_angle
from motionfit.retarget.alignment import retarget
from motionfit.retarget.reference import stands_straight

FRAMES = 40
JOINTS = t_pose_joints()
UPRIGHT = Rotation.from_euler("x", 90, degrees=True)
LIMB_JOINTS = [joint - 1 for joint in (1, 2, 4, 5, 16, 17, 18, 19)]


@pytest.fixture
def read(tmp_path):
    def from_text(text, name="take.bvh", **how):
        path = tmp_path / name
        path.write_text(text)
        return read_bvh(path, **how)

    return from_text


@pytest.fixture(scope="module")
def body(open_body):
    return open_body.to(dtype=torch.float64)


def meaningless(joints, turns, rotations):
    """The same motion with the frame of every joint turned: its zero pose is anything.

    A joint's new frame is its old one times its turn, so that offsets and local rotations change with it.
    """
    parents = {joint.name: joint.parent for joint in joints}
    one = Rotation.identity()
    new_joints = [
        Joint(joint.name, joint.parent, tuple(turns.get(joint.parent, one).inv().apply(joint.offset)))
        for joint in joints
    ]
    new_rotations = {}
    for joint in joints:
        above, own = turns.get(parents[joint.name], one).as_matrix(), turns.get(joint.name, one).as_matrix()
        new_rotations[joint.name] = above.T @ rotations[joint.name] @ own
    return new_joints, new_rotations


def scrambled_limbs():
    """Turns that leave no limb where it belongs."""
    limbs = [joint.name for joint in JOINTS if joint.name.startswith(("Left", "Right"))]
    return {name: Rotation.random(random_state=index) for index, name in enumerate(limbs)}


def bending():
    """Motion with trunk, hands and feet nearly still, and knees and elbows that bend about their hinges."""
    waves = waving(JOINTS, FRAMES, 0.02)
    time = np.arange(FRAMES)[:, None] / FRAMES
    bend = 0.8 + 0.6 * np.sin(2 * np.pi * time)
    # The hinge of an elbow stands 30 degrees off the vertical in a T-pose with the palms down.
    hinges = {"LeftLeg": (1, 0, 0), "RightLeg": (1, 0, 0)}
    hinges |= {"LeftForeArm": (0, -0.866, 0.5), "RightForeArm": (0, 0.866, -0.5)}
    for name, hinge in hinges.items():
        waves[name] = Rotation.from_rotvec(bend * np.array(hinge)).as_matrix()
    for name, sign in (("LeftUpLeg", 1), ("RightUpLeg", -1), ("LeftArm", 1), ("RightArm", -1)):
        turn = np.concatenate([sign * 0.5 * np.sin(6 * time), 0.3 * time, 0.4 * np.cos(5 * time)], 1)
        waves[name] = Rotation.from_rotvec(turn).as_matrix()
    return waves


def test_a_zero_pose_that_stands_is_the_reference(read):
    rig = read(bvh_text(JOINTS, waving(JOINTS, FRAMES), standing_places(FRAMES)))
    torch.testing.assert_close(rig.reference_rotations, torch.eye(3).double().repeat(len(rig.names), 1, 1))
    assert rig.warnings == ()


def test_a_first_frame_in_a_t_pose_is_the_reference_when_the_zero_pose_is_not(read, body):
    """Whatever the zero pose is: the motion is the same as with a zero pose that means something."""
    waves = waving(JOINTS, FRAMES)
    for name in waves:
        waves[name][0] = np.eye(3)
    places = standing_places(FRAMES)
    expected = retarget(read(bvh_text(JOINTS, waves, places)), body)
    joints, rotations = meaningless(JOINTS, scrambled_limbs(), waves)
    rig = read(bvh_text(joints, rotations, places))
    assert rig.warnings == ()
    found = retarget(rig, body)
    assert float(geodesic_angle(found.body_pose, expected.body_pose).max()) < 1e-4
    torch.testing.assert_close(found.translation, expected.translation, atol=1e-5, rtol=0)


def test_a_first_frame_may_face_anywhere(read, body):
    waves = waving(JOINTS, FRAMES)
    for name in waves:
        waves[name][0] = np.eye(3)
    places = standing_places(FRAMES)
    expected = retarget(read(bvh_text(JOINTS, waves, places)), body)
    heading = Rotation.from_euler("y", 70, degrees=True).as_matrix()
    joints, rotations = meaningless(JOINTS, scrambled_limbs(), waves | {"Hips": heading @ waves["Hips"]})
    found = retarget(read(bvh_text(joints, rotations, places @ heading.T)), body)
    assert float(geodesic_angle(found.body_pose, expected.body_pose).max()) < 1e-4


def test_a_reference_file_gives_the_t_pose(read, body, tmp_path):
    waves, places = waving(JOINTS, FRAMES), standing_places(FRAMES)
    expected = retarget(read(bvh_text(JOINTS, waves, places)), body)
    still = {name: np.eye(3) for name in waves}
    joints, rotations = meaningless(JOINTS, scrambled_limbs(), still)
    reference = tmp_path / "t.bvh"
    reference.write_text(bvh_text(joints, rotations, places[:2]))
    joints, rotations = meaningless(JOINTS, scrambled_limbs(), waves)
    found = retarget(read(bvh_text(joints, rotations, places), reference=reference), body)
    assert float(geodesic_angle(found.body_pose, expected.body_pose).max()) < 1e-4


def test_a_reference_that_is_no_t_pose_is_told(read, tmp_path):
    bent = waving(JOINTS, 2, 0.9)
    reference = tmp_path / "t.bvh"
    reference.write_text(bvh_text(JOINTS, bent, standing_places(2)))
    with pytest.raises(InputError, match=r"t\.bvh: the first frame is no T-pose"):
        read(bvh_text(JOINTS, bent, standing_places(2)), reference=reference)


def test_a_t_pose_is_built_from_how_knees_and_elbows_bend(read, body):
    waves, places = bending(), standing_places(FRAMES)
    expected = retarget(read(bvh_text(JOINTS, waves, places)), body)
    joints, rotations = meaningless(JOINTS, scrambled_limbs(), waves)
    rig = read(bvh_text(joints, rotations, places))
    assert "was built from how knees and elbows bend" in " ".join(rig.warnings)
    found = retarget(rig, body)
    # The body's limbs are not quite along the axes; the rest is what hinges can tell.
    apart = geodesic_angle(found.body_pose[:, LIMB_JOINTS], expected.body_pose[:, LIMB_JOINTS])
    assert math.degrees(float(apart.max())) < 5


def test_limbs_point_right_with_a_built_t_pose(read, body):
    """Seen from the body, as the way from the pelvis of the rig to that of the body is a guess."""
    joints, rotations = meaningless(JOINTS, scrambled_limbs(), bending())
    rig = read(bvh_text(joints, rotations, standing_places(FRAMES)))
    motion = retarget(rig, body)
    posed = pose_skeleton(body.rest_joints(motion.betas), motion.translation, motion.root_orientation, motion.body_pose)
    for upper, middle, end in ((1, 4, 7), (2, 5, 8), (16, 18, 20), (17, 19, 21)):
        bends = []
        for places in (rig.positions[:, list(rig.joint_map.joints)], posed.joints):
            first, second = places[:, middle] - places[:, upper], places[:, end] - places[:, middle]
            bends.append((first * second).sum(-1) / first.norm(dim=-1) / second.norm(dim=-1))
        torch.testing.assert_close(bends[0], bends[1], atol=1e-6, rtol=0)


def test_limbs_that_never_bend_get_a_t_pose_too(read, body):
    still = {joint.name: np.tile(np.eye(3), (FRAMES, 1, 1)) for joint in JOINTS}
    raised = Rotation.from_euler("z", 60, degrees=True).as_matrix()
    still["LeftArm"] = np.tile(raised, (FRAMES, 1, 1))
    joints, rotations = meaningless(JOINTS, scrambled_limbs(), still)
    motion = retarget(read(bvh_text(joints, rotations, standing_places(FRAMES))), body)
    assert bool(motion.body_pose.isfinite().all())


def test_a_file_with_z_up_is_turned(read, body):
    """Offsets, places and rotations of the same motion, all in a world with z up."""
    waves, places = waving(JOINTS, FRAMES), standing_places(FRAMES)
    expected = retarget(read(bvh_text(JOINTS, waves, places)), body)
    matrix = UPRIGHT.as_matrix()
    joints = [Joint(joint.name, joint.parent, tuple(UPRIGHT.apply(joint.offset))) for joint in JOINTS]
    turned = {name: matrix @ rotation @ matrix.T for name, rotation in waves.items()}
    found = retarget(read(bvh_text(joints, turned, places @ matrix.T)), body)
    torch.testing.assert_close(found.body_pose, expected.body_pose, atol=1e-6, rtol=0)
    torch.testing.assert_close(found.root_orientation, expected.root_orientation, atol=1e-6, rtol=0)
    torch.testing.assert_close(found.translation, expected.translation, atol=1e-6, rtol=0)


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_zero_pose_that_faces_elsewhere_is_turned(read, body, quarters):
    waves, places = waving(JOINTS, FRAMES), standing_places(FRAMES)
    expected = retarget(read(bvh_text(JOINTS, waves, places)), body)
    turn = Rotation.from_euler("y", 90 * quarters, degrees=True)
    matrix = turn.as_matrix()
    joints = [Joint(joint.name, joint.parent, tuple(turn.apply(joint.offset))) for joint in JOINTS]
    turned = {name: matrix @ rotation @ matrix.T for name, rotation in waves.items()}
    found = retarget(read(bvh_text(joints, turned, places @ matrix.T)), body)
    torch.testing.assert_close(found.body_pose, expected.body_pose, atol=1e-6, rtol=0)


def standing(arm_angle=0.0, elbow=0.0, knee=0.0, trunk=0.0):
    """22 places of somebody whose arms hang by an angle, with bends in degrees."""
    places = {}
    turns = {"Arm": ("z", -arm_angle), "ForeArm": ("y", -elbow), "Leg": ("x", knee), "Spine": ("x", trunk)}
    rotations = {}
    for joint in JOINTS:
        mirrored = -1 if joint.name.startswith("Right") else 1
        axis, angle = turns.get(joint.name.removeprefix("Left").removeprefix("Right"), ("x", 0))
        sign = mirrored if axis in "yz" else 1
        above = rotations.get(joint.parent, Rotation.identity())
        places[joint.name] = places.get(joint.parent, np.zeros(3)) + above.apply(joint.offset)
        rotations[joint.name] = above * Rotation.from_euler(axis, sign * angle, degrees=True)
    found = []
    for name in JOINT_NAMES:
        side, _, limb = name.rpartition("_")
        found.append(places[program_name(limb if side else name, side)])
    return torch.from_numpy(np.array(found))


@pytest.mark.parametrize("pose", [{}, {"arm_angle": 45}, {"arm_angle": 80}, {"elbow": 17, "knee": 7}])
def test_t_poses_a_poses_and_hanging_arms_stand_straight(pose):
    assert stands_straight(standing(**pose))


@pytest.mark.parametrize("pose", [{"arm_angle": -40}, {"elbow": 60}, {"knee": 60}, {"trunk": 70}])
def test_raised_arms_and_bent_limbs_do_not_stand_straight(pose):
    assert not stands_straight(standing(**pose))


def test_a_mirrored_person_does_not_stand_straight():
    assert not stands_straight(standing() * torch.tensor([-1.0, 1, 1]).double())
