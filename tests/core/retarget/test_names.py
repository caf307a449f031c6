import pytest
from skeleton_files import HUMANIK, daz_joints, program_name, t_pose_joints

from motionfit.body.skeleton import JOINT_NAMES, PARENTS
from motionfit.errors import InputError
from motionfit.retarget.names import find_joints

TRUNK = ("pelvis", "spine1", "spine2", "spine3", "neck", "head")


def naming(trunk, hip, knee, ankle, foot, collar, shoulder, elbow, wrist):
    limbs = ("hip", "knee", "ankle", "foot", "collar", "shoulder", "elbow", "wrist")
    sided = (hip, knee, ankle, foot, collar, shoulder, elbow, wrist)
    return dict(zip(TRUNK, trunk, strict=True)) | {f"{{s}}_{k}": v for k, v in zip(limbs, sided, strict=True)}


PROGRAMS = {
    "HumanIK": HUMANIK,
    "HumanIK character": {key: f"Character1_{name}" for key, name in HUMANIK.items()},
    "Mixamo": {key: f"mixamorig:{name}" for key, name in HUMANIK.items()},
    "Mixamo, underscore": {key: f"mixamorig_{name}" for key, name in HUMANIK.items()},
    "SMPL": {key: key for key in TRUNK} | {key: key for key in HUMANIK if key not in TRUNK},
    "SMPL, short": {key: key.replace("{s}", "{L}") for key in HUMANIK},
    "Unreal": naming(
        ("pelvis", "spine_01", "spine_02", "spine_03", "neck_01", "head"),
        "thigh_{l}", "calf_{l}", "foot_{l}", "ball_{l}", "clavicle_{l}", "upperarm_{l}", "lowerarm_{l}", "hand_{l}",
    ),
    "Blender": naming(
        ("hips", "spine", "spine.001", "chest", "neck", "head"),
        "thigh.{L}", "shin.{L}", "foot.{L}", "toe.{L}", "shoulder.{L}", "upper_arm.{L}", "forearm.{L}", "hand.{L}",
    ),
    "Unity": naming(
        ("Hips", "Spine", "Chest", "UpperChest", "Neck", "Head"),
        "{S}UpperLeg", "{S}LowerLeg", "{S}Foot", "{S}Toes", "{S}Shoulder", "{S}UpperArm", "{S}LowerArm", "{S}Hand",
    ),
    "joints, not bones": naming(
        ("Hips", "Chest", "Chest2", "Chest3", "Neck", "Head"),
        "{S}Hip", "{S}Knee", "{S}Ankle", "{S}Toe", "{S}Collar", "{S}Shoulder", "{S}Elbow", "{S}Wrist",
    ),
    "Biped": naming(
        ("Bip01 Pelvis", "Bip01 Spine", "Bip01 Spine1", "Bip01 Spine2", "Bip01 Neck", "Bip01 Head"),
        "Bip01 {L} Thigh", "Bip01 {L} Calf", "Bip01 {L} Foot", "Bip01 {L} Toe0", "Bip01 {L} Clavicle",
        "Bip01 {L} UpperArm", "Bip01 {L} Forearm", "Bip01 {L} Hand",
    ),
    "VRM": naming(
        ("J_Bip_C_Hips", "J_Bip_C_Spine", "J_Bip_C_Chest", "J_Bip_C_UpperChest", "J_Bip_C_Neck", "J_Bip_C_Head"),
        "J_Bip_{L}_UpperLeg", "J_Bip_{L}_LowerLeg", "J_Bip_{L}_Foot", "J_Bip_{L}_ToeBase", "J_Bip_{L}_Shoulder",
        "J_Bip_{L}_UpperArm", "J_Bip_{L}_LowerArm", "J_Bip_{L}_Hand",
    ),
    "sensor suit": naming(
        ("Hips", "L5", "L3", "T8", "Neck", "Head"),
        "{S}UpperLeg", "{S}LowerLeg", "{S}Foot", "{S}Toe", "{S}Shoulder", "{S}UpperArm", "{S}ForeArm", "{S}Hand",
    ),
    "lower case": {key: name.lower() for key, name in HUMANIK.items()} | {
        key: name.lower().replace("{s}", "{s}") for key, name in HUMANIK.items()
    },
}  # fmt: skip


def found_names(joints, **how):
    names = [joint.name for joint in joints]
    parents = [names.index(joint.parent) if joint.parent else -1 for joint in joints]
    joint_map = find_joints(names, parents, "take.bvh", **how)
    return joint_map, [names[joint] for joint in joint_map.joints]


@pytest.mark.parametrize("program", PROGRAMS)
def test_joints_of_programs_are_found(program):
    names = PROGRAMS[program]
    joint_map, found = found_names(t_pose_joints(names))
    expected = []
    for name in JOINT_NAMES:
        side, _, limb = name.rpartition("_")
        expected.append(program_name(limb if side else name, side, names))
    assert found == expected
    assert joint_map.lacking == ()
    assert joint_map.between == ()
    assert joint_map.forearm_twists == (None, None)


def test_what_a_rig_lacks_repeats_the_ancestor():
    joint_map, found = found_names(t_pose_joints(lacking=("foot", "collar", "neck")))
    lacking = {JOINT_NAMES[joint] for joint in joint_map.lacking}
    assert lacking == {"left_foot", "right_foot", "left_collar", "right_collar", "neck"}
    for joint in joint_map.lacking:
        assert found[joint] == found[PARENTS[joint]]


def test_one_spine_joint_is_shared_out_over_three():
    joint_map, found = found_names(t_pose_joints(lacking=("spine1", "spine2")))
    assert [(JOINT_NAMES[b.joint], round(3 * b.fraction)) for b in joint_map.between] == [("spine1", 1), ("spine2", 2)]
    assert found[9] == "Spine2"


def test_two_spine_joints():
    _, found = found_names(t_pose_joints(lacking=("spine2",)))
    assert [found[joint] for joint in (3, 6, 9)] == ["Spine", "Spine", "Spine2"]


def test_no_spine_at_all():
    joint_map, found = found_names(t_pose_joints(lacking=("spine1", "spine2", "spine3")))
    assert [found[joint] for joint in (3, 6, 9)] == ["Hips"] * 3
    assert {3, 6} <= set(joint_map.lacking)


def test_the_abdomen_of_daz_bends_half_way_below_the_waist():
    joint_map, found = found_names(daz_joints())
    assert joint_map.family == "daz"
    assert found[3] == found[6] == "abdomen"
    assert [(b.joint, b.fraction) for b in joint_map.between] == [(3, 0.5)]


def test_further_joints_in_neck_and_forearm():
    joints = t_pose_joints()
    names = [joint.name for joint in joints] + ["Neck1", "LeftForeArmRoll"]
    parents = [names.index(joint.parent) if joint.parent else -1 for joint in joints]
    parents += [names.index("Neck"), names.index("LeftForeArm")]
    parents[names.index("Head")] = names.index("Neck1")
    parents[names.index("LeftHand")] = names.index("LeftForeArmRoll")
    joint_map = find_joints(names, parents, "take.bvh")
    assert [(names[b.first], names[b.second], b.fraction) for b in joint_map.between] == [("Neck", "Neck1", 0.5)]
    assert joint_map.forearm_twists == (names.index("LeftForeArmRoll"), None)


def test_bones_beside_the_limb_are_no_joints_of_it():
    """Meshes and twist bones carry names of bones too."""
    joints = t_pose_joints()
    names = ["L_Foot", "L_Leg", *(joint.name for joint in joints)]
    parents = [-1, -1, *(names.index(joint.parent) if joint.parent else -1 for joint in joints)]
    names[0], parents[0], names[2], parents[2] = names[2], -1, names[0], 0
    for index, joint in enumerate(joints):
        if joint.parent == joints[0].name:
            parents[index + 2] = 0
    parents[1] = 0
    joint_map = find_joints(names, parents, "take.bvh")
    assert names[joint_map.joints[4]] == "LeftLeg"
    assert names[joint_map.joints[7]] == "LeftFoot"


def test_unknown_names_are_told_with_those_of_the_file():
    names = HUMANIK | {"{s}_knee": "{S}Glorp", "head": "Noggin"}
    message = r"left_knee, right_knee, head. Its joints are: Hips, Spine, .*LeftGlorp"
    with pytest.raises(InputError, match=message) as caught:
        found_names(t_pose_joints(names))
    assert "Rename" in caught.value.hint


def test_a_long_list_of_names_is_cut():
    names = [f"node{number}" for number in range(100)]
    with pytest.raises(InputError, match="and 40 more"):
        find_joints(names, [-1, *range(99)], "take.bvh")


def test_limbs_that_do_not_hang_together_are_told():
    joints = t_pose_joints()
    names = [joint.name for joint in joints]
    parents = [names.index(joint.parent) if joint.parent else -1 for joint in joints]
    parents[names.index("LeftFoot")] = 0
    with pytest.raises(InputError, match="LeftFoot does not hang on LeftLeg"):
        find_joints(names, parents, "take.bvh")
    parents[names.index("LeftFoot")] = names.index("LeftLeg")
    parents[names.index("LeftUpLeg")] = -1
    with pytest.raises(InputError, match="LeftUpLeg, RightUpLeg, Head hang on no common joint"):
        find_joints(names, parents, "take.bvh")
