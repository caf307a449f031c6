import csv
from dataclasses import replace

import pytest
import torch

from motionfit.files.amass import read_amass
from motionfit.geometry.rotations import rotation_from_axis_angle
from motionfit.retarget.bones import pose_bones
from motionfit.retarget.floor import find_ground, seat


def turn(x=0.0, y=0.0, z=0.0):
    return rotation_from_axis_angle(torch.tensor([x, y, z], dtype=torch.float64))


@pytest.mark.parametrize("height", [0.0, -1.4, 0.37])
def test_the_floor_is_where_the_soles_stand(marching, body, lift, height):
    found = find_ground([lift(marching, height)], body)
    assert found.kind == "flat"
    assert found.height == pytest.approx(height, abs=0.004)
    again = find_ground([seat(lift(marching, height), found.height)], body)
    assert again.height == pytest.approx(0.0, abs=1e-6)


def test_noise_and_a_foot_held_up_do_not_move_it(marching, body, change):
    held = change(change(marching, 1, slice(0, 180), turn(x=-0.8)), 4, slice(0, 180), turn(x=1.4))
    noise = torch.randn(marching.frames, 3, generator=torch.Generator().manual_seed(3), dtype=torch.float64) * 4e-4
    found = find_ground([replace(held, translation=held.translation + noise)], body)
    assert found.kind == "flat"
    assert found.height == pytest.approx(0.0, abs=0.006)


def test_a_squat_stands_on_the_floor(marching, body, change):
    every = slice(None)
    down = marching
    for hip, knee, ankle in ((1, 4, 7), (2, 5, 8)):
        down = change(
            change(change(down, hip, every, turn(x=-2.0)), knee, every, turn(x=2.2)), ankle, every, turn(x=-0.2)
        )
    down = replace(down, body_pose=down.body_pose[:1].expand_as(down.body_pose))
    feet = pose_bones(down, body).joints[:, [7, 8, 10, 11], 2].amin()
    hips = pose_bones(down, body).joints[:, 0, 2].amin()
    found = find_ground([down], body)
    assert found.kind == "flat"
    assert float(feet) - 0.12 < found.height < float(feet) < float(hips) - 0.1


def lying(marching, change, legs):
    """On the back, still, with both legs turned up by an angle at the hips."""
    still = replace(marching, body_pose=marching.body_pose[:1].expand_as(marching.body_pose))
    still = change(change(still, 1, slice(None), turn(x=-legs)), 2, slice(None), turn(x=-legs))
    return replace(still, root_orientation=turn(z=0.4).expand_as(still.root_orientation).contiguous())


@pytest.mark.parametrize("legs", [0.0, 0.8, 1.4])
def test_who_lies_with_the_feet_in_the_air_lies_on_the_floor(marching, body, change, legs):
    motion = lying(marching, change, legs)
    back = pose_bones(motion, body).joints[:, [0, 3, 6, 9, 15], 2].amin()
    found = find_ground([motion], body)
    assert found.kind == "flat"
    assert float(back) - 0.14 < found.height < float(back) - 0.02


def test_who_lies_down_after_standing_keeps_the_floor_of_the_feet(march, body, change):
    standing = march(2.0)
    down = lying(march(4.0), change, 0.9)
    low = replace(down, translation=down.translation - torch.tensor([0.0, 0.0, 0.93], dtype=torch.float64))
    both = replace(
        standing,
        translation=torch.cat([standing.translation, low.translation]),
        root_orientation=torch.cat([standing.root_orientation, low.root_orientation]),
        body_pose=torch.cat([standing.body_pose, low.body_pose]),
    )
    assert find_ground([both], body).height == pytest.approx(0.0, abs=0.01)


def test_boxes_are_equipment_and_steps_uneven_ground(march, body, lift):
    steps = [lift(march(1.0), height) for height in (0.0, 0.12, 0.2, 0.14, 0.0)]
    for parts, kind in (([march(2.0), lift(march(2.0), 0.6)], "equipment"), (steps, "uneven")):
        found = find_ground(parts, body)
        assert found.kind == kind
        assert found.height == pytest.approx(0.0, abs=0.005)


def test_who_hangs_uses_equipment_and_who_jumps_does_not(march, body, lift):
    motion = march(4.0)
    time = torch.arange(motion.frames, dtype=torch.float64) / motion.fps
    jump = (0.5 * 9.81 * (time - 1.0) * (1.7 - time)).clamp(min=0)
    assert float(jump.max()) > 0.5
    assert find_ground([lift(motion, jump)], body).kind == "flat"
    hang = 0.7 * torch.clamp(4 * (time - 1.0), 0, 1) + 0.3 * (4 * time).sin() * (time > 1.3)
    assert find_ground([lift(motion, hang)], body).kind == "equipment"


def test_a_single_frame_has_a_floor(marching, body):
    assert find_ground([marching.slice(0, 1)], body).height == pytest.approx(0.0, abs=0.005)


def test_the_kinds_of_ground_are_those_of_the_shared_clips(shared_mocap, open_body):
    with (shared_mocap / "manifest.csv").open() as lines:
        rows = list(csv.DictReader(lines))
    special = [row for row in rows if row["floor"] != "flat"]
    wrong = []
    for row in special + [row for row in rows if row["floor"] == "flat"][::8]:
        motion = read_amass(shared_mocap / row["split"] / f"{row['id']}_poses.npz", None)
        found = find_ground([motion], open_body)
        if found.kind != row["floor"]:
            wrong.append((row["id"], row["floor"], found.kind))
    # 001_01 stays on the ground beside the playground; 001_13 steps on low parts of it only.
    assert {each[0] for each in wrong} <= {"cmu_001_01", "cmu_001_13"}
