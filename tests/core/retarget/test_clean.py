import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from motionfit.geometry.rotations import geodesic_angle, rotation_from_axis_angle
from motionfit.retarget.bones import pose_bones
from motionfit.retarget.clean import clean
from motionfit.retarget.joint_spikes import repair_joints
from motionfit.retarget.root_spikes import repair_root
from motionfit.retarget.smooth import smooth, smooth_rotations
from motionfit.retarget.t_pose import leading_t_pose
from motionfit.retarget.thigh_twist import rebuild_thigh_twist

EYE = torch.eye(3, dtype=torch.float64)


def turn(x=0.0, y=0.0, z=0.0):
    return rotation_from_axis_angle(torch.tensor([x, y, z], dtype=torch.float64))


def largest_angle(first, second):
    return math.degrees(float(geodesic_angle(first.body_pose, second.body_pose).max()))


def with_t_pose(motion, frames, place=(0.0, 0.0, 0.0)):
    pose, path = motion.body_pose.clone(), motion.translation.clone()
    pose[:frames], path[:frames] = EYE, path[:1] + torch.tensor(place, dtype=torch.float64)
    return replace(motion, body_pose=pose, translation=path)


@pytest.mark.parametrize("frames", [1, 2, 3, 30])
def test_a_t_pose_before_the_motion_is_dropped(marching, body, frames):
    found = clean(with_t_pose(marching, frames), body)
    assert [each.to_json() for each in found.dropped] == [
        {"reason": "T-pose before the motion", "first": 0, "frames": frames}
    ]
    assert found.parts[0].first == frames
    assert found.parts[0].motion.frames == marching.frames - frames


def test_the_splayed_t_pose_of_asf_files_is_one_and_the_frame_on_the_way_from_it_goes_too(marching, body):
    motion = with_t_pose(marching, 3)
    pose = motion.body_pose.clone()
    for hip, ankle, side in ((1, 7, 1.0), (2, 8, -1.0)):
        pose[:3, hip - 1], pose[:3, ankle - 1] = turn(z=0.35 * side), turn(z=-0.35 * side)
    pose[2, 15], pose[2, 16] = turn(z=-0.6), turn(z=0.6)
    assert leading_t_pose(replace(motion, body_pose=pose), body) == 3


def test_a_t_pose_that_somebody_leaves_by_moving_is_motion(marching, body):
    pose = marching.body_pose.clone()
    sink = torch.linspace(0, 1, 120, dtype=torch.float64)[:, None] * torch.tensor([0.0, 0.0, 1.2], dtype=torch.float64)
    pose[:120], pose[:120, 15], pose[:120, 16] = EYE, rotation_from_axis_angle(-sink), rotation_from_axis_angle(sink)
    assert leading_t_pose(replace(marching, body_pose=pose), body) == 0


def test_a_motion_of_nothing_but_a_t_pose_is_kept(marching, body):
    found = clean(replace(marching, body_pose=EYE.expand_as(marching.body_pose)), body)
    assert found.dropped == ()
    assert found.parts[0].motion.frames == marching.frames


def test_a_root_spike_of_one_frame_is_bridged(marching, body):
    path, root = marching.translation.clone(), marching.root_orientation.clone()
    path[100] += torch.tensor([0.0, 0.4, 0.2], dtype=torch.float64)
    root[200] = turn(y=0.5) @ root[200]
    found = clean(replace(marching, translation=path, root_orientation=root), body)
    expected = clean(marching, body)
    assert (len(found.parts), found.dropped, found.root_frames) == (1, (), 2)
    torch.testing.assert_close(
        found.parts[0].motion.translation, expected.parts[0].motion.translation, atol=2e-3, rtol=0
    )
    assert (
        float(geodesic_angle(found.parts[0].motion.root_orientation, expected.parts[0].motion.root_orientation).max())
        < 0.02
    )


def test_a_cut_splits_the_recording(marching, body):
    path = marching.translation.clone()
    path[150:, 0] += 1.0
    found = clean(replace(marching, translation=path), body)
    assert [part.first for part in found.parts] == [0, 150]
    assert [part.motion.frames for part in found.parts] == [150, marching.frames - 150]
    assert found.dropped == ()
    assert float(found.parts[1].motion.translation[0, 0]) == pytest.approx(1.0, abs=1e-6)


def test_a_long_glitch_is_cut_out_and_told(marching, body):
    path = marching.translation.clone()
    path[150:200, 0] += torch.from_numpy(np.where(np.arange(50) % 2, 1.0, -1.0))
    found = clean(replace(marching, translation=path), body)
    assert [(part.first, part.motion.frames) for part in found.parts] == [(0, 150), (200, marching.frames - 200)]
    assert [(each.first, each.frames) for each in found.dropped] == [(150, 50)]
    assert "root" in found.dropped[0].reason


def test_a_scrap_before_a_cut_is_dropped_as_too_short(marching, body):
    path = marching.translation.clone()
    path[:10, 0] += 1.0
    found = clean(replace(marching, translation=path), body)
    assert [(each.reason, each.first, each.frames) for each in found.dropped] == [
        ("shorter than 0.25 s between cuts", 0, 10)
    ]
    assert found.parts[0].first == 10


def test_a_fast_turn_of_the_root_is_no_spike(marching):
    time = torch.arange(marching.frames, dtype=torch.float64) / marching.fps
    spin = torch.stack([torch.zeros_like(time), torch.zeros_like(time), 14.0 * time], -1)
    motion = replace(marching, root_orientation=rotation_from_axis_angle(spin) @ marching.root_orientation)
    found = repair_root(motion)
    assert (found.bridged, len(found.stretches)) == (0, 1)
    torch.testing.assert_close(found.motion.root_orientation, motion.root_orientation)


def half_turned(motion, body, frames, hip=1, knee=4, ankle=7):
    """The leg with its thigh turned half round about its axis, and everything below where it was."""
    posed = pose_bones(motion, body)
    axis = posed.joints[:, knee] - posed.joints[:, hip]
    half = rotation_from_axis_angle(math.pi * axis / axis.norm(dim=-1, keepdim=True))
    pose = motion.body_pose.clone()
    world = posed.rotations.clone()
    world[frames, hip], world[frames, knee] = (half @ world[:, hip])[frames], world[frames, knee]
    pose[:, hip - 1] = world[:, 0].mT @ world[:, hip]
    pose[:, knee - 1] = world[:, hip].mT @ world[:, knee]
    return replace(motion, body_pose=pose)


@pytest.mark.parametrize("frames", [slice(20, 45), slice(25, 180), slice(0, 130), slice(0, 360)])
def test_flipped_thighs_are_turned_back_and_nothing_moves(march, body, frames):
    motion = march(3.0)
    flipped = half_turned(motion, body, frames)
    found, count = rebuild_thigh_twist(flipped, body)
    assert count >= 10
    # Where the leg is straight the twist is not seen: what matters is that it does not jump and is right when bent.
    bent = geodesic_angle(motion.body_pose[:, 3], EYE.expand(motion.frames, 3, 3)) > 0.4
    error = geodesic_angle(found.body_pose[bent, 0], motion.body_pose[bent, 0])
    assert math.degrees(float(error.max())) < 8.0
    steps = geodesic_angle(found.body_pose[:-1, 0], found.body_pose[1:, 0])
    assert math.degrees(float(steps.max())) < 12.0
    torch.testing.assert_close(pose_bones(found, body).joints, pose_bones(motion, body).joints, atol=2e-3, rtol=0)
    torch.testing.assert_close(
        pose_bones(found, body).rotations[:, 7], pose_bones(motion, body).rotations[:, 7], atol=1e-6, rtol=0
    )


def test_right_thighs_are_left_alone(marching, body):
    found, count = rebuild_thigh_twist(marching, body)
    assert count == 0
    assert found is marching


@pytest.mark.parametrize(("first", "last"), [(100, 101), (100, 112), (0, 0)])
def test_spikes_of_a_joint_are_bridged(marching, change, first, last):
    spoilt = change(marching, 16, slice(first, last), turn(y=1.2, z=0.5))
    found, count = repair_joints(spoilt)
    assert largest_angle(found, marching) < 3.0
    assert count == 3 * (last - first)  # the elbow and the wrist are carried along


def test_a_thigh_that_jumps_takes_neither_shin_nor_foot_along(marching, body, change):
    by = turn(y=2.0)
    spoilt = change(marching, 1, slice(100, 108), by)
    pose = spoilt.body_pose.clone()
    pose[100:108, 3] = by.mT @ pose[100:108, 3]
    found, _ = repair_joints(replace(spoilt, body_pose=pose))
    assert largest_angle(found, marching) < 3.0


def test_a_fast_punch_is_no_spike(marching):
    time = torch.arange(marching.frames, dtype=torch.float64) / marching.fps
    angle = 1.0 - (2 * math.pi * time / 0.5).cos()
    pose = marching.body_pose.clone()
    pose[:, 17] = rotation_from_axis_angle(torch.stack([0 * angle, -1.2 * angle, 0 * angle], -1))
    motion = replace(marching, body_pose=pose)
    assert float(geodesic_angle(pose[:-1, 17], pose[1:, 17]).max()) * motion.fps > 15.0
    found, count = repair_joints(motion)
    assert count == 0
    assert found is motion


def test_a_bone_that_turns_faster_than_anybody_takes_longer(marching):
    frames = marching.frames
    angle = torch.zeros(frames, dtype=torch.float64)
    angle[180:188] = torch.linspace(0, 2.5, 8, dtype=torch.float64)
    angle[188:] = 2.5
    pose = marching.body_pose.clone()
    pose[:, 19] = rotation_from_axis_angle(torch.stack([angle, 0 * angle, 0 * angle], -1))
    found, _ = repair_joints(replace(marching, body_pose=pose))
    over_a_frame = geodesic_angle(found.body_pose[:-4, 19], found.body_pose[4:, 19])
    assert math.degrees(float(over_a_frame.max())) < 60.0
    assert math.degrees(float(geodesic_angle(pose[:-4, 19], pose[4:, 19]).max())) > 60.0


def test_smoothing_keeps_steady_turning_and_takes_noise_out():
    steady = rotation_from_axis_angle(
        torch.linspace(0, 9, 90, dtype=torch.float64)[:, None, None]
        * torch.tensor([0.0, 0.6, 0.8], dtype=torch.float64)
    )
    inner = slice(8, -8)
    torch.testing.assert_close(smooth_rotations(steady, 2.0)[inner], steady[inner], atol=1e-6, rtol=0)
    noise = torch.randn(90, 1, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64) * 0.05
    noisy = steady @ rotation_from_axis_angle(noise)
    before = geodesic_angle(noisy, steady)[inner].pow(2).mean().sqrt()
    after = geodesic_angle(smooth_rotations(noisy, 2.0), steady)[inner].pow(2).mean().sqrt()
    assert float(after / before) < 0.5
    assert torch.allclose(torch.linalg.det(smooth_rotations(noisy, 2.0)), torch.ones(90, 1, dtype=torch.float64))


def test_wrists_and_toes_are_smoothed_more_than_the_rest(marching):
    noise = torch.randn(marching.frames, 21, 3, generator=torch.Generator().manual_seed(2), dtype=torch.float64) * 0.03
    noisy = replace(marching, body_pose=marching.body_pose @ rotation_from_axis_angle(noise))
    left = geodesic_angle(smooth(noisy).body_pose, marching.body_pose).mean(0)
    assert float(left[[9, 10, 19, 20]].mean()) < 0.8 * float(left[[3, 4, 17, 18]].mean())
