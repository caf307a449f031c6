from dataclasses import fields, replace

import pytest
import torch

from motionfit.errors import SettingsError
from motionfit.files.stage_archive import stage_arrays, stage_from_arrays
from motionfit.pipeline.fit import fit
from motionfit.pipeline.freezes import PARTS, Freeze
from motionfit.pipeline.held import held_masks, held_values, pose_numbers
from motionfit.pipeline.pose_residuals import PoseResiduals
from motionfit.pipeline.settings import LBFGS, LEVENBERG_MARQUARDT, load_preset
from motionfit.simulation import simulate

from .conftest import FRAMES, QUICK, walk
from .test_pose_residuals import ALL, loss_after, observe, pose_stage, somewhere, weights_of

FEW = {"root": 2, "pose": 3, "tune_x0": 1, "hold_x0": 1, "refine": 2}
BEFORE = {"stage2": "stage1", "stage3": "stage2"}
FREEZES = {
    "part": ("body_pose:left_arm",),
    "joint in frames": ("body_pose:right_knee[5:12]",),
    "pose in frames": ("body_pose[14:20]",),
    "place in frames": ("translation[5:12]",),
    "root in frames": ("root_orientation[0:4]",),
    "all at once": ("translation[0:3]", "root_orientation[6:14]", "body_pose:head[2:9]", "body_pose[7:9]"),
}


@pytest.fixture(scope="module")
def result(noisy, body, priors):
    quick = replace(load_preset("joints3d"), iterations=QUICK, stages=("stage1", "stage2"))
    return fit(noisy, body, priors, quick)


def frozen(texts, where):
    return frozenset(replace(Freeze.parse(text), where=where) for text in texts)


def assert_held(freezes, motion, before):
    """What is frozen is bit-identical, and something else of it has moved."""
    masks = held_masks(freezes, 1, motion.frames)
    for variable, mask in masks.items():
        now, then = getattr(motion, variable), getattr(before, variable)
        assert torch.equal(now[mask[0]], then[mask[0]]), variable
        assert not torch.equal(now[~mask[0]], then[~mask[0]]), variable
    assert not torch.equal(motion.body_pose, before.body_pose)


@pytest.mark.parametrize(
    ("case", "stage", "solver"),
    [(case, "stage2", LEVENBERG_MARQUARDT) for case in FREEZES]
    + [(case, "stage3", "windows") for case in FREEZES]
    + [("all at once", "stage2", LBFGS)],
)
def test_what_is_frozen_comes_out_bit_identical(result, noisy, body, priors, case, stage, solver):
    freezes = frozen(FREEZES[case], stage)
    settings = replace(load_preset("joints3d"), iterations=FEW, stages=(stage,), freezes=freezes)
    if solver == "windows":
        settings = replace(settings, window=9, overlap=3)
    else:
        settings = replace(settings, solvers={stage: solver})
    found = fit(noisy, body, priors, settings, previous=result)
    assert_held(freezes, found.final.motion, result.stages[BEFORE[stage]].motion)
    losses = [record.loss for record in found.final.history if record.phase == found.final.history[-1].phase]
    assert min(losses) < losses[0]
    assert all(torch.isfinite(value).all() for value in found.final.variables.values())


def test_a_freeze_everywhere_holds_through_all_stages_and_shows_while_it_runs(noisy, body, priors):
    freezes = frozen(("body_pose:left_arm[4:12]", "translation[4:12]"), "all")
    settings = replace(load_preset("joints3d"), iterations=FEW, freezes=freezes)
    shown = []

    def watch(progress):
        shown.append(progress.motion())
        return True

    found = fit(noisy, body, priors, settings, watch)
    first = found.stages["stage1"].motion
    for key in ("stage2", "stage3"):
        assert_held(freezes, found.stages[key].motion, first)
    for motion in shown:
        assert torch.equal(motion.translation[4:12], first.translation[4:12])


def test_a_freeze_in_a_phase_keeps_what_the_phase_before_it_found(result, noisy, body, priors):
    freezes = frozen(("body_pose:right_arm[4:12]",), "refine")
    settings = replace(load_preset("joints3d"), iterations=FEW, stages=("stage3",))
    until = fit(noisy, body, priors, replace(settings, iterations=FEW | {"refine": 0}), previous=result)
    found = fit(noisy, body, priors, replace(settings, freezes=freezes), previous=result)
    assert_held(freezes, found.final.motion, until.final.motion)


@pytest.mark.parametrize("variable", ["motion_latents", "initial_velocities"])
def test_numbers_of_the_roll_out_are_held_in_frames(result, noisy, body, priors, variable):
    settings = replace(
        load_preset("joints3d"), iterations=FEW, stages=("stage3",), window=9, overlap=3,
        freezes=frozen((f"{variable}[5:12]",), "stage3"),
    )  # fmt: skip
    found = fit(noisy, body, priors, settings, previous=result)
    start, end = found.stages["stage3_init"].variables, found.final.variables
    starts = torch.tensor([first for first, _ in found.windows])
    if variable == "initial_velocities":
        held = (starts >= 5) & (starts < 12)
        names = ("x0_linear_velocity", "x0_angular_velocity", "x0_joint_velocities")
    else:
        leads_to = starts[:, None] + 1 + torch.arange(8)
        held, names = (leads_to >= 5) & (leads_to < 12), ("motion_latents",)
    assert held.any()
    assert not held.all()
    for name in names:
        assert torch.equal(end[name][held], start[name][held])
        assert not torch.equal(end[name][~held], start[name][~held])


def test_stage_three_starts_from_the_held_body_also_when_it_is_taken_up_from_a_file(noisy, body, priors, result):
    freezes = frozen(("body_pose:left_leg[0:10]",), "stage2")
    settings = replace(load_preset("joints3d"), iterations=FEW | {"pose": 8}, freezes=freezes)
    whole = fit(noisy, body, priors, replace(settings, stages=("stage2", "stage3")), previous=result)
    part = fit(noisy, body, priors, replace(settings, stages=("stage2",)), previous=result)
    read = {key: stage_from_arrays(stage_arrays(stage)) for key, stage in part.stages.items()}
    again = fit(noisy, body, priors, replace(settings, stages=("stage3",)), previous=replace(part, stages=read))
    for field in fields(again.final.motion):
        value = getattr(whole.final.motion, field.name)
        same = torch.equal if isinstance(value, torch.Tensor) else lambda one, two: one == two
        assert same(value, getattr(again.final.motion, field.name)), field.name
    leg = [joint - 1 for joint in PARTS["left_leg"]]
    held, rolled = whole.stages["stage2"].motion.body_pose[0, leg], whole.stages["stage3_init"].motion.body_pose[0, leg]
    torch.testing.assert_close(rolled, held, atol=0.2, rtol=0)


def test_clips_side_by_side_hold_their_own(body, priors):
    from motionfit.pipeline.fit import fit_clips

    observed = [simulate(walk(12, sequence), body, "noise=0.02", sequence) for sequence in range(2)]
    freezes = frozen(("translation[2:6]", "body_pose:left_arm"), "stage2")
    settings = replace(load_preset("joints3d"), iterations=FEW, stages=("stage1", "stage2"), freezes=freezes)
    for found in fit_clips(observed, body, priors, settings):
        assert_held(freezes, found.final.motion, found.stages["stage1"].motion)


def test_frames_beyond_the_clip_are_refused_before_the_fit(noisy, body, priors, quick):
    freezes = frozenset({Freeze("translation", "stage3", frames=(10, FRAMES + 1))})
    with pytest.raises(SettingsError, match=f"beyond the clip.*{FRAMES} frames"):
        fit(noisy, body, priors, replace(quick, freezes=freezes))


@pytest.mark.parametrize("kind", ["joints3d", "keypoints3d", "video"])
def test_held_entries_have_no_derivative_and_the_others_that_of_the_objective(body, priors, kind):
    stage, start = pose_stage([observe(body, kind)], body, priors, torch.float64)
    kept, values = somewhere(start), somewhere(start)
    motion = replace(
        walk(9),
        translation=kept["translation"][0],
        root_orientation=walk(9).root_orientation.double(),
        body_pose=walk(9).body_pose.double(),
        betas=kept["betas"][0],
    )
    texts = ("translation[2:4]", "root_orientation[3:7]", "body_pose:left_arm", "body_pose[6:8]")
    masks = held_masks([Freeze.parse(text) for text in texts], 1, 9)
    values |= held_values(masks, [motion])
    residuals = PoseResiduals(stage, weights_of(kind), ALL, pose_numbers(masks))
    system = residuals.linearise(values)
    zero = [torch.zeros_like(side).requires_grad_() for side in (system.right, system.corner_right)]
    gradient = torch.autograd.grad(loss_after(residuals, values, *zero).sum(), zero)
    free = (system.right != 0).to(system.right)
    assert not bool(system.right[0, 2:4, :3].any())
    assert not bool(system.right[0, 3:7, 3:6].any())
    assert not bool(system.right[0, 6:8, 6:].any())
    torch.testing.assert_close(
        -system.right, gradient[0] * free, rtol=1e-9, atol=1e-9 * float(system.right.abs().max())
    )
    torch.testing.assert_close(-system.corner_right, gradient[1], rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(system.diagonal, system.diagonal * free[..., None] * free[..., None, :])
