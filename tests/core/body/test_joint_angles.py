import math

import pytest
import torch

from motionfit.body.joint_angles import joint_angles
from motionfit.body.skeleton import JOINT_NAMES, MIRROR
from motionfit.geometry.rotations import rotation_from_axis_angle
from motionfit.motion import Motion

LEFT, UP, AHEAD = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)
FACING_Y = torch.tensor([[-1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]])


def turn(axis, degrees):
    return rotation_from_axis_angle(math.radians(degrees) * torch.tensor(axis))


def angles(root=FACING_Y, **joints):
    """Angles of one frame with hanging arms but for the given joint rotations."""
    pose = torch.eye(3).repeat(1, 21, 1, 1)
    hanging = {"left_shoulder": turn(AHEAD, -90.0), "right_shoulder": turn(AHEAD, 90.0)}
    for name, rotation in {**hanging, **joints}.items():
        pose[0, JOINT_NAMES.index(name) - 1] = rotation
    motion = Motion(30.0, torch.zeros(1, 3), root[None], pose, torch.zeros(16))
    return {name: float(value[0]) for name, value in joint_angles(motion).items()}


def test_standing_with_hanging_arms_is_zero_but_for_the_plane_that_is_undefined():
    assert {name: value for name, value in angles().items() if abs(value) > 1e-3 and "plane" not in name} == {}


@pytest.mark.parametrize(
    ("joint", "axis", "degrees", "name", "expected"),
    [
        ("left_knee", LEFT, 60.0, "knee_flexion_left", 60.0),
        ("right_knee", LEFT, 60.0, "knee_flexion_right", 60.0),
        ("left_hip", LEFT, -40.0, "hip_flexion_left", 40.0),
        ("left_hip", AHEAD, 25.0, "hip_abduction_left", 25.0),
        ("right_hip", AHEAD, -25.0, "hip_abduction_right", 25.0),
        ("left_hip", UP, -15.0, "hip_rotation_left", 15.0),
        ("right_hip", UP, 15.0, "hip_rotation_right", 15.0),
        ("right_ankle", LEFT, -12.0, "ankle_dorsiflexion_right", 12.0),
        ("left_ankle", AHEAD, -8.0, "ankle_inversion_left", 8.0),
        ("spine2", LEFT, 30.0, "lumbar_flexion", 30.0),
        ("spine1", AHEAD, -10.0, "lumbar_bending", 10.0),
        ("head", UP, 35.0, "neck_rotation", 35.0),
        ("left_elbow", UP, -70.0, "elbow_flexion_left", 70.0),
        ("right_elbow", UP, 70.0, "elbow_flexion_right", 70.0),
        ("left_elbow", LEFT, 20.0, "forearm_pronation_left", 20.0),
        ("right_elbow", LEFT, 20.0, "forearm_pronation_right", 20.0),
    ],
)
def test_one_turn_is_one_angle(joint, axis, degrees, name, expected):
    found = angles(**{joint: turn(axis, degrees)})
    assert found[name] == pytest.approx(expected, abs=1e-3)
    others = {n: v for n, v in found.items() if n != name and abs(v) > 1e-3 and "plane" not in n}
    assert others == {}


@pytest.mark.parametrize(("side", "sign"), [("left", 1.0), ("right", -1.0)])
def test_an_arm_in_the_t_pose_is_abducted_and_one_ahead_is_flexed(side, sign):
    beside = angles(**{f"{side}_shoulder": torch.eye(3)})
    assert beside[f"shoulder_elevation_{side}"] == pytest.approx(90.0, abs=1e-3)
    assert beside[f"shoulder_plane_{side}"] == pytest.approx(0.0, abs=1e-3)
    assert beside[f"shoulder_rotation_{side}"] == pytest.approx(0.0, abs=1e-3)
    ahead = angles(**{f"{side}_shoulder": turn(LEFT, -80.0) @ turn(AHEAD, -90.0 * sign)})
    assert ahead[f"shoulder_elevation_{side}"] == pytest.approx(80.0, abs=1e-3)
    assert ahead[f"shoulder_plane_{side}"] == pytest.approx(90.0, abs=1e-3)
    assert ahead[f"shoulder_rotation_{side}"] == pytest.approx(0.0, abs=1e-2)


@pytest.mark.parametrize(
    ("axis", "degrees", "name"),
    [(UP, 50.0, "pelvis_rotation"), (AHEAD, 7.0, "pelvis_list"), (LEFT, 20.0, "pelvis_tilt")],
)
def test_the_pelvis_turns_to_the_left_lists_up_on_the_left_and_tilts_forwards(axis, degrees, name):
    found = angles(root=FACING_Y @ turn(axis, degrees))
    assert found[name] == pytest.approx(degrees, abs=1e-3)
    assert {n for n in found if n.startswith("pelvis") and abs(found[n]) > 1e-3} == {name}


def test_sides_swap_in_the_mirror():
    torch.manual_seed(3)
    pose = rotation_from_axis_angle(0.5 * torch.randn(4, 21, 3))
    flip = torch.diag(torch.tensor([-1.0, 1.0, 1.0]))
    mirrored = torch.stack([flip @ pose[:, MIRROR[joint] - 1] @ flip for joint in range(1, 22)], 1)
    root = FACING_Y.expand(4, 3, 3)
    found, other = (
        joint_angles(Motion(30.0, torch.zeros(4, 3), root, each, torch.zeros(16))) for each in (pose, mirrored)
    )
    for name, values in found.items():
        if name.endswith("_left"):
            apart = (values - other[name.replace("_left", "_right")] + 180.0) % 360.0 - 180.0
            assert float(apart.abs().max()) < 1e-2, name


def test_a_full_turn_has_no_jump():
    heading = torch.linspace(0.0, 720.0, 100)
    root = torch.stack([FACING_Y @ turn(UP, float(degrees)) for degrees in heading])
    pose = torch.eye(3).repeat(100, 21, 1, 1)
    found = joint_angles(Motion(30.0, torch.zeros(100, 3), root, pose, torch.zeros(16)))["pelvis_rotation"]
    assert float((found - heading).abs().max()) < 1e-2
