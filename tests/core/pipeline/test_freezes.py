import pytest

from motionfit.errors import SettingsError
from motionfit.pipeline.freezes import PARTS, Freeze

TEXTS = {
    "shape@all": Freeze("shape"),
    "translation@stage2[10:20]": Freeze("translation", "stage2", frames=(10, 20)),
    "body_pose:left_arm@stage3[120:180]": Freeze("body_pose", "stage3", "left_arm", (120, 180)),
    "body_pose:left_elbow@refine": Freeze("body_pose", "refine", "left_elbow"),
    "motion_latents@all[0:5]": Freeze("motion_latents", frames=(0, 5)),
}


@pytest.mark.parametrize("text", list(TEXTS))
def test_text_and_value_are_each_others_inverse(text):
    assert Freeze.parse(text) == TEXTS[text]
    assert str(TEXTS[text]) == text


def test_what_is_left_out_means_everything():
    assert Freeze.parse("body_pose[3:9]") == Freeze("body_pose", "all", "", (3, 9))
    assert Freeze.parse("body_pose:head") == Freeze("body_pose", "all", "head")
    assert [Freeze.parse(text).is_whole for text in ("shape", "body_pose:head", "translation[0:1]")] == [
        True,
        False,
        False,
    ]


def test_every_joint_but_the_pelvis_belongs_to_one_group():
    groups = ("torso", "head", "left_arm", "right_arm", "left_leg", "right_leg")
    assert sorted(joint for group in groups for joint in PARTS[group]) == list(range(1, 22))
    assert PARTS["right_knee"] == (5,)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("body_pose:left_am", "left_arm"),
        ("body_pose:left_elbw", "left_elbow"),
        ("body_pos", "body_pose"),
        ("body_pose@stage4", "stage"),
        ("translation:left_arm", "body_pose:left_arm"),
        ("shape[0:3]", "one for the whole clip"),
        ("translation[5:5]", "no frames 5:5"),
        ("translation[5]", "START:STOP"),
        ("translation[a:b]", "START:STOP"),
        ("translation[0:3]@stage2", "START:STOP"),
        ("body_pose@stage2:head", "START:STOP"),
    ],
)
def test_what_is_wrong_is_named_with_the_nearest(text, message):
    with pytest.raises(SettingsError) as told:
        Freeze.parse(text)
    assert message in str(told.value)
