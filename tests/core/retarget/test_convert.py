import math
import time
from dataclasses import replace

import pytest
import torch

from motionfit.files.amass import read_amass
from motionfit.geometry.rotations import geodesic_angle, rotation_from_axis_angle
from motionfit.metrics.drift import joints_of
from motionfit.retarget.bones import pose_bones
from motionfit.retarget.convert import Recording, body_recording, convert, convert_raw
from motionfit.retarget.resample import resample


def turn(x=0.0, y=0.0, z=0.0):
    return rotation_from_axis_angle(torch.tensor([x, y, z], dtype=torch.float64))


def rig_of(motion, body, name="take"):
    return Recording(name, motion, pose_bones(motion, body).joints, of_rig=True)


def with_faults(motion, body):
    """A T-pose before it, spikes of the root, a spike of an arm, a pelvis that is off by 20°, the floor at 0.8 m."""
    pose, root, path = motion.body_pose.clone(), motion.root_orientation.clone(), motion.translation.clone()
    rest, pelvis = body.rest_joints(motion.betas), turn(x=math.radians(20))
    hips = rest[1:3].mean(0) - rest[0]
    path += root @ hips - root @ pelvis @ hips
    root, pose[:, :3] = root @ pelvis, pelvis.mT @ pose[:, :3]
    pose[60:70, 18] = pose[60:70, 18] @ turn(y=1.5)
    root[200] = turn(z=0.6) @ root[200]
    path[202, 2] += 0.5
    path[:, 2] += 0.8
    eye = torch.eye(3, dtype=torch.float64)
    return replace(
        motion,
        translation=torch.cat([path[:1].repeat(2, 1), path]),
        root_orientation=torch.cat([root[:1].repeat(2, 1, 1), root]),
        body_pose=torch.cat([eye.repeat(2, 21, 1, 1), pose]),
    )


def test_a_recording_with_every_fault_becomes_the_motion_that_was_performed(marching, body):
    found = convert([rig_of(with_faults(marching, body), body)], body)[0]
    expected = resample(marching, 30.0)
    part = found.longest
    assert (part.motion.fps, part.motion.frames, part.motion.translation.dtype) == (
        30.0,
        expected.frames,
        torch.float32,
    )
    assert (found.floor, found.notes, part.first) == ("flat", (), 2)
    assert [each.frames for each in found.dropped] == [2]
    # Noise filters, the planted feet and a pelvis that is known to two degrees leave about a centimetre.
    error = (joints_of(body.to(dtype=torch.float32), part.motion) - pose_bones(expected, body).joints.float()).norm(
        dim=-1
    )
    assert float(error.mean()) < 0.01
    assert float(error.max()) < 0.04
    assert part.quality.flips == 0
    assert part.quality.penetration_percent == 0.0
    assert found.corrections["pelvis_degrees"] == pytest.approx(20.0, abs=2.5)
    assert found.repaired["root_frames"] >= 2
    assert found.repaired["joint_frames"] >= 10


@pytest.mark.parametrize("fps", [50.0, 60.0, 100.0, 120.0])
def test_any_rate_becomes_thirty(march, body, fps):
    motion = march(3.0, fps)
    part = convert([rig_of(motion, body)], body)[0].longest
    assert part.motion.fps == 30.0
    assert part.motion.frames == math.floor((motion.frames - 1) * 30 / fps + 1e-6) + 1
    expected = resample(march(3.0, 120.0), 30.0)
    count = min(part.motion.frames, expected.frames)
    error = geodesic_angle(part.motion.body_pose[:count].double(), expected.body_pose[:count])
    assert math.degrees(float(error.max())) < 6.0
    assert part.quality.bone_degrees < 0.5


def test_a_cut_recording_has_parts_on_one_floor(marching, body):
    path = marching.translation.clone()
    path[150:, 0] += 2.0
    found = convert([rig_of(replace(marching, translation=path), body)], body)[0]
    assert [(part.first, part.motion.frames) for part in found.parts] == [(0, 38), (150, 53)]
    assert found.longest is found.parts[1]
    assert "frame 150" in found.notes[0]


def test_who_is_never_upright_is_told_to_be_uncalibrated_alone_and_is_calibrated_with_others(marching, body):
    pelvis = turn(x=0.35)
    pose = marching.body_pose.clone()
    pose[:, :3] = pelvis.mT @ pose[:, :3]
    rig = replace(marching, root_orientation=marching.root_orientation @ pelvis, body_pose=pose)
    short = rig.slice(0, 80)
    alone = convert([rig_of(short, body)], body)[0]
    assert "was not calibrated" in alone.notes[0]
    assert alone.corrections == {}
    together = convert([rig_of(short, body), rig_of(rig, body)], body)
    assert together[0].notes == ()
    assert together[0].corrections["pelvis_degrees"] == pytest.approx(20.0, abs=2.5)
    root = together[0].longest.motion.root_orientation.double()
    error = geodesic_angle(root, marching.root_orientation[:80:4])
    assert math.degrees(float(error.max())) < 3.0


def test_a_solved_body_is_seated_and_cleaned_but_not_recalibrated(marching, body, lift):
    tilted = replace(marching, root_orientation=marching.root_orientation @ turn(x=0.35), betas=marching.betas + 0.3)
    found = convert([body_recording("clip", lift(tilted, 0.4), body)], body)[0]
    part = found.longest
    assert found.corrections == {}
    assert torch.equal(part.motion.betas, tilted.betas.float())
    error = geodesic_angle(part.motion.root_orientation.double(), tilted.root_orientation[::4])
    assert math.degrees(float(error.max())) < 0.5


def test_uneven_ground_leaves_the_feet_alone(march, body, lift):
    motion = march(4.0)
    time = torch.arange(motion.frames, dtype=torch.float64) / motion.fps
    found = convert([rig_of(lift(motion, 0.2 * (1.5 * time).sin() ** 2), body)], body)[0]
    assert found.floor == "uneven"
    assert found.longest.quality.bone_degrees < 0.3


def test_raw_is_nothing_but_resampled(marching, body):
    spoilt = with_faults(marching, body)
    found = convert_raw(rig_of(spoilt, body), body)
    assert (found.dropped, found.repaired, found.corrections) == ((), {}, {})
    torch.testing.assert_close(found.longest.motion.body_pose, resample(spoilt, 30.0).body_pose.float())
    torch.testing.assert_close(found.longest.motion.translation, resample(spoilt, 30.0).translation.float())


def test_a_minute_at_120_fps_takes_less_than_five_seconds(march, body):
    recording = rig_of(with_faults(march(60.0), body), body)
    begin = time.process_time()
    convert([recording], body)
    assert time.process_time() - begin < 5.0


@pytest.mark.parametrize("clip", ["train/cmu_002_01", "train/cmu_060_09_ac_2", "train/hdm05_bd_squat1Reps_012"])
def test_real_motion_with_faults_comes_back(clip, shared_mocap, body):
    truth = read_amass(shared_mocap / f"{clip}_poses.npz", None).to(dtype=torch.float64)
    truth = truth.slice(0, min(truth.frames, 300))
    fast = resample(truth, 120.0)
    path, pose = fast.translation.clone(), fast.body_pose.clone()
    path[70] += 0.3
    pose[40:48, 15] = pose[40:48, 15] @ turn(y=1.4)
    found = convert([rig_of(replace(fast, translation=path, body_pose=pose), body)], body)[0]
    part = found.longest
    assert part.motion.frames == truth.frames
    assert part.quality.flips == 0
    assert part.quality.bone_degrees < 2.0
    # Another body stands on other soles, and the zero of the trunk is measured anew: legs that moved alike count.
    legs = [1, 2, 4, 5, 7, 8]
    apart = (joints_of(body.to(dtype=torch.float32), part.motion) - pose_bones(truth, body).joints.float())[:, legs]
    assert float((apart - apart.mean((0, 1))).norm(dim=-1).mean()) < 0.012
