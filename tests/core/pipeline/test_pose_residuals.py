from dataclasses import fields, replace
from functools import partial

import pytest
import torch

from motionfit.geometry.rotations import rotation_from_six
from motionfit.motion import Observations
from motionfit.pipeline import pose_residuals
from motionfit.pipeline.batch import make_batch
from motionfit.pipeline.data_terms import DataTerms
from motionfit.pipeline.fit import fit
from motionfit.pipeline.freezes import Freeze
from motionfit.pipeline.initialise_camera import root_from_keypoints
from motionfit.pipeline.initialise_root import root_from_points
from motionfit.pipeline.optimise import run_phase
from motionfit.pipeline.pose_residuals import RESIDUAL_TERMS, PoseResiduals
from motionfit.pipeline.pose_stage import POSE_STAGE_TENSORS, PoseStage, start_values
from motionfit.pipeline.settings import LBFGS, load_preset
from motionfit.pipeline.stages import phases_of
from motionfit.simulation import simulate
from motionfit.solve.block_tridiagonal import BlockSolution
from motionfit.solve.solution import Status

from .conftest import walk

ALL = ("translation", "root_six", "pose_latents", "betas")
KINDS = {
    "joints3d": "noise=0.04",
    "keypoints3d": "below=0.6",
    "video": "project=1280x720:f1060,noise_px=5,drop=0.1",
}
FRAMES = 9


def observe(body, kind, frames=FRAMES, sequence=0):
    return simulate(walk(frames, sequence), body, KINDS[kind], sequence)


def pose_stage(observed, body, priors, dtype=torch.float32):
    """The stage and where it starts."""
    body, prior = body.to(dtype=dtype), priors.to("cpu").pose
    prior = prior if dtype == torch.float32 else _double(prior)
    batch = make_batch(observed, dtype=dtype)
    stage = PoseStage(body, prior, DataTerms.of(body), batch)
    root = root_from_keypoints(body, prior, batch) if batch.keypoints2d is not None else root_from_points(body, batch)
    return stage, start_values(*root)


def _double(prior):
    copy = type(prior)(prior.width)
    copy.load_state_dict(prior.state_dict())
    return copy.double().eval().requires_grad_(False)


def weights_of(kind, stage="stage2"):
    settings = load_preset(kind)
    (phase,) = phases_of(stage)
    return {term: weight for term, weight in settings.weights[stage].items() if term in phase.terms}


def somewhere(values):
    """A point off the start, so that nothing vanishes."""
    generator = torch.Generator().manual_seed(1)
    moved = {}
    for name, value in values.items():
        scale = 0.5 if name in ("pose_latents", "betas") else 0.05
        moved[name] = value + scale * torch.randn(value.shape, generator=generator, dtype=value.dtype)
    return moved


def loss_after(residuals, values, blocks, corner):
    step = BlockSolution(blocks, corner, torch.ones(blocks.shape[0], dtype=torch.bool))
    raw = residuals.stage.terms(residuals.retract(values, step), residuals.weights)
    return torch.stack([residuals.weights[name] * term for name, term in raw.items()]).sum(0)


@pytest.mark.parametrize("kind", list(KINDS))
@pytest.mark.parametrize("free", [ALL, ("translation", "root_six"), ("pose_latents",), ("betas",), ALL[1:]])
def test_the_right_hand_side_is_the_negative_gradient_of_the_objective(body, priors, kind, free):
    observed = [observe(body, kind, sequence=sequence) for sequence in range(2)]
    stage, start = pose_stage(observed, body, priors, torch.float64)
    values = somewhere(start)
    residuals = PoseResiduals(stage, weights_of(kind), free)
    system = residuals.linearise(values)
    zero = [torch.zeros_like(side).requires_grad_() for side in (system.right, system.corner_right)]
    gradient = torch.autograd.grad(loss_after(residuals, values, *zero).sum(), zero, allow_unused=True)
    for side, expected in zip((system.right, system.corner_right), gradient, strict=True):
        if side.numel():
            torch.testing.assert_close(-side, expected, rtol=1e-9, atol=1e-9 * float(side.abs().max()))


def test_the_matrix_is_that_of_the_residuals_that_the_objective_squares(body, priors):
    frames = 4
    stage, start = pose_stage([observe(body, "joints3d", frames)], body, priors, torch.float64)
    values = somewhere(start)
    weights = {"joints3d": 1.0, "smoothness": 3.0, "pose_prior": 0.2, "shape_prior": 0.1}
    residuals = PoseResiduals(stage, weights, ALL)

    def everything(step):
        blocks, corner = step[: frames * 38].reshape(1, frames, 38), step[frames * 38 :][None]
        moved = residuals.retract(values, BlockSolution(blocks, corner, torch.ones(1, dtype=torch.bool)))
        joints = stage.pose(moved).joints()
        parts = [
            joints - stage.batch.joints3d[:, :, 0],
            3.0**0.5 * joints.diff(dim=1),
            0.4**0.5 * moved["pose_latents"],
            (0.2 * frames) ** 0.5 * moved["betas"],
        ]
        return torch.cat([part.flatten() for part in parts])

    at = torch.zeros(frames * 38 + 16, dtype=torch.float64)
    loss = loss_after(residuals, values, at[:-16].reshape(1, frames, 38), at[None, -16:])
    torch.testing.assert_close(0.5 * everything(at).square().sum(), loss[0])
    moves = torch.autograd.functional.jacobian(everything, at)
    system = residuals.linearise(values)
    dense = torch.zeros(len(at), len(at), dtype=torch.float64)
    for frame in range(frames):
        own = slice(38 * frame, 38 * frame + 38)
        dense[own, own] = system.diagonal[0, frame]
        dense[own, frames * 38 :] = system.border[0, frame]
        dense[frames * 38 :, own] = system.border[0, frame].mT
        if frame > 0:
            before = slice(38 * frame - 38, 38 * frame)
            dense[own, before] = system.below[0, frame - 1]
            dense[before, own] = system.below[0, frame - 1].mT
    dense[frames * 38 :, frames * 38 :] = system.corner[0]
    torch.testing.assert_close(dense, moves.mT @ moves, rtol=1e-9, atol=1e-9)


OFF_GRID = {"24 fps": 24.0, "75 fps": 75.0, "irregular": None}


def off_grid(observed, rate):
    """The same observations at other times."""
    if rate is not None:
        return replace(observed, fps=rate)
    steps = torch.tensor([0.0, 0.05, 0.003, 0.03, 0.11, 0.002, 0.02, 0.04, 0.004], dtype=torch.float64)
    return replace(observed, times=7.0 + steps.cumsum(0))


@pytest.mark.parametrize("kind", list(KINDS))
@pytest.mark.parametrize("rate", list(OFF_GRID))
def test_between_frames_of_the_grid_the_equations_are_still_those_of_the_objective(
    body, priors, monkeypatch, kind, rate
):
    stage, start = pose_stage([off_grid(observe(body, kind), OFF_GRID[rate])], body, priors, torch.float64)
    assert stage.batch.share.count_nonzero() > 2
    values, weights = somewhere(start), weights_of(kind)
    for at_once in (480, 2):
        monkeypatch.setattr(pose_residuals, "_FRAMES_AT_ONCE", at_once)
        residuals = PoseResiduals(stage, weights, ALL)
        system = residuals.linearise(values)
        zero = [torch.zeros_like(side).requires_grad_() for side in (system.right, system.corner_right)]
        gradient = torch.autograd.grad(loss_after(residuals, values, *zero).sum(), zero)
        for side, expected in zip((system.right, system.corner_right), gradient, strict=True):
            torch.testing.assert_close(-side, expected, rtol=1e-9, atol=1e-9 * float(side.abs().max()))


def test_between_frames_of_the_grid_the_matrix_couples_both(body, priors):
    stage, start = pose_stage([off_grid(observe(body, "joints3d", 4), 45.0)], body, priors, torch.float64)
    values, frames = somewhere(start), stage.batch.frames
    system = PoseResiduals(stage, {"joints3d": 1.0}, ALL).linearise(values)
    mask = stage.batch.joints3d_mask[..., None]

    def everything(step):
        blocks, corner = step[: frames * 38].reshape(1, frames, 38), step[frames * 38 :][None]
        moved = PoseResiduals(stage, {}, ALL).retract(
            values, BlockSolution(blocks, corner, torch.ones(1, dtype=torch.bool))
        )
        seen = stage.batch.in_slots(stage.pose(moved).joints())
        weight = stage.batch.point_weights["joints3d"]
        return (weight.sqrt() * (seen - stage.batch.joints3d) * mask).flatten()

    moves = torch.autograd.functional.jacobian(everything, torch.zeros(frames * 38 + 16, dtype=torch.float64))
    dense = moves.mT @ moves
    for frame in range(frames):
        own = slice(38 * frame, 38 * frame + 38)
        torch.testing.assert_close(system.diagonal[0, frame], dense[own, own], rtol=1e-9, atol=1e-9)
        torch.testing.assert_close(system.border[0, frame], dense[own, frames * 38 :], rtol=1e-9, atol=1e-9)
        if frame > 0:
            before = slice(38 * frame - 38, 38 * frame)
            torch.testing.assert_close(system.below[0, frame - 1], dense[own, before], rtol=1e-9, atol=1e-9)
    assert system.below.abs().max() > 0
    torch.testing.assert_close(system.corner[0], dense[frames * 38 :, frames * 38 :], rtol=1e-9, atol=1e-9)


def test_every_term_of_the_pose_stages_is_known_as_squares(body, priors):
    counted = {term for stage in ("stage1", "stage2") for phase in phases_of(stage) for term in phase.terms}
    assert counted == RESIDUAL_TERMS
    stage, _ = pose_stage([observe(body, "joints3d", 3)], body, priors)
    with pytest.raises(AssertionError, match="floor"):
        PoseResiduals(stage, {"floor": 1.0}, ALL)


@pytest.mark.parametrize("kind", list(KINDS))
def test_what_was_not_observed_does_not_count(body, priors, kind):
    stage, start = pose_stage([observe(body, kind)], body, priors, torch.float64)
    values = somewhere(start)
    batch = stage.batch
    wild = {}
    for name in ("joints3d", "keypoints3d"):
        given, mask = getattr(batch, name), getattr(batch, f"{name}_mask")
        if given is not None:
            mask = mask & (torch.arange(mask.shape[-1]) % 3 > 0)
            batch = replace(batch, **{f"{name}_mask": mask})
            wild[name] = torch.where(mask[..., None], given, 1e4)
    if batch.keypoints2d is not None:
        wild["keypoints2d"] = torch.where(batch.confidence[..., None] > 0, batch.keypoints2d, 1e5)
    systems = [
        PoseResiduals(replace(stage, batch=each), weights_of(kind), ALL).linearise(values)
        for each in (batch, replace(batch, **wild))
    ]
    for field in fields(systems[0]):
        assert torch.equal(*[getattr(system, field.name) for system in systems])


@pytest.mark.parametrize("at_once", [1, 4, 8])
def test_a_clip_taken_in_stretches_gives_the_same_equations(body, priors, monkeypatch, at_once):
    stage, start = pose_stage([observe(body, "keypoints3d")], body, priors, torch.float64)
    residuals = PoseResiduals(stage, weights_of("keypoints3d"), ALL)
    whole = residuals.linearise(somewhere(start))
    monkeypatch.setattr(pose_residuals, "_FRAMES_AT_ONCE", at_once)
    stretches = residuals.linearise(somewhere(start))
    for field in fields(whole):
        torch.testing.assert_close(getattr(stretches, field.name), getattr(whole, field.name), rtol=1e-9, atol=1e-11)


def test_a_step_turns_the_root_about_its_joint_and_no_step_changes_nothing(body, priors):
    stage, values = pose_stage([observe(body, "joints3d")], body, priors, torch.float64)
    residuals = PoseResiduals(stage, weights_of("joints3d"), ("root_six",))
    turn = torch.zeros(1, FRAMES, 3, dtype=torch.float64)
    definite = torch.ones(1, dtype=torch.bool)
    nothing = torch.zeros(1, 0, dtype=torch.float64)
    still = residuals.retract(values, BlockSolution(turn, nothing, definite))
    torch.testing.assert_close(still["root_six"], values["root_six"], rtol=0, atol=1e-12)
    turn[..., 2] = torch.pi
    moved = residuals.retract(values, BlockSolution(turn, nothing, definite))
    assert moved["translation"] is values["translation"]
    half_turn = torch.diag(torch.tensor([-1.0, -1.0, 1.0], dtype=torch.float64))
    expected = half_turn @ rotation_from_six(values["root_six"])
    torch.testing.assert_close(rotation_from_six(moved["root_six"]), expected, rtol=0, atol=1e-12)


def minimise_phase(stage, values, settings, key="stage2", by_squares=True, report=lambda *_: True):
    (phase,) = phases_of(key)
    residuals_of = partial(PoseResiduals, stage) if by_squares else None
    return run_phase(phase, values, POSE_STAGE_TENSORS, stage, settings, report, residuals_of)


@pytest.mark.parametrize("kind", list(KINDS))
def test_it_ends_no_higher_than_lbfgs_in_fewer_evaluations_and_tells_the_same_loss(body, priors, kind):
    stage, start = pose_stage([observe(body, kind, 12)], body, priors)
    settings = load_preset(kind)
    root = minimise_phase(stage, start, settings, "stage1").values
    ends = [minimise_phase(stage, root, settings, by_squares=by_squares) for by_squares in (True, False)]
    losses = [min(record.loss for record in end.history[0]) for end in ends]
    assert losses[0] <= 1.01 * losses[1]
    assert len(ends[0].history[0]) < 0.6 * len(ends[1].history[0])
    assert ends[0].history[0][0] == ends[1].history[0][0]
    weights = weights_of(kind)
    raw = stage.terms(ends[0].values, weights)
    assert sum(weights[name] * float(term) for name, term in raw.items()) == pytest.approx(losses[0], rel=1e-5)


@pytest.mark.parametrize("variable", list(POSE_STAGE_TENSORS))
def test_a_frozen_variable_comes_back_bit_identical_and_the_others_move(body, priors, variable):
    stage, start = pose_stage([observe(body, "joints3d")], body, priors)
    settings = replace(load_preset("joints3d"), freezes=frozenset({Freeze(variable)}), iterations={"pose": 6})
    end = minimise_phase(stage, somewhere(start), settings)
    for name, (tensor,) in POSE_STAGE_TENSORS.items():
        assert torch.equal(end.values[tensor], somewhere(start)[tensor]) == (name == variable)


def test_all_but_the_shape_may_be_frozen(body, priors):
    stage, start = pose_stage([observe(body, "joints3d")], body, priors)
    freezes = frozenset(Freeze(variable) for variable in ("translation", "root_orientation", "body_pose"))
    end = minimise_phase(stage, start, replace(load_preset("joints3d"), freezes=freezes))
    losses = [record.loss for record in end.history[0]]
    assert min(losses) < losses[0]
    assert torch.equal(end.values["translation"], start["translation"])


def test_clips_together_end_as_clips_alone(body, priors):
    observed = [observe(body, "joints3d", sequence=sequence) for sequence in range(3)]
    settings = load_preset("joints3d")
    together = minimise_phase(*pose_stage(observed, body, priors), settings)
    for clip, given in enumerate(observed):
        alone = minimise_phase(*pose_stage([given], body, priors), settings)
        losses = [min(record.loss for record in history) for history in (together.history[clip], alone.history[0])]
        assert losses[0] == pytest.approx(losses[1], rel=2e-3)
        assert together.statuses[clip] is alone.statuses[0] is Status.CONVERGED


def test_cancelling_inside_a_phase_keeps_the_best_values(body, priors):
    stage, start = pose_stage([observe(body, "joints3d")], body, priors)
    seen = []

    def stop(phase, iteration, records, current, guard):
        seen.append(records[0].loss)
        return len(seen) < 4

    end = minimise_phase(stage, start, load_preset("joints3d"), report=stop)
    assert len(seen) == len(end.history[0]) == 4
    assert end.cancelled
    weights = weights_of("joints3d")
    raw = stage.terms(end.values, weights)
    assert sum(weights[name] * float(term) for name, term in raw.items()) == pytest.approx(min(seen[:3]), rel=1e-5)


def without(observed: Observations, frames: slice) -> Observations:
    """The observations with some frames unseen; what stands there is wild."""
    if observed.keypoints2d is not None:
        pixels = observed.keypoints2d.clone()
        pixels[frames] = torch.tensor([1e5, -1e5, 0.0])
        return replace(observed, keypoints2d=pixels)
    name = "joints3d" if observed.joints3d is not None else "keypoints3d"
    points, mask = getattr(observed, name).clone(), getattr(observed, f"{name}_mask").clone()
    points[frames], mask[frames] = 1e4, False
    return replace(observed, **{name: points, f"{name}_mask": mask})


def exploded(observed: Observations) -> Observations:
    """One point of one frame is ten kilometres (or ten thousand pixels) off."""
    name = observed.kind
    points = getattr(observed, name).clone()
    points[3, 4, :2] = 1e4
    return replace(observed, **{name: points})


HARD = {
    "one frame": lambda observed: _first(observed, 1),
    "two frames": lambda observed: _first(observed, 2),
    "a gap": lambda observed: without(observed, slice(3, 7)),
    "all but two frames missing": lambda observed: without(observed, slice(1, 8)),
    "an exploding observation": exploded,
}


def _first(observed: Observations, frames: int) -> Observations:
    cut = {
        field.name: value[:frames]
        for field in fields(observed)
        if isinstance(value := getattr(observed, field.name), torch.Tensor)
    }
    return replace(observed, frames=frames, **cut)


@pytest.mark.parametrize("kind", list(KINDS))
@pytest.mark.parametrize("case", list(HARD))
def test_hard_observations_give_finite_values_and_a_lower_loss(body, priors, kind, case):
    stage, values = pose_stage([HARD[case](observe(body, kind))], body, priors)
    for key in ("stage1", "stage2"):
        end = minimise_phase(stage, values, load_preset(kind), key)
        losses = [record.loss for record in end.history[0]]
        assert min(losses) < losses[0]
        assert end.statuses[0] is not Status.NOT_FINITE
        values = end.values
        assert all(torch.isfinite(value).all() for value in values.values())


@pytest.mark.parametrize("kind", ["joints3d", "video"])
def test_frames_without_observations_lie_between_their_neighbours(body, priors, kind):
    stage, start = pose_stage([without(observe(body, kind), slice(3, 6))], body, priors)
    values = minimise_phase(stage, minimise_phase(stage, start, load_preset(kind), "stage1").values, load_preset(kind))
    joints = stage.pose(values.values).joints()[0]
    steps = joints.diff(dim=0).norm(dim=-1).amax(1)
    assert steps[2:6].max() < 3.0 * steps.median() + 0.02


@pytest.mark.parametrize("depth", [0.4, 3.0])
def test_a_far_off_first_depth_is_found_from_the_picture(body, priors, depth):
    stage, start = pose_stage([observe(body, "video")], body, priors)
    near = minimise_phase(stage, start, load_preset("video"), "stage1")
    off = {**start, "translation": start["translation"] * torch.tensor([depth, depth, depth])}
    far = minimise_phase(stage, off, load_preset("video"), "stage1")
    losses = [min(record.loss for record in end.history[0]) for end in (near, far)]
    assert losses[1] == pytest.approx(losses[0], rel=0.02)


def test_shipped_presets_minimise_the_pose_stages_by_squares_and_lbfgs_can_be_chosen(body, priors):
    settings = replace(load_preset("joints3d"), stages=("stage1",))
    observed = observe(body, "joints3d")
    squares = fit(observed, body, priors, settings).stages["stage1"]
    lbfgs = fit(observed, body, priors, replace(settings, solvers={"stage1": LBFGS})).stages["stage1"]
    assert len(squares.history) < len(lbfgs.history)
    assert squares.history[0] == lbfgs.history[0]
    assert squares.history[-1].loss == pytest.approx(lbfgs.history[-1].loss, rel=1e-3)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_on_cuda_the_equations_are_those_on_the_cpu(body, priors):
    stage, start = pose_stage([observe(body, "video")], body, priors)
    on_cpu = PoseResiduals(stage, weights_of("video"), ALL).linearise(start)
    batch = make_batch([observe(body, "video")], "cuda")
    body = body.to("cuda")
    moved = PoseStage(body, priors.to("cuda").pose, DataTerms.of(body), batch)
    on_cuda = PoseResiduals(moved, weights_of("video"), ALL).linearise({k: v.cuda() for k, v in start.items()})
    torch.testing.assert_close(on_cuda.right.cpu(), on_cpu.right, rtol=1e-3, atol=1e-3)
