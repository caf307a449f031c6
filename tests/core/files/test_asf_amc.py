import math
import re

import numpy as np
import pytest
import torch
from skeleton_files import (
    BONES,
    METRES_PER_CMU_UNIT,
    amc_text,
    asf_text,
    bone_rotations,
    bone_starts,
    perform,
    write_acclaim,
)

from motionfit.errors import InputError
from motionfit.files.asf_amc import read_amc


@pytest.fixture(scope="module")
def performance():
    return perform()


def test_rotations_and_places_are_those_of_the_formula(tmp_path, performance):
    rig = read_amc(write_acclaim(tmp_path, performance))
    rotations = bone_rotations(performance)
    starts = bone_starts(performance, rotations)
    assert rig.fps == 120
    assert rig.frames == performance.frames
    assert rig.warnings == ()
    for bone in BONES:
        joint = rig.names.index(bone.name)
        np.testing.assert_allclose(rig.rotations[:, joint].numpy(), rotations[bone.name], atol=1e-9)
        np.testing.assert_allclose(rig.positions[:, joint].numpy(), starts[bone.name] * METRES_PER_CMU_UNIT, atol=1e-9)


def test_the_rest_pose_is_the_reference_and_ends_of_bones_are_joints(tmp_path, performance):
    rig = read_amc(write_acclaim(tmp_path, performance))
    knee, ankle = (rig.reference_positions[rig.names.index(name)] for name in ("ltibia", "lfoot"))
    assert math.degrees(math.atan2(float(ankle[0] - knee[0]), float(knee[1] - ankle[1]))) == pytest.approx(20)
    toes, tip = (rig.reference_positions[rig.names.index(name)] for name in ("ltoes", "ltoes_end"))
    assert float((tip - toes).norm()) == pytest.approx(METRES_PER_CMU_UNIT)
    torch.testing.assert_close(rig.reference_rotations, torch.eye(3).double().repeat(len(rig.names), 1, 1))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda text: text.replace("\n", "\r\n"), "line ends of Windows"),
        (lambda text: "#!OML:ASF F:\\für\\x.ASF\n# more\n" + text, "comments in any encoding"),
        (lambda text: re.sub(r"\n(rradius [^\n]*)\n(rwrist [^\n]*)", r"\n\2\n\1", text), "another order of bones"),
        (lambda text: text.replace("\n2\nroot", "\n\n2\n  root"), "empty lines and indents"),
    ],
)
def test_what_does_not_matter_changes_nothing(tmp_path, performance, change, why):
    path = write_acclaim(tmp_path, performance)
    before = read_amc(path)
    path.write_bytes(change(path.read_text()).encode("latin-1"))
    assert torch.equal(read_amc(path).rotations, before.rotations), why


def test_lines_of_one_frame_in_another_order(tmp_path, performance):
    path = write_acclaim(tmp_path, performance)
    before = read_amc(path)
    lines = path.read_text().split("\n")
    first = lines.index("3")
    lines[first + 2], lines[first + 5] = lines[first + 5], lines[first + 2]
    path.write_text("\n".join(lines))
    assert torch.equal(read_amc(path).rotations, before.rotations)


def test_radians_are_read_as_such(tmp_path, performance):
    path = write_acclaim(tmp_path, performance)
    before = read_amc(path)
    path.write_text(amc_text(performance, "radians"))
    (tmp_path / "07.asf").write_text(asf_text("rad"))
    torch.testing.assert_close(read_amc(path).positions, before.positions)


def test_a_motion_that_does_not_say_its_angles_follows_the_skeleton(tmp_path, performance):
    path = write_acclaim(tmp_path, performance)
    before = read_amc(path)
    path.write_text(amc_text(performance, "radians").replace(":RADIANS\n", ""))
    (tmp_path / "07.asf").write_text(asf_text("rad"))
    torch.testing.assert_close(read_amc(path).rotations, before.rotations)


def test_bones_that_the_motion_does_not_move_rest(tmp_path, performance):
    path = write_acclaim(tmp_path, performance)
    path.write_text(re.sub(r"lfingers .*\n", "", path.read_text()))
    rig = read_amc(path)
    hand, fingers = rig.names.index("lhand"), rig.names.index("lfingers")
    assert torch.equal(rig.rotations[:, hand], rig.rotations[:, fingers])


def test_rate_and_unit_can_be_given(tmp_path, performance):
    path = write_acclaim(tmp_path, performance)
    rig, larger = read_amc(path), read_amc(path, fps=60.0, unit="in")
    assert larger.fps == 60
    torch.testing.assert_close(larger.positions, rig.positions * 0.45)


def test_a_skeleton_in_another_unit_is_taken_by_its_legs(tmp_path, performance):
    path = write_acclaim(tmp_path, performance)
    asf = tmp_path / "07.asf"
    asf.write_text(asf.read_text().replace("length 0.45\n", "length 1.0\n", 1))
    before = read_amc(path)
    assert float(before.positions[0, 0, 1]) == pytest.approx(float(performance.root_place[0, 1]) * METRES_PER_CMU_UNIT)


@pytest.mark.parametrize(
    ("amc", "asf"),
    [
        ("07_02.amc", "07.asf"),
        ("HDM_bd_walk_001_120.amc", "HDM_bd.asf"),
        ("walk.amc", "walk.asf"),
        ("9-1.AMC", "9.ASF"),
    ],
)
def test_the_skeleton_beside_a_motion_is_found_by_its_name(tmp_path, performance, amc, asf):
    (tmp_path / asf).write_text(asf_text())
    (tmp_path / "0.asf").write_text("another")
    (tmp_path / amc).write_text(amc_text(performance))
    assert read_amc(tmp_path / amc).frames == performance.frames


def test_the_skeleton_can_be_named(tmp_path, performance):
    path = write_acclaim(tmp_path, performance)
    other = tmp_path / "elsewhere.asf"
    (tmp_path / "07.asf").rename(other)
    with pytest.raises(InputError, match=r"needs the skeleton .* the folder has elsewhere.asf") as caught:
        read_amc(path)
    assert "07.asf" in caught.value.hint
    assert read_amc(path, asf=other).frames == performance.frames


def _amc(change):
    return lambda amc, asf: (change(amc), asf)


def _asf(change):
    return lambda amc, asf: (amc, change(asf))


WRONG = {
    "empty": (_amc(lambda text: " \n"), "is empty"),
    "no frames": (_amc(lambda text: text[: text.index("\n1\n") + 1]), "holds no frames"),
    "truncated line": (_amc(lambda text: text[: text.rindex("lowerneck") + 14]), "line .*lowerneck.*may be truncated"),
    "truncated frame": (_amc(lambda text: text[: text.rindex("lowerneck")]), "no numbers for the bone .*truncated"),
    "unknown bone": (_amc(lambda text: text.replace("lfemur", "tail")), r"line \d+ moves the bone tail"),
    "dof": (_amc(lambda text: text.replace("\nltibia ", "\nltibia 7 ", 1)), r"line \d+ has 2 numbers for .*ltibia.* 1"),
    "a bone twice": (_amc(lambda text: re.sub(r"\n(ltoes .*)\n", r"\n\1\n\1\n", text, count=1)), "a bone twice"),
    "no root": (_amc(lambda text: re.sub(r"\nroot .*", "", text)), "has no root"),
    "NaN": (_amc(lambda text: re.sub(r"\n(ltoes) \S+", r"\n\1 nan", text, count=2)), r"line \d+ has nan for ltoes"),
    "words": (_amc(lambda text: re.sub(r"\n(ltoes) \S+", r"\n\1 1,5", text, count=2)), r"line \d+ has 1,5 for ltoes"),
    "not a motion": (_amc(lambda text: "walk this way\n"), "line 1 is 'walk this way'"),
    "binary": (_amc(lambda text: "\x00\x01\x7f" * 99), "binary data"),
    "fbx": (_amc(lambda text: "Kaydara FBX Binary  \x00\x1a"), "FBX file"),
    "asf without hierarchy": (_asf(lambda text: text[: text.index(":hierarchy")]), "no :hierarchy part"),
    "asf truncated in a bone": (_asf(lambda text: text[: text.index("name rhand")] + ":hierarchy\n"), "is truncated"),
    "asf without a length": (_asf(lambda text: re.sub(r"\n *length [2-9].*", "", text)), "bone .* has no length"),
    "asf direction": (_asf(lambda text: text.replace("direction ", "direction x", 1)), "direction of lhipjoint is x"),
    "asf axis": (_asf(lambda text: text.replace("  XYZ", "  XYX", 1)), "XYX is no order"),
    "asf dof": (_asf(lambda text: text.replace("dof rx ry rz", "dof rx ry rw", 1)), "rw of lfemur"),
    "asf parent": (_asf(lambda text: text.replace("    lfemur ltibia", "    tail ltibia")), "names tail"),
    "asf loose": (_asf(lambda text: text.replace("    lfemur ltibia", "    lfemur")), "ltibia hangs on nothing"),
    "asf ring": (_asf(lambda text: text.replace("    root lhipjoint", "    ltoes lhipjoint")), "cannot be reached"),
    "asf two parents": (
        _asf(lambda text: text.replace("    ltibia lfoot", "    ltibia lfoot rfoot")),
        "rfoot hangs on",
    ),
    "asf length unit": (_asf(lambda text: text.replace("length 0.45", "length 0", 1)), "length unit is 0"),
    "asf is a zip": (_asf(lambda text: "PK\x03\x04"), "zip archive"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_files_are_told(tmp_path, performance, wrong):
    change, message = WRONG[wrong]
    amc, asf = change(amc_text(performance), asf_text())
    (tmp_path / "07.asf").write_text(asf)
    path = tmp_path / "07_02.amc"
    path.write_text(amc)
    with pytest.raises(InputError, match=message) as caught:
        read_amc(path)
    assert "07" in caught.value.message
    assert caught.value.hint


def test_a_skeleton_instead_of_a_motion_is_told(tmp_path, performance):
    write_acclaim(tmp_path, performance)
    with pytest.raises(InputError, match="is a skeleton without motion"):
        read_amc(tmp_path / "07.asf")


def test_a_rate_that_the_file_does_not_say_is_told_for_unknown_skeletons(tmp_path, performance):
    path = write_acclaim(tmp_path, performance)
    assert read_amc(path).warnings == ()
    for file in (path, tmp_path / "07.asf"):
        file.write_text(file.read_text().replace("lowerback", "lumbar"))
    assert "120 frames per second are assumed" in " ".join(read_amc(path).warnings)


def test_a_missing_file_and_a_rate_that_is_none_are_told(tmp_path, performance):
    with pytest.raises(InputError, match="no file"):
        read_amc(tmp_path / "07_09.amc")
    with pytest.raises(InputError, match="0 frames per second"):
        read_amc(write_acclaim(tmp_path, performance), fps=0.0)


@pytest.mark.parametrize("name", ["07_02.amc", "07.asf"])
@pytest.mark.parametrize("fraction", np.linspace(0.02, 0.98, 13).round(2))
def test_a_file_cut_anywhere_is_refused_or_read_up_to_there(tmp_path, performance, name, fraction):
    path = write_acclaim(tmp_path, performance)
    cut = tmp_path / name
    text = cut.read_text()
    cut.write_text(text[: int(fraction * len(text))])
    try:
        said, frames = name, read_amc(path).frames
    except InputError as error:
        said, frames = error.message, 0
    assert frames < performance.frames or name == "07.asf"
    assert name in said
