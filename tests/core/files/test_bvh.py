import re

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation
from skeleton_files import bvh_text, daz_joints, standing_places, t_pose_joints, waving

from motionfit.errors import InputError
from motionfit.files.bvh import read_bvh

FRAMES = 30
JOINTS = t_pose_joints()
ORDERS = ["xyz", "xzy", "yxz", "yzx", "zxy", "zyx"]


def local_rotations(rig, joint):
    """Of a joint of the rig, parent from joint."""
    index = rig.names.index(joint)
    own, parent = rig.rotations[:, index], rig.parents[index]
    return (own if parent < 0 else rig.rotations[:, parent].mT @ own).numpy()


@pytest.fixture(scope="module")
def waves():
    return waving(JOINTS, FRAMES)


@pytest.fixture(scope="module")
def places():
    return standing_places(FRAMES)


@pytest.fixture
def written(tmp_path, waves, places):
    """A BVH file, its text changed by a function."""

    def write(change=lambda text: text, rotations=waves, **how):
        path = tmp_path / "take.bvh"
        path.write_bytes(change(bvh_text(JOINTS, rotations, places, **how)).encode())
        return path

    return write


@pytest.mark.parametrize("shift", range(6))
def test_any_channel_order_gives_the_rotations_of_scipy(written, waves, shift):
    orders = {joint.name: ORDERS[(index + shift) % 6] for index, joint in enumerate(JOINTS)}
    rig = read_bvh(written(orders=orders))
    for joint in JOINTS:
        np.testing.assert_allclose(local_rotations(rig, joint.name), waves[joint.name], atol=1e-8)


def test_places_are_those_of_the_offsets_turned(written, waves, places):
    rig = read_bvh(written())
    turned, found = {}, {}
    for joint in JOINTS:
        above = turned.get(joint.parent, np.eye(3))
        turned[joint.name] = above @ waves[joint.name]
        found[joint.name] = found[joint.parent] + above @ np.array(joint.offset) if joint.parent else places
        np.testing.assert_allclose(
            rig.positions[:, rig.names.index(joint.name)].numpy(), found[joint.name] / 100, atol=1e-9
        )
    tip = found["Head"] + turned["Head"] @ np.array([0, 0.1, 0])
    np.testing.assert_allclose(rig.positions[:, rig.names.index("Head_end")].numpy(), tip / 100, atol=1e-9)


def _brace_on_the_line(text):
    return re.sub(r"(ROOT|JOINT) (\S+)\s*\{", r"\1 \2 {", text)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "\ufeff" + text.replace("\t", "    "),
        lambda text: text.replace(" ", "\t").replace("JOINT\t", "JOINT  ").replace("End\tSite", "End Site"),
        _brace_on_the_line,
        lambda text: text.replace("MOTION", "motion").replace("Frame Time: ", "Frame Time:\t"),
        lambda text: text + "\n  \n",
        lambda text: text.replace("rotation", "ROTATION"),
    ],
    ids=["crlf", "spaces", "tabs", "braces", "case", "empty lines", "channel case"],
)
def test_how_a_file_is_written_does_not_matter(written, change):
    before = read_bvh(written())
    after = read_bvh(written(change))
    assert after.names == before.names
    assert torch.equal(after.positions, before.positions)
    assert after.fps == before.fps == 30


def test_names_with_spaces(written):
    rig = read_bvh(written(lambda text: text.replace("JOINT ", "JOINT Bip01 ").replace("ROOT ", "ROOT Bip01 ")))
    assert "Bip01 LeftUpLeg" in rig.names


def test_a_root_without_position_channels_stays_at_its_offset(written, places):
    def change(text):
        text = text.replace("6 Xposition Yposition Zposition", "3", 1).replace("OFFSET 0 0 0", "OFFSET 1 90 2", 1)
        head, table = text.split("Frame Time: 0.0333333\n")
        rows = "\n".join(" ".join(row.split()[3:]) for row in table.strip().split("\n"))
        return f"{head}Frame Time: 0.0333333\n{rows}\n"

    rig = read_bvh(written(change))
    torch.testing.assert_close(rig.positions[:, 0], torch.tensor([0.01, 0.9, 0.02]).double().expand(FRAMES, 3))


@pytest.mark.parametrize("moves", [True, False], ids=["moves from the offset", "instead of the offset"])
def test_position_channels_of_other_joints(written, moves):
    """The knee's channels say where it is, or how far from its offset; both mean the same place."""
    place = np.array([0.0, 0.5, 0.0]) if moves else np.array([1.0, -39.5, 1.0])

    def change(text):
        head, table = text.split("Frame Time: 0.0333333\n")
        before, after = head.split("JOINT LeftLeg", 1)
        head = before + "JOINT LeftLeg" + after.replace("3 Z", "6 Xposition Yposition Zposition Z", 1)
        column = 6 + 3 * (before.count("CHANNELS") - 1)
        rows = [row.split() for row in table.strip().split("\n")]
        rows = [" ".join([*row[:column], *(str(value) for value in place), *row[column:]]) for row in rows]
        return f"{head}Frame Time: 0.0333333\n" + "\n".join(rows) + "\n"

    rig = read_bvh(written(change))
    hip, knee = rig.names.index("LeftUpLeg"), rig.names.index("LeftLeg")
    between = (rig.positions[:, knee] - rig.positions[:, hip])[:, None] @ rig.rotations[:, hip]
    torch.testing.assert_close(between[:, 0], torch.tensor([0.01, -0.395, 0.01]).double().expand(FRAMES, 3))


@pytest.mark.parametrize("unit", [1.0, 0.01, 0.001, 0.0254, 0.0254 / 0.45])
def test_the_unit_is_guessed_from_the_legs(tmp_path, places, waves, unit):
    path = tmp_path / "take.bvh"
    path.write_text(bvh_text(t_pose_joints(scale=0.01 / unit), waves, places * 0.01 / unit))
    rig = read_bvh(path)
    assert float((rig.positions[0, 0] - torch.from_numpy(places[0]) / 100).abs().max()) < 1e-8


def test_the_unit_can_be_given(written):
    assert float(read_bvh(written(), unit="mm").positions[0, 0, 1]) == pytest.approx(0.098)
    with pytest.raises(InputError, match="no length unit yards"):
        read_bvh(written(), unit="yards")


def test_a_skeleton_of_no_likely_size_is_told(tmp_path, places, waves):
    path = tmp_path / "take.bvh"
    path.write_text(bvh_text(t_pose_joints(scale=50), waves, places * 50))
    assert "fit no known length unit" in " ".join(read_bvh(path).warnings)


@pytest.mark.parametrize(
    ("said", "fps"),
    [("0.00833333", 120.0), (".0083333", 120.0), ("0.016667", 60.0), ("0.04", 25.0), ("0.0333667", 1 / 0.0333667)],
)
def test_a_rounded_frame_time_is_a_whole_rate(written, said, fps):
    assert read_bvh(written(frame_time=said)).fps == fps


def test_a_wrong_frame_time_can_be_replaced(written):
    assert read_bvh(written(frame_time="0"), fps=60.0).fps == 60
    with pytest.raises(InputError, match="-1 frames per second"):
        read_bvh(written(), fps=-1.0)


@pytest.mark.parametrize("announced", ["12", "400"])
def test_all_frames_are_read_when_another_count_is_announced(written, announced):
    rig = read_bvh(written(lambda text: text.replace(f"Frames: {FRAMES}", f"Frames: {announced}")))
    assert rig.frames == FRAMES
    assert rig.warnings == (f"take.bvh announces {announced} frames and holds {FRAMES}; all that it holds are used.",)


@pytest.mark.parametrize("adds", [True, False], ids=["adds to the offset", "replaces the offset"])
def test_root_channels_replace_the_offset_or_add_to_it(tmp_path, waves, places, adds):
    """Both stand on the ground; iClone writes the former."""
    path = tmp_path / "take.bvh"
    text = bvh_text(JOINTS, waves, places - np.array([0, 96.0 * adds, 0]))
    path.write_text(text.replace("OFFSET 0 0 0", "OFFSET 0 96 0", 1))
    rig = read_bvh(path)
    np.testing.assert_allclose(rig.positions[:, 0].numpy(), places / 100, atol=1e-9)


def test_the_rate_of_daz_files_is_doubted(tmp_path, places):
    path = tmp_path / "salsa.bvh"
    path.write_text(bvh_text(daz_joints(), {}, places, "0.00833333"))
    assert "60 were captured" in " ".join(read_bvh(path).warnings)
    assert read_bvh(path, fps=60.0).warnings == ()


WRONG = {
    "empty": (lambda text: "", "is empty"),
    "binary": (lambda text: "\x00\x01\x02" * 50, "binary data"),
    "fbx": (lambda text: "Kaydara FBX Binary  \x00\x1a\x00", "FBX file"),
    "fbx text": (lambda text: "; FBX 7.3.0 project file\n", "FBX file"),
    "no bvh": (lambda text: "one two three", "does not begin with HIERARCHY"),
    "no motion": (lambda text: text[: text.index("MOTION")], "no MOTION part"),
    "hierarchy cut": (lambda text: text[: text.index("JOINT RightUpLeg")], "no MOTION part"),
    "brace missing": (lambda text: text.replace("}\nMOTION", "MOTION"), "braces .* do not match; Hips is not closed"),
    "brace too many": (lambda text: text.replace("}\nMOTION", "}\n}\nMOTION"), "is not expected"),
    "no opening brace": (lambda text: text.replace("JOINT LeftLeg\n\t\t{", "JOINT LeftLeg"), "braces|not expected"),
    "no offset": (lambda text: re.sub(r"\n\t\tOFFSET 0 10 -1", "", text), "Spine .* has no OFFSET"),
    "offset words": (lambda text: text.replace("OFFSET 0 10 -1", "OFFSET 0 ten -1"), r"line \d+ .*no three numbers"),
    "offset NaN": (lambda text: text.replace("OFFSET 0 10 -1", "OFFSET 0 nan -1"), r"line \d+ .*no three numbers"),
    "channel count": (lambda text: text.replace("CHANNELS 3 Z", "CHANNELS 4 Z", 1), r"line \d+ .*count of channels"),
    "channel name": (lambda text: text.replace("Zrotation", "Wrotation", 1), r"line \d+ .*count of channels"),
    "strange line": (lambda text: text.replace("\tOFFSET 0 10 -1", "\tOFSET 0 10 -1"), r"line \d+ \(OFSET"),
    "no length": (lambda text: text.replace("OFFSET 28 0 -1", "OFFSET 0 0 0"), "LeftArm to LeftForeArm has no length"),
    "frames missing": (lambda text: text[: text.index("Frames:")], "no Frames and Frame Time"),
    "0 frames": (lambda text: text[: text.index("0.0333333") + 10], "holds no frames"),
    "frame time 0": (lambda text: text.replace("0.0333333", "0.0", 1), "Frame Time is 0.0"),
    "frame time negative": (lambda text: text.replace("0.0333333", "-0.03", 1), "Frame Time is -0.03"),
    "frame time words": (lambda text: text.replace("0.0333333", "fast", 1), "Frame Time is fast"),
    "truncated": (lambda text: text.rstrip()[:-60], r"line \d+ has \d+ numbers; .* asks for 69.*may be truncated"),
    "NaN": (lambda text: text.rstrip()[:-5] + " nan\n", r"line \d+"),
    "number": (lambda text: text.replace(text.split()[-1], "1,5"), r"line \d+ holds 1,5"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_files_are_told(written, wrong):
    change, message = WRONG[wrong]
    path = written(change)
    with pytest.raises(InputError, match=message) as caught:
        read_bvh(path)
    assert "take.bvh" in caught.value.message
    assert caught.value.hint


def test_the_line_with_too_few_numbers_is_named(written):
    def change(text):
        lines = text.split("\n")
        lines[-10] = " ".join(lines[-10].split()[:-1])
        return "\n".join(lines)

    path = written(change)
    number = len(path.read_text().split("\n")) - 9
    with pytest.raises(InputError, match=f"line {number} has 68 numbers; the hierarchy asks for 69. Export"):
        read_bvh(path)


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(InputError, match="There is no file"):
        read_bvh(tmp_path / "none.bvh")


def test_a_reference_of_another_rig_is_told(written, tmp_path, places):
    other = tmp_path / "other.bvh"
    other.write_text(bvh_text(t_pose_joints(lacking=("foot",)), {}, places))
    with pytest.raises(InputError, match="does not have the skeleton"):
        read_bvh(written(), reference=other)


def test_a_large_turn_of_the_first_channel_is_not_wrapped(written, waves):
    """Angles beyond 180 degrees are angles like others."""
    turns = np.linspace(0, 4 * np.pi, FRAMES)
    rotations = waves | {"Hips": Rotation.from_rotvec(turns[:, None] * np.array([0, 1, 0])).as_matrix()}
    rig = read_bvh(written(rotations=rotations, orders={"Hips": "yxz"}))
    np.testing.assert_allclose(local_rotations(rig, "Hips"), rotations["Hips"], atol=1e-8)


@pytest.mark.parametrize("fraction", np.linspace(0.02, 0.98, 25).round(2))
def test_a_file_cut_anywhere_is_refused_or_read_up_to_there(written, fraction):
    """A cut between two frames only leaves the announced count as a trace, one inside a number none at all."""
    path = written(lambda text: text[: int(fraction * len(text))])
    try:
        rig = read_bvh(path)
        said, frames = rig.warnings, rig.frames
    except InputError as error:
        said, frames = (error.message,), 0
    assert frames < FRAMES
    assert len(said) == 1
    assert "take.bvh" in said[0]


def test_one_frame_is_enough(tmp_path, waves):
    path = tmp_path / "take.bvh"
    path.write_text(bvh_text(JOINTS, {name: turns[:1] for name, turns in waves.items()}, standing_places(1)))
    assert read_bvh(path).frames == 1
