from dataclasses import replace

import pytest
import torch

from motionfit.files.frames import transform_floor, transform_motion
from motionfit.geometry.planes import world_floor
from motionfit.metrics import METRIC_TITLES, evaluate, frame_diagnostics
from motionfit.metrics.diagnostics import MEASURES
from motionfit.simulation import SimulationSpec, camera_from_world, simulate

CAMERA = "project=640x360:f500"
NAMES = [
    "mpjpe_mm",
    "pa_mpjpe_mm",
    "global_mpjpe_mm",
    "visible_mm",
    "occluded_mm",
    "legs_mm",
    "mesh_mm",
    "accel_error_m_s2",
    "accel_m_s2",
    "jitter",
    "contact_f1",
    "skating_cm_per_frame",
    "penetration_rate",
    "penetration_cm",
    "float_cm",
    "reprojection_px",
    "wa_mpjpe_mm",
    "w_mpjpe_mm",
]


def in_camera(walking, body):
    pose = camera_from_world(walking, body, SimulationSpec.parse(CAMERA).projection)
    return transform_motion(walking, body, pose), transform_floor(world_floor(), pose)


def test_the_names_are_those_of_the_contract():
    assert set(METRIC_TITLES) == set(NAMES)


def test_the_truth_is_perfect(walking, open_body):
    motion, floor = in_camera(walking, open_body)
    observed = simulate(walking, open_body, CAMERA + ",missing=3:5")
    found = evaluate(motion, motion, open_body, observed, floor)
    assert set(found) == set(NAMES)
    for name in NAMES:
        if name.endswith("_mm") or name in ("accel_error_m_s2", "reprojection_px"):
            assert found[name] == pytest.approx(0.0, abs=0.02), name
    assert found["contact_f1"] == 1.0


def test_without_truth_only_plausibility_is_told(walking, open_body):
    found = evaluate(walking, None, open_body, None, world_floor())
    expected = {"accel_m_s2", "jitter", "skating_cm_per_frame", "penetration_rate", "penetration_cm", "float_cm"}
    assert set(found) == expected


def test_three_frames_are_enough_and_two_are_not(walking, open_body):
    short = walking.slice(0, 3)
    assert "jitter" not in evaluate(short, short, open_body, None, world_floor())
    with pytest.raises(ValueError, match="three frames"):
        evaluate(walking.slice(0, 2), None, open_body, None, world_floor())
    with pytest.raises(ValueError, match="24 frames and the truth 3"):
        evaluate(walking, short, open_body, None, world_floor())


def test_the_truths_contacts_use_its_own_floor(walking, open_body):
    lifted = replace(walking, translation=walking.translation + torch.tensor([0.0, 0.0, 1.0]))
    floor = world_floor()
    higher = replace(floor, offset=torch.tensor(1.0))
    found = evaluate(lifted, walking, open_body, None, higher, truth_floor=floor)
    assert found["contact_f1"] == pytest.approx(1.0)
    assert evaluate(lifted, walking, open_body, None, higher).get("contact_f1", 0.0) != 1.0


def test_frames_tell_their_own_errors(walking, open_body):
    observed = simulate(walking, open_body, "missing=5:7")
    moved = walking.translation.clone()
    moved[10, 0] += 0.05
    found = frame_diagnostics(replace(walking, translation=moved), observed, open_body, world_floor())
    assert set(found) == set(MEASURES) - {"reprojection_px"}
    assert all(values.shape == (24,) for values in found.values())
    error = found["data_error_cm"]
    assert torch.isnan(error).nonzero().flatten().tolist() == [5, 6]
    assert float(error[10]) == pytest.approx(5.0, rel=1e-3)
    assert float(error.nansum()) == pytest.approx(5.0, rel=1e-3)
    assert int(found["acceleration"].argmax()) == 10
    sunk = replace(walking, translation=walking.translation - torch.tensor([0.0, 0.0, 0.03]))
    below = frame_diagnostics(sunk, observed, open_body, world_floor())["penetration_cm"]
    torch.testing.assert_close(below, torch.full((24,), 3.0), atol=0.01, rtol=0)


def test_reprojection_is_in_pixels_and_leaves_out_what_detectors_see_otherwise(walking, open_body):
    motion, floor = in_camera(walking, open_body)
    observed = simulate(walking, open_body, CAMERA)
    shifted = observed.keypoints2d.clone()
    shifted[..., 0] += 3.0
    shifted[..., 1] += 4.0
    shifted[:, [1, 9, 12], 0] += 100.0
    found = frame_diagnostics(motion, replace(observed, keypoints2d=shifted), open_body, floor)
    torch.testing.assert_close(found["reprojection_px"], torch.full((24,), 5.0), atol=0.01, rtol=0)
    metrics = evaluate(motion, None, open_body, replace(observed, keypoints2d=shifted), floor)
    assert metrics["reprojection_px"] == pytest.approx(5.0, abs=0.01)


def test_diagnostics_of_other_observations_and_short_motions(walking, open_body):
    observed = simulate(walking, open_body, "below=0.9")
    found = frame_diagnostics(walking, observed, open_body, world_floor())
    torch.testing.assert_close(found["data_error_cm"], torch.zeros(24), atol=1e-3, rtol=0)
    two = frame_diagnostics(walking.slice(0, 2), replace(observed, keypoints3d=None), open_body, world_floor())
    assert two["acceleration"].tolist() == [0.0, 0.0]
    assert "data_error_cm" not in two
