"""The parts that differ from MotionFit's own, against the official code to rounding."""

import json
from itertools import pairwise
from pathlib import Path

import pytest
import torch

from motionfit.body.keypoints import BODY25_IGNORED
from motionfit.geometry.rotations import rotation_from_axis_angle
from motionfit.pipeline.windows import split_windows
from motionfit.priors.state import MotionState
from motionfit.reference.initialise import first_values
from motionfit.reference.observation_terms import floor_overlap, keypoint_overlap, shape_overlap
from motionfit.reference.observed import PreviousWindow, WindowBatch
from motionfit.reference.pose_stages import PoseStages
from motionfit.reference.prior_frame import parse_floor, prior_frame
from motionfit.reference.rollout import infer_latents, roll_out
from motionfit.reference.rotations import heading_rotation, rotation_from_vector
from motionfit.reference.windows import joined

EXACT = {"rtol": 1e-9, "atol": 1e-10}
SPLITS = Path(__file__).parents[2] / "data" / "goldens" / "rgb_split.json"


def states_of(golden, prefix, frame=None):
    def part(name):
        values = golden[prefix + name]
        return values if frame is None else values[:, frame]

    return MotionState(
        part("trans"),
        part("trans_vel"),
        part("root_orient").unflatten(-1, (3, 3)),
        part("root_orient_vel"),
        part("pose_body").unflatten(-1, (21, 3, 3)),
        part("joints").unflatten(-1, (22, 3)),
        part("joints_vel").unflatten(-1, (22, 3)),
    )


def test_headings_are_the_published_ones_also_where_they_are_degenerate(golden_tensors):
    golden = golden_tensors("world2aligned")
    torch.testing.assert_close(heading_rotation(golden["R"]), golden["world2aligned"], **EXACT)


def test_rotations_differ_from_the_exact_ones_by_the_published_guard_only():
    vectors = torch.randn(50, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    apart = (rotation_from_vector(vectors) - rotation_from_axis_angle(vectors)).abs().max()
    assert 1e-12 < apart < 5e-8


def test_a_roll_out_is_the_published_one(golden_tensors, official_priors):
    golden = golden_tensors("rollout")
    rolled = roll_out(official_priors.motion, states_of(golden, "init_", 0), golden["z_seq"])
    torch.testing.assert_close(rolled.states.slice(1, 21).pack(), states_of(golden, "out_").pack(), **EXACT)
    torch.testing.assert_close(rolled.prior_mean, golden["prior_mean"], **EXACT)
    torch.testing.assert_close(rolled.prior_variance, golden["prior_var"], **EXACT)
    torch.testing.assert_close(rolled.contact_logits, golden["out_contacts"], **EXACT)


def test_a_start_that_is_not_canonical_is_fed_as_it_is(golden_tensors, official_priors):
    golden = golden_tensors("rollout_noncanonical")
    rolled = roll_out(official_priors.motion, states_of(golden, "init_", 0), golden["z_seq"])
    torch.testing.assert_close(rolled.states.translation[:, 1:], golden["nocanon_trans"], **EXACT)
    joints = golden["nocanon_joints"].unflatten(-1, (22, 3))
    torch.testing.assert_close(rolled.states.joints[:, 1:], joints, **EXACT)


def test_latents_are_the_published_ones(golden_tensors, official_priors):
    golden = golden_tensors("infer_global_seq")
    latents = infer_latents(official_priors.motion, states_of(golden, "in_"))
    torch.testing.assert_close(latents, golden["post_mean"], **EXACT)


def test_the_prior_frame_is_the_published_one_both_ways(golden_tensors):
    golden = golden_tensors("cam2prior")
    root = rotation_from_vector(golden["root_orient"])
    place = golden["trans"]
    frame = prior_frame(golden["floor_plane"], place[:, 0], root[:, 0], golden["joints0"][:, 0])
    torch.testing.assert_close(frame.rotation, golden["cam2prior_R"], **EXACT)
    torch.testing.assert_close(-frame.key_translation, golden["cam2prior_t"], **EXACT)
    torch.testing.assert_close(frame.root_height, golden["root_height"][:, 0], **EXACT)
    normal, offset = parse_floor(golden["floor_plane"])
    torch.testing.assert_close(torch.cat([normal, offset[:, None]], 1), golden["floor_plane4"], **EXACT)
    rest_root = golden["joints0"][:, 0] - place[:, 0]
    moved = frame.move_in(place, rest_root)
    torch.testing.assert_close(moved, golden["fwd_trans"], **EXACT)
    torch.testing.assert_close(frame.move_in(place[:, :1], rest_root), golden["fwd1_trans"], **EXACT)
    torch.testing.assert_close(frame.move_out(moved), golden["inv_trans"], **EXACT)
    turned = rotation_from_vector(golden["fwd_root_orient"])
    torch.testing.assert_close(frame.turn_in(root), turned, rtol=0, atol=1e-7)
    torch.testing.assert_close(frame.turn_out(frame.turn_in(root)), root, rtol=0, atol=1e-7)


def test_videos_start_at_the_published_depth(golden_tensors, reference_body, official_priors):
    golden = golden_tensors("initialize_rgb")
    floor = golden["floor_plane_obs"]
    observed = WindowBatch(
        30.0, keypoints2d=golden["joints2d"], intrinsics=golden["cam_matx"], floor=floor[:, :3] * floor[:, 3:]
    )
    values = first_values(PoseStages(reference_body, official_priors.pose, observed))
    torch.testing.assert_close(values["translation"], golden["trans"], rtol=1e-7, atol=0)
    torch.testing.assert_close(values["root_orientation"], golden["root_orient"], **EXACT)
    torch.testing.assert_close(values["floor"], golden["floor_plane"], **EXACT)
    # the ignored keypoints count here
    ignored = golden["joints2d"].clone()
    ignored[..., list(BODY25_IGNORED), 2] = 0.0
    other = first_values(
        PoseStages(reference_body, official_priors.pose, WindowBatch(
            30.0, keypoints2d=ignored, intrinsics=observed.intrinsics, floor=observed.floor
        ))
    )  # fmt: skip
    assert not torch.equal(other["translation"], values["translation"])


@pytest.mark.parametrize("tied", [False, True])
def test_overlap_terms_within_a_batch_and_towards_the_one_before(golden_tensors, tied):
    golden = golden_tensors("fitting_losses")
    floor4 = golden["ov_prev_floor4"]
    start, stop = golden["ov_prev_interval"].tolist()
    previous = PreviousWindow(golden["ov_prev_verts3d"], golden["ov_prev_betas"], floor4[:3] * floor4[3], (start, stop))
    intervals = tuple((int(a), int(b)) for a, b in golden["ov_seq_interval"])
    batch = WindowBatch(30.0, intervals=intervals, previous=previous if tied else None)

    def expected(*parts):
        kinds = ("consist", "xbatch") if tied else ("consist",)
        return sum(golden[f"loss_rgb_overlap_{kind}_{part}"] for kind in kinds for part in parts)

    keypoints = keypoint_overlap(batch, golden["ov_verts3d"])
    torch.testing.assert_close(keypoints, expected("verts3d_pos", "verts3d_vel"), **EXACT)
    torch.testing.assert_close(shape_overlap(batch, golden["ov_betas"]), expected("betas"), **EXACT)
    torch.testing.assert_close(floor_overlap(batch, golden["ov_floor"]), expected("floor"), **EXACT)


def test_windows_are_split_by_the_published_rule_and_cut_where_the_earlier_one_ends():
    for frames, length, overlap, windows in json.loads(SPLITS.read_text())["rows"]:
        found = split_windows(frames, length, overlap)
        if isinstance(windows, str):
            # the published rule divides by zero where one window would do
            assert found == ((0, frames),)
            continue
        assert [list(window) for window in found] == windows
        numbers = [torch.arange(start, stop) + 0.01 * place for place, (start, stop) in enumerate(found)]
        clip = joined(torch.stack(numbers), found)
        assert torch.equal(clip.floor().long(), torch.arange(frames))
        ends = [0, *(stop for _, stop in found)]
        for place, (start, stop) in enumerate(pairwise(ends)):
            assert torch.equal(clip[start:stop], numbers[place][-(stop - start) :])


def test_windows_that_were_not_reached_repeat_the_last_frame():
    windows = ((0, 4), (2, 6), (4, 8))
    clip = joined(torch.tensor([[0.0, 1.0, 2.0, 3.0]]), windows)
    assert clip.tolist() == [0.0, 1.0, 2.0, 3.0, 3.0, 3.0, 3.0, 3.0]
