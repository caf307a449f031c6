import math
from dataclasses import replace

import pytest
import torch

from motionfit.geometry.rotations import rotation_from_axis_angle
from motionfit.metrics import accuracy
from motionfit.metrics.drift import joints_of
from motionfit.simulation import simulate

generator = torch.Generator().manual_seed(0)
TRUE = torch.randn(120, 22, 3, generator=generator, dtype=torch.float64)
SHIFT = torch.tensor([0.3, -0.2, 0.6], dtype=torch.float64)
TURN = rotation_from_axis_angle(torch.tensor([0.1, 0.2, 2.0], dtype=torch.float64))

ALL = [
    accuracy.mpjpe_mm, accuracy.pa_mpjpe_mm, accuracy.global_mpjpe_mm, accuracy.legs_mm, accuracy.wa_mpjpe_mm,
    accuracy.w_mpjpe_mm,
]  # fmt: skip


@pytest.mark.parametrize("metric", ALL)
def test_a_perfect_match_is_zero(metric):
    assert metric(TRUE, TRUE) == pytest.approx(0.0, abs=1e-9)


def test_a_shift_counts_globally_only():
    moved = TRUE + SHIFT
    assert accuracy.global_mpjpe_mm(moved, TRUE) == pytest.approx(700.0)
    assert accuracy.legs_mm(moved, TRUE) == pytest.approx(700.0)
    for metric in (accuracy.mpjpe_mm, accuracy.pa_mpjpe_mm, accuracy.wa_mpjpe_mm, accuracy.w_mpjpe_mm):
        assert metric(moved, TRUE) == pytest.approx(0.0, abs=1e-9)


def test_a_turn_and_a_scale_do_not_count_after_procrustes():
    moved = 1.3 * TRUE @ TURN.T + SHIFT
    for metric in (accuracy.pa_mpjpe_mm, accuracy.wa_mpjpe_mm, accuracy.w_mpjpe_mm):
        assert metric(moved, TRUE) == pytest.approx(0.0, abs=1e-9)
    assert accuracy.mpjpe_mm(moved, TRUE) > 100


def test_a_single_wrong_joint_counts_its_share():
    wrong = TRUE.clone()
    wrong[:, 4, 0] += 0.22
    assert accuracy.mpjpe_mm(wrong, TRUE) == pytest.approx(10.0)
    assert accuracy.legs_mm(wrong, TRUE) == pytest.approx(220.0 / 8)


def test_drift_counts_after_the_first_two_frames():
    drifting = TRUE.clone()
    drifting[:, :, 0] += (
        torch.arange(120, dtype=torch.float64)[:, None] % 100 * 0.01 * (torch.arange(120) >= 2)[:, None]
    )
    along = accuracy.w_mpjpe_mm(drifting, TRUE)
    assert along > accuracy.wa_mpjpe_mm(drifting, TRUE)
    assert along == pytest.approx(1000 * sum(k % 100 * 0.01 for k in range(2, 120)) / 120, rel=0.05)


def test_acceleration_by_hand():
    time = torch.arange(10, dtype=torch.float64)[:, None, None] / 30.0
    falling = torch.cat([0 * time, 0 * time, -0.5 * 9.81 * time**2], -1).expand(10, 22, 3)
    assert accuracy.accel_m_s2(falling, 30.0) == pytest.approx(9.81)
    assert accuracy.accel_error_m_s2(falling, falling + SHIFT * time, 30.0) == pytest.approx(0.0, abs=1e-9)
    assert accuracy.accel_error_m_s2(falling, torch.zeros_like(falling), 30.0) == pytest.approx(9.81)
    assert accuracy.jitter(falling, 30.0) == pytest.approx(0.0, abs=1e-6)
    cubic = torch.cat([0 * time, 2.0 * time**3, 0 * time], -1).expand(10, 22, 3)
    assert accuracy.jitter(cubic, 30.0) == pytest.approx(12.0)


def test_acceleration_at_another_rate_is_the_same():
    for fps in (15.0, 60.0):
        time = torch.arange(20, dtype=torch.float64)[:, None, None] / fps
        assert accuracy.accel_m_s2((time**2).expand(20, 22, 3), fps) == pytest.approx(2 * math.sqrt(3))


def test_the_mesh_moves_with_the_body(walking, open_body):
    moved = replace(walking, translation=walking.translation + torch.tensor([0.03, 0.0, 0.04]))
    assert accuracy.mesh_mm(walking, walking, open_body) == 0.0
    assert accuracy.mesh_mm(moved, walking, open_body) == pytest.approx(50.0, rel=1e-4)


def test_visible_and_occluded_points_are_told_apart(walking, open_body):
    observed = simulate(walking, open_body, "missing=0:12")
    first_half = walking.translation.clone()
    first_half[:12, 0] += 0.1
    found = accuracy.split_by_visibility_mm(replace(walking, translation=first_half), walking, open_body, observed)
    assert found["occluded_mm"] == pytest.approx(100.0, rel=1e-4)
    assert found["visible_mm"] == 0.0


def test_where_all_is_visible_nothing_is_occluded(walking, open_body):
    for spec in ("noise=0.1", "project=640x360:f500"):
        found = accuracy.split_by_visibility_mm(walking, walking, open_body, simulate(walking, open_body, spec))
        assert found == {"visible_mm": 0.0}


def test_hidden_surface_keypoints_are_those_below(walking, open_body):
    observed = simulate(walking, open_body, "below=0.9")
    bent = walking.body_pose.clone()
    bent[:, :2] = torch.eye(3)
    found = accuracy.split_by_visibility_mm(replace(walking, body_pose=bent), walking, open_body, observed)
    assert found["occluded_mm"] > 3 * found["visible_mm"]
    assert joints_of(open_body, walking).shape == (24, 22, 3)
