from dataclasses import replace

import pytest
import torch

from motionfit.errors import InputError, SettingsError
from motionfit.metrics.drift import joints_of
from motionfit.pipeline.fit import fit, fit_clips
from motionfit.pipeline.freezes import Freeze
from motionfit.pipeline.settings import load_preset
from motionfit.pipeline.stages import PHASES, STAGE_TITLES
from motionfit.simulation import simulate

from .conftest import FRAMES, QUICK, walk


@pytest.fixture(scope="module")
def result(noisy, body, priors):
    return fit(noisy, body, priors, replace(load_preset("joints3d"), iterations=QUICK))


def mean_error(body, stage, truth):
    return float((joints_of(body, stage.motion) - joints_of(body, truth)).norm(dim=-1).mean())


def test_all_stages_are_kept_in_order_with_every_closure(result):
    assert list(result.stages) == list(STAGE_TITLES)
    for stage in ("stage1", "stage2", "stage3"):
        history = result.stages[stage].history
        phases = [phase.key for phase in PHASES if phase.stage == stage]
        assert [key for key in dict.fromkeys(record.phase for record in history)] == phases
        for record in history:
            assert record.loss == pytest.approx(sum(record.weighted.values()))
            assert set(record.raw) == set(record.weighted)
    assert result.stages["stage3_init"].history == ()
    assert result.stages["stage3_init"].motion.frames == FRAMES


def test_stage_two_is_better_than_the_observation(result, noisy, motion, body):
    truth = joints_of(body, motion)
    observed = float((noisy.joints3d - truth).norm(dim=-1).mean())
    assert mean_error(body, result.stages["stage2"], motion) < observed


def test_every_phase_lowers_its_own_loss(result):
    for stage in result.stages.values():
        for phase in {record.phase for record in stage.history}:
            losses = [record.loss for record in stage.history if record.phase == phase]
            assert min(losses) <= losses[0]


def test_the_result_is_finite_and_made_of_rotations(result):
    for stage in result.stages.values():
        motion = stage.motion
        assert torch.isfinite(motion.translation).all()
        identity = torch.eye(3).expand_as(motion.body_pose)
        torch.testing.assert_close(motion.body_pose @ motion.body_pose.mT, identity, atol=1e-4, rtol=0)
    contacts = result.final.motion.contacts
    assert contacts is not None
    assert ((contacts >= 0) & (contacts <= 1)).all()


def test_the_same_seed_gives_the_same_result(result, noisy, body, priors, quick):
    again = fit(noisy, body, priors, quick)
    torch.testing.assert_close(again.final.motion.translation, result.final.motion.translation, rtol=0, atol=0)


def test_rerunning_a_stage_keeps_the_earlier_ones_and_equals_the_whole_run(result, noisy, body, priors, quick):
    again = fit(noisy, body, priors, replace(quick, stages=("stage3",)), previous=result)
    assert again.stages["stage2"] is result.stages["stage2"]
    torch.testing.assert_close(again.final.motion.translation, result.final.motion.translation)


def test_a_later_stage_without_the_earlier_is_refused(noisy, body, priors, quick):
    with pytest.raises(SettingsError, match="has not been run"):
        fit(noisy, body, priors, replace(quick, stages=("stage3",)))


def test_repair_07_clips_fitted_together_equal_clips_fitted_alone(body, priors, quick):
    observed = [simulate(walk(FRAMES, i), body, "noise=0.02", i) for i in range(2)]
    settings = replace(quick, stages=("stage1", "stage2"), iterations={"root": 5, "pose": 8})
    together = fit_clips(observed, body, priors, settings)
    for given, found in zip(observed, together, strict=True):
        alone = fit(given, body, priors, settings)
        apart = joints_of(body, alone.final.motion) - joints_of(body, found.final.motion)
        assert apart.abs().max() < 1e-4


FREEZES = [
    ("translation", "stage2", "translation"),
    ("root_orientation", "stage2", "root_six"),
    ("body_pose", "stage2", "pose_latents"),
    ("shape", "stage2", "betas"),
    ("shape", "stage3", "betas"),
    ("translation", "stage3", "x0_translation"),
    ("root_orientation", "stage3", "x0_root_six"),
    ("body_pose", "stage3", "x0_pose_latent"),
    ("initial_velocities", "stage3", "x0_joint_velocities"),
    ("motion_latents", "stage3", "motion_latents"),
]


@pytest.mark.parametrize(("variable", "stage", "tensor"), FREEZES)
def test_a_frozen_variable_comes_out_bit_identical_and_a_free_one_moves(
    result, noisy, body, priors, quick, variable, stage, tensor
):
    before = {"stage2": "stage1", "stage3": "stage3_init"}[stage]
    quick = replace(quick, iterations={key: min(count, 3) for key, count in QUICK.items()}, stages=(stage,))
    frozen = fit(noisy, body, priors, replace(quick, freezes=frozenset({Freeze(variable, stage)})), previous=result)
    start = frozen.stages[before].variables[tensor]
    assert torch.equal(frozen.stages[stage].variables[tensor], start)
    free = fit(noisy, body, priors, quick, previous=result)
    assert not torch.equal(free.stages[stage].variables[tensor], start)


def test_a_frozen_initial_state_shows_in_the_first_frame_bit_for_bit(result, noisy, body, priors, quick):
    freezes = frozenset({Freeze("translation", "stage3"), Freeze("root_orientation", "stage3")})
    frozen = fit(noisy, body, priors, replace(quick, freezes=freezes, stages=("stage3",)), previous=result)
    stage2, stage3 = frozen.stages["stage2"].motion, frozen.stages["stage3"].motion
    assert torch.equal(stage3.translation[0], stage2.translation[0])
    assert torch.equal(stage3.root_orientation[0], stage2.root_orientation[0])


def test_repair_02_the_initial_state_does_not_move_while_it_is_held(noisy, body, priors, quick):
    moments = []

    def watch(progress):
        if progress.phase in ("hold_x0", "refine"):
            moments.append((progress.phase, progress.motion().translation[0].clone()))
        return True

    fit(noisy, body, priors, quick, watch)
    held = [place for phase, place in moments if phase == "hold_x0"]
    refined = [place for phase, place in moments if phase == "refine"]
    assert all(torch.equal(place, held[0]) for place in held)
    assert not all(torch.equal(place, held[0]) for place in refined)


def test_priors_and_body_get_no_gradient(noisy, body, priors, quick):
    fit(noisy, body, priors, replace(quick, iterations={key: 1 for key in QUICK}))
    for module in (priors.pose, priors.motion, priors.initial_state):
        for parameter in module.parameters():
            assert parameter.grad is None
            assert not parameter.requires_grad
    assert body.surface.template.grad is None


def test_cancelling_stops_within_one_closure_and_keeps_what_is_there(noisy, body, priors, quick):
    seen = []

    def stop_in_stage_two(progress):
        seen.append(progress.stage)
        return seen.count("stage2") < 4

    result = fit(noisy, body, priors, quick, stop_in_stage_two)
    assert result.cancelled
    assert seen.count("stage2") == 4
    assert list(result.stages) == ["stage1", "stage2"]
    assert len(result.stages["stage2"].history) == 4
    assert torch.isfinite(result.final.motion.translation).all()


def test_progress_grows_to_the_end_and_gives_the_current_motion(noisy, body, priors, quick):
    fractions = []

    def watch(progress):
        fractions.append(progress.fraction)
        if len(fractions) == 3:
            assert progress.motion().frames == FRAMES
        return True

    fit(noisy, body, priors, quick, watch)
    assert fractions == sorted(fractions)
    assert 0.0 <= fractions[0] < 0.05
    assert fractions[-1] > 0.9


def test_missing_frames_and_joints_are_bridged(body, priors, quick, motion):
    given = simulate(motion, body, "noise=0.005", 2)
    mask = given.joints3d_mask.clone()
    mask[7:12] = False
    mask[:, 4] = False
    wild = torch.where(mask[..., None], given.joints3d, torch.tensor(1e3))
    hidden = replace(given, joints3d=wild, joints3d_mask=mask)
    settings = replace(quick, stages=("stage1", "stage2"), iterations={"root": 40, "pose": 80})
    result = fit(hidden, body, priors, settings)
    error = (joints_of(body, result.final.motion) - joints_of(body, motion)).norm(dim=-1)
    assert error[7:12].mean() < 0.15
    assert error[:, 0].max() < 0.15


def test_a_long_clip_is_cut_into_windows_with_one_shape_and_no_seam(body, priors, quick):
    truth = walk(50)
    settings = replace(quick, window=20, overlap=5)
    result = fit(simulate(truth, body, "noise=0.01", 3), body, priors, settings)
    assert result.windows[0] == (0, 20)
    assert result.windows[-1][1] == 50
    assert result.final.motion.frames == 50
    assert result.final.variables["motion_latents"].shape[0] == len(result.windows)
    steps = joints_of(body, result.final.motion).diff(dim=0).norm(dim=-1).mean(1)
    assert steps.max() < 4 * steps.median()


@pytest.mark.parametrize("frames", [1, 2])
def test_too_short_a_clip_is_refused(body, priors, quick, frames, noisy):
    short = replace(noisy, frames=frames, joints3d=noisy.joints3d[:frames], joints3d_mask=noisy.joints3d_mask[:frames])
    with pytest.raises(InputError, match="needs 3 or more"):
        fit(short, body, priors, quick)


def test_three_frames_are_enough(body, priors, quick, noisy):
    short = replace(noisy, frames=3, joints3d=noisy.joints3d[:3], joints3d_mask=noisy.joints3d_mask[:3])
    assert fit(short, body, priors, quick).final.motion.frames == 3


def test_nothing_observed_is_refused_with_a_hint(body, priors, quick, noisy):
    blind = replace(noisy, joints3d_mask=torch.zeros_like(noisy.joints3d_mask))
    with pytest.raises(InputError, match="No frame shows"):
        fit(blind, body, priors, quick)


def test_keypoints_3d_are_fitted(body, priors, motion):
    observed = simulate(motion, body, "below=0.5", 0)
    settings = replace(load_preset("keypoints3d"), iterations=QUICK | {"pose": 80})
    result = fit(observed, body, priors, settings)
    assert mean_error(body, result.stages["stage2"], motion) < 0.1


def test_two_dimensional_keypoints_find_place_and_heading(body, priors, motion):
    observed = simulate(motion, body, "project=1280x720:f1060,noise_px=1", 0)
    settings = replace(load_preset("video"), iterations=QUICK | {"root": 40, "pose": 80})
    result = fit(observed, body, priors, settings)
    reprojection = result.diagnostics["reprojection_px"]
    assert torch.isfinite(reprojection).all()
    stage2 = result.stages["stage2"].history
    assert stage2[-1].raw["keypoints2d"] < 0.5 * result.stages["stage1"].history[0].raw["keypoints2d"]
    depth = result.final.motion.translation[:, 2]
    assert (depth > 1.0).all()


def test_repair_06_a_fit_changes_nothing_that_it_is_given(body, priors, motion):
    observed = simulate(motion, body, "project=1280x720:f1060,drop=0.2", 0)
    before = observed.keypoints2d.clone()
    settings = replace(load_preset("video"), iterations={key: 2 for key in QUICK})
    result = fit(observed, body, priors, settings)
    assert torch.equal(observed.keypoints2d, before)
    assert result.observations is observed
    for phase in PHASES:
        stage = result.stages[phase.stage]
        assert {record.iteration for record in stage.history if record.phase == phase.key} <= {0, 1, 2}
