import csv

import numpy as np
import pytest

from motionfit.body.skeleton import JOINT_NAMES
from motionfit.export.clip import ExportClip
from motionfit.export.table import write_table


def read(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_joints_are_in_metres_in_the_world(walking, open_body, tmp_path):
    clip = ExportClip("walk", walking, open_body)
    write_table(tmp_path / "walk.csv", clip)
    rows = read(tmp_path / "walk.csv")
    assert len(rows) == walking.frames
    assert [float(row["time_s"]) for row in rows] == pytest.approx(np.arange(walking.frames) / 30.0, abs=1e-6)
    joints = clip.posed().joints.numpy()
    for place, name in enumerate(JOINT_NAMES):
        found = [float(rows[5][f"{name}_{axis}_m"]) for axis in "xyz"]
        assert found == pytest.approx(joints[5, place], abs=2e-5)


def test_angles_are_there_and_contacts_only_where_they_are_known(walking, open_body, tmp_path):
    write_table(tmp_path / "walk.csv", ExportClip("walk", walking, open_body))
    names = set(read(tmp_path / "walk.csv")[0])
    assert {"knee_flexion_left_deg", "shoulder_elevation_right_deg", "pelvis_rotation_deg"} <= names
    assert not any(name.endswith("_contact") for name in names)


def test_frames_of_a_part_count_as_in_the_whole(walking, open_body, tmp_path):
    write_table(tmp_path / "part.csv", ExportClip("walk", walking.slice(6, 9), open_body, first=6))
    rows = read(tmp_path / "part.csv")
    assert [row["frame"] for row in rows] == ["6", "7", "8"]
    assert float(rows[0]["time_s"]) == pytest.approx(0.2)
