"""Whole runs of the official code: closures per step, losses, joints after each stage, and the result."""

from dataclasses import replace

import pytest
import torch

from motionfit.geometry.rotations import axis_angle_from_rotation
from motionfit.motion import Camera, Observations
from motionfit.pipeline.settings import load_preset
from motionfit.pipeline.windows import split_windows
from motionfit.reference.fit_batch import BatchFit, fit_batches
from motionfit.reference.prior_frame import parse_floor, prior_frame
from motionfit.reference.schedule import Schedule
from motionfit.reference.windows import joined, windowed

STAGES = ("stage1", "stage2", "stage3")
FILES = {"fit_small_joints": "reference-3d", "fit_small_rgb": "reference-video"}
# 2, 2 and 3 steps of 4 inner iterations; x0 is tuned on 8 frames in the first step of stage III, held in the second
SHORT = {"root": 2, "pose": 2, "tune_x0": 1, "hold_x0": 1, "refine": 1}
CLOSE = {"rtol": 0.0, "atol": 1e-6}


def go_on(_record, _values):
    return True


def golden_schedule(preset, iterations, inner):
    return replace(Schedule.of(load_preset(preset)), iterations=iterations, inner_iterations=inner, tuned_frames=8)


@pytest.fixture(scope="module", params=FILES)
def short_run(request, golden_tensors, observed_in, reference_body, official_priors):
    golden = golden_tensors(request.param)
    schedule = golden_schedule(FILES[request.param], SHORT, 4)
    results = BatchFit(observed_in(golden), reference_body, official_priors, schedule).run(go_on, STAGES)
    return golden, results


def test_every_step_takes_the_closures_of_the_golden_and_comes_to_its_loss(short_run):
    golden, results = short_run
    records = [record for stage in results.values() for record in stage.history]
    steps = list(dict.fromkeys((record.phase, record.iteration) for record in records))
    losses = [[r.loss for r in records if (r.phase, r.iteration) == step] for step in steps]
    assert [len(step) for step in losses] == golden["n_eval"].tolist()
    first, last = (torch.tensor([step[place] for step in losses], dtype=torch.float64) for place in (0, -1))
    torch.testing.assert_close(first, golden["loss_first"], rtol=1e-6, atol=0)
    torch.testing.assert_close(last, golden["loss_last_eval"], rtol=1e-6, atol=0)


def test_every_stage_has_the_joints_of_the_golden(short_run):
    golden, results = short_run
    assert list(results) == ["stage1", "stage2", "stage3_init", "stage3"]
    for key, stage in results.items():
        torch.testing.assert_close(stage.joints, golden[f"{key}_joints3d"], **CLOSE, msg=key)


def test_the_result_is_that_of_the_golden(short_run, official_priors):
    golden, results = short_run
    final = results["stage3"]
    torch.testing.assert_close(final.translation, golden["res_trans"], **CLOSE)
    torch.testing.assert_close(axis_angle_from_rotation(final.root_orientation), golden["res_root_orient"], **CLOSE)
    torch.testing.assert_close(axis_angle_from_rotation(final.body_pose).flatten(-2), golden["res_pose_body"], **CLOSE)
    torch.testing.assert_close(final.betas, golden["res_betas"], **CLOSE)
    torch.testing.assert_close(final.values["motion_latents"], golden["res_latent_motion"], rtol=0, atol=5e-6)
    torch.testing.assert_close(official_priors.pose.encode(final.body_pose)[0], golden["res_latent_pose"], **CLOSE)
    contacts = golden["res_contacts"][..., [0, 4, 5, 7, 8, 10, 11, 20, 21]] > 0.5
    assert torch.equal(final.contacts > 0.5, contacts)
    if "res_floor_plane" in golden:
        normal, offset = parse_floor(final.floor)
        torch.testing.assert_close(torch.cat([normal, offset[:, None]], 1), golden["res_floor_plane"], **CLOSE)


def test_x0_does_not_move_while_it_is_held(golden_tensors, observed_in, reference_body, official_priors):
    golden = golden_tensors("fit_small_rgb")
    schedule = golden_schedule("reference-video", SHORT | {"root": 1, "pose": 1, "refine": 0}, 2)
    seen = []

    def watch(record, values):
        if record.phase == "hold_x0":
            seen.append(values)
        return True

    BatchFit(observed_in(golden), reference_body, official_priors, schedule).run(watch, STAGES)
    assert len(seen) > 1
    for name in ("translation", "root_orientation", "pose_latents", "joint_velocities"):
        assert all(torch.equal(values[name], seen[0][name]) for values in seen)
    assert not torch.equal(seen[-1]["motion_latents"], seen[0]["motion_latents"])


def test_a_stopped_run_keeps_the_best_values_so_far(golden_tensors, observed_in, reference_body, official_priors):
    observed = observed_in(golden_tensors("fit_small_joints"))
    run = BatchFit(observed, reference_body, official_priors, golden_schedule("reference-3d", SHORT, 4))
    losses = []

    def watch(record, _values):
        losses.append(record.loss)
        return len(losses) < 7

    results = run.run(watch, STAGES)
    assert list(results) == ["stage1"]
    assert results["stage1"].stopped
    assert len(losses) == 7
    reached = run.poses.root_terms(results["stage1"].values, {"joints3d"})["joints3d"]
    assert float(reached) == min(losses)


@pytest.fixture(scope="module")
def video(golden_tensors, official_body):
    """34 frames in windows of 14 with an overlap of at least 4, two at a time."""
    golden = golden_tensors("video_small")
    observations = Observations(
        fps=30.0, frames=34, keypoints2d=golden["joints2d"], camera=Camera(golden["cam_matx"], (1280, 720))
    )
    return golden, windowed(observations, official_body, split_windows(34, 14, 4), 2)


def test_a_video_in_batches_meets_the_golden(video, reference_body, official_priors):
    golden, clip = video
    assert [list(window) for window in clip.windows] == golden["seq_intervals"].tolist()
    assert [len(batch.data) for batch in clip.batches] == [2, 1]
    schedule = golden_schedule("reference-video", {"root": 1, "pose": 1, "tune_x0": 1, "hold_x0": 1}, 3)
    told = []

    def tell(done, _run, _record, _values):
        told.append(len(done))
        return True

    done = fit_batches(clip.batches, reference_body, official_priors, schedule, tell)
    assert set(told) == {0, 1}
    finals = [batch["stage3"] for batch in done]

    def whole(values):
        return joined(torch.cat(values), clip.windows)

    translation = whole([final.translation for final in finals])
    root = whole([final.root_orientation for final in finals])
    pose = whole([final.body_pose for final in finals])
    betas = whole([final.betas.unsqueeze(1).expand(-1, 14, 16) for final in finals])
    for window in range(3):
        part = finals[window // 2]
        torch.testing.assert_close(part.translation[window % 2], golden[f"sub{window}_trans"], **CLOSE)
        normal, offset = parse_floor(part.floor[window % 2])
        torch.testing.assert_close(torch.cat([normal, offset[None]]), golden[f"sub{window}_floor_plane"], **CLOSE)
    torch.testing.assert_close(translation, golden["final_trans"], **CLOSE)
    torch.testing.assert_close(axis_angle_from_rotation(root), golden["final_root_orient"], **CLOSE)
    torch.testing.assert_close(axis_angle_from_rotation(pose).flatten(-2), golden["final_pose_body"], **CLOSE)
    torch.testing.assert_close(betas, golden["final_betas"], **CLOSE)

    rest_root = betas.new_zeros(1, 3) + finals[0].joints[0, 0, 0] - finals[0].translation[0, 0]
    frame = prior_frame(finals[0].floor[:1], translation[:1], root[:1], finals[0].joints[:1, 0, 0])
    torch.testing.assert_close(frame.move_in(translation[None], rest_root)[0], golden["final_prior_trans"], **CLOSE)
    turned = axis_angle_from_rotation(frame.turn_in(root[None])[0])
    torch.testing.assert_close(turned, golden["final_prior_root_orient"], **CLOSE)
