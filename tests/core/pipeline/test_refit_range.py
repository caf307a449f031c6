import random
from dataclasses import replace

import pytest
import torch

from motionfit.errors import SettingsError
from motionfit.metrics.drift import joints_of
from motionfit.pipeline.fit import fit
from motionfit.pipeline.freezes import PARTS, Freeze
from motionfit.pipeline.refit_range import refit_range
from motionfit.pipeline.settings import load_preset
from motionfit.simulation import simulate

from .conftest import walk

FRAMES = 44
WRONG = slice(20, 28)
RANGE = (14, 34)
FEW = {"root": 10, "pose": 30, "tune_x0": 5, "hold_x0": 8, "refine": 8}
HARDLY = {"pose": 1, "tune_x0": 1, "hold_x0": 1, "refine": 1}
MOVED = ("translation", "root_orientation", "body_pose")
ARM = (16, 18, 20)


@pytest.fixture(scope="module")
def truth():
    return walk(FRAMES)


@pytest.fixture(scope="module")
def seen(truth, body):
    return simulate(truth, body, "noise=0.01", 1)


@pytest.fixture(scope="module")
def spoilt(seen, body, priors, trusting):
    """A fit that believed observations whose left arm is elsewhere for some frames, now with the right ones."""
    joints = seen.joints3d.clone()
    joints[WRONG, list(ARM)] += torch.tensor([0.3, 0.3, 0.5])
    result = fit(replace(seen, joints3d=joints), body, priors, trusting)
    return replace(result, observations=seen)


@pytest.fixture(scope="module")
def trusting():
    """Settings that leave no observation out."""
    return replace(load_preset("joints3d"), iterations=FEW, robust={})


@pytest.fixture(scope="module")
def clean(seen, body, priors, trusting):
    return fit(seen, body, priors, trusting)


@pytest.fixture
def few():
    return replace(load_preset("joints3d"), iterations=FEW)


@pytest.fixture(scope="module")
def repaired(spoilt, body, priors, trusting):
    return refit_range(spoilt, *RANGE, body, priors, trusting)


def assert_locked(result, before, start, stop):
    """Everything of all stages outside of the range is bit-identical."""
    outside = torch.ones(before.observations.frames, dtype=torch.bool)
    outside[start:stop] = False
    for key, stage in result.stages.items():
        earlier = before.stages[key]
        for name in (*MOVED, "contacts"):
            now, then = getattr(stage.motion, name), getattr(earlier.motion, name)
            assert (now is None and then is None) or torch.equal(now[outside], then[outside]), (key, name)
        assert torch.equal(stage.motion.betas, earlier.motion.betas)
        assert torch.equal(stage.floor.normal, earlier.floor.normal)
        assert torch.equal(stage.floor.offset, earlier.floor.offset)


def error(body, motion, truth, frames, joints=None):
    apart = (joints_of(body, motion) - joints_of(body, truth)).norm(dim=-1)
    return float((apart if joints is None else apart[:, list(joints)])[frames].mean())


def changes(body, motion):
    """How far the fastest joint goes from each frame to the next, m."""
    return joints_of(body, motion).diff(dim=0).norm(dim=-1).amax(-1)


def test_a_wrong_arm_is_repaired_and_nothing_else_changes(repaired, spoilt, clean, truth, body):
    assert_locked(repaired, spoilt, *RANGE)
    for key in ("stage2", "stage3"):
        for joints in (None, ARM):
            spoilt_error = error(body, spoilt.stages[key].motion, truth, slice(*RANGE), joints)
            clean_error = error(body, clean.stages[key].motion, truth, slice(*RANGE), joints)
            found = error(body, repaired.stages[key].motion, truth, slice(*RANGE), joints)
            assert found < 1.1 * clean_error, (key, joints)
            assert spoilt_error > 2.0 * clean_error


def test_the_borders_jump_no_more_than_the_motion_moves(repaired, spoilt, clean, body):
    for key in ("stage2", "stage3"):
        found, usual = changes(body, repaired.stages[key].motion), changes(body, clean.stages[key].motion)
        for border in (RANGE[0] - 1, RANGE[1] - 1):
            assert found[border] < usual[border - 1 : border + 2].max() + 0.01, (key, border)


def test_the_result_tells_of_the_range_and_can_be_repaired_again(repaired, spoilt, clean, few, body, priors):
    assert repaired.settings.refitted == (RANGE,)
    assert repaired.windows == spoilt.windows
    assert not repaired.cancelled
    assert list(repaired.stages) == list(spoilt.stages)
    for key in ("stage2", "stage3"):
        assert "Frames 14 to 33 fitted anew." in repaired.stages[key].status
        assert repaired.stages[key].history
    worst = slice(*WRONG.indices(FRAMES)[:2])
    measured = repaired.diagnostics["data_error_cm"]
    assert measured.shape == (FRAMES,)
    assert float(measured[worst].mean()) < 1.5 * float(clean.diagnostics["data_error_cm"][worst].mean())
    again = refit_range(repaired, 5, 8, body, priors, replace(few, iterations=HARDLY))
    assert again.settings.refitted == (RANGE, (5, 8))
    assert_locked(again, repaired, 5, 8)


def test_stage_two_can_be_taken_up_from_the_repaired_one(repaired, few, body, priors, seen):
    quick = replace(few, iterations=HARDLY | {"hold_x0": 0, "refine": 0}, stages=("stage3",))
    taken = fit(seen, body, priors, quick, previous=repaired)
    near = joints_of(body, taken.stages["stage3_init"].motion) - joints_of(body, repaired.stages["stage2"].motion)
    assert float(near.norm(dim=-1).mean()) < 0.15
    assert taken.settings.refitted == ()


def ranges(count):
    """The hard ones, and others by chance."""
    chosen = [(0, 1), (1, 2), (FRAMES - 1, FRAMES), (0, 30), (FRAMES - 20, FRAMES), (1, FRAMES)]
    generator = random.Random(1)
    while len(chosen) < count:
        start = generator.randrange(FRAMES - 1)
        chosen.append((start, min(start + generator.randint(1, 25), FRAMES)))
    return chosen


@pytest.mark.parametrize(("start", "stop"), ranges(7))
def test_any_range_stays_between_its_neighbours(spoilt, body, priors, start, stop):
    quick = replace(load_preset("joints3d"), iterations=HARDLY, window=20, overlap=5)
    found = refit_range(spoilt, start, stop, body, priors, quick)
    assert_locked(found, spoilt, start, stop)
    motion = found.final.motion
    for name in MOVED:
        assert torch.isfinite(getattr(motion, name)).all()
    identity = torch.eye(3).expand_as(motion.body_pose)
    torch.testing.assert_close(motion.body_pose @ motion.body_pose.mT, identity, atol=1e-4, rtol=0)
    moved, inside = changes(body, motion), changes(body, motion)[start : stop - 1]
    usual = float(changes(body, spoilt.final.motion).max())
    for border in {start - 1, stop - 1} & set(range(FRAMES - 1)):
        assert float(moved[border]) < usual + max(0.01, float(inside.max()) if len(inside) else 0.0)


def test_held_parts_in_the_range_keep_their_bits(spoilt, few, body, priors):
    freezes = frozenset({Freeze("body_pose", part="right_leg"), Freeze("translation", frames=(20, 24))})
    quick = replace(few, iterations=HARDLY, freezes=freezes)
    found = refit_range(spoilt, *RANGE, body, priors, quick)
    assert_locked(found, spoilt, *RANGE)
    leg = [joint - 1 for joint in PARTS["right_leg"]]
    for key in ("stage2", "stage3"):
        now, then = found.stages[key].motion, spoilt.stages[key].motion
        assert torch.equal(now.body_pose[:, leg], then.body_pose[:, leg])
        assert torch.equal(now.translation[20:24], then.translation[20:24])
        assert not torch.equal(now.body_pose[slice(*RANGE)], then.body_pose[slice(*RANGE)])
    assert found.settings.freezes == freezes


def test_stage_two_alone_leaves_no_later_stage_and_stage_three_alone_keeps_the_earlier(spoilt, few, body, priors):
    quick = replace(few, iterations=HARDLY)
    second = refit_range(spoilt, *RANGE, body, priors, replace(quick, stages=("stage2",)))
    assert list(second.stages) == ["stage1", "stage2"]
    third = refit_range(spoilt, *RANGE, body, priors, replace(quick, stages=("stage3",)))
    assert third.stages["stage2"] is spoilt.stages["stage2"]
    assert_locked(third, spoilt, *RANGE)


def test_keypoints_of_a_camera(truth, body, priors):
    clip = truth.slice(0, 26)
    observed = simulate(clip, body, "project=1280x720:f1060,noise_px=2", 0)
    quick = replace(load_preset("video"), iterations=FEW | {"pose": 40, "tune_x0": 1, "hold_x0": 1, "refine": 1})
    before = fit(observed, body, priors, quick)
    found = refit_range(before, 10, 18, body, priors, quick)
    assert_locked(found, before, 10, 18)
    assert error(body, found.final.motion, before.final.motion, slice(10, 18)) < 0.15


def test_a_clip_of_another_frame_rate(truth, body, priors):
    slow = replace(simulate(truth, body, "noise=0.01", 1), fps=50.0)
    quick = replace(load_preset("joints3d"), iterations=FEW | {"tune_x0": 1, "hold_x0": 3, "refine": 3})
    before = fit(slow, body, priors, quick)
    found = refit_range(before, 14, 25, body, priors, quick)
    assert_locked(found, before, 14, 25)
    assert error(body, found.final.motion, truth, slice(14, 25)) < 1.5 * error(
        body, before.final.motion, truth, slice(14, 25)
    )


def test_progress_shows_the_whole_clip_and_cancelling_keeps_the_locked_frames(spoilt, few, body, priors):
    shown = []

    def watch(step):
        shown.append((step.fraction, step.motion()))
        return step.stage != "stage3"

    found = refit_range(spoilt, *RANGE, body, priors, few, watch)
    assert found.cancelled
    assert_locked(found, spoilt, *RANGE)
    fractions = [fraction for fraction, _ in shown]
    assert fractions == sorted(fractions)
    assert all(motion.frames == FRAMES for _, motion in shown)
    assert torch.equal(shown[0][1].translation[: RANGE[0]], spoilt.stages["stage2"].motion.translation[: RANGE[0]])


def test_the_whole_clip_is_a_fit(seen, spoilt, few, body, priors):
    quick = replace(few, iterations=dict.fromkeys(FEW, 1), stages=("stage1", "stage2"))
    whole = refit_range(spoilt, 0, FRAMES, body, priors, quick)
    assert torch.equal(whole.final.motion.translation, fit(seen, body, priors, quick).final.motion.translation)


def test_what_cannot_be_refitted_is_refused(spoilt, few, body, priors):
    for start, stop in ((5, 5), (-1, 4), (8, FRAMES + 1)):
        with pytest.raises(SettingsError, match=f"clip of {FRAMES} frames"):
            refit_range(spoilt, start, stop, body, priors, few)
    half = {key: stage for key, stage in spoilt.stages.items() if key == "stage1"}
    refused = (
        (spoilt, load_preset("reference-3d"), "published method"),
        (replace(spoilt, stages=half), few, "has no stage II"),
        (replace(spoilt, cancelled=True), few, "stopped before its end"),
        (replace(spoilt, body_hash="other"), few, "another body"),
        (replace(spoilt, priors_hash="other"), few, "another prior"),
        (spoilt, replace(few, stages=("stage1",)), "stages II and III"),
        (spoilt, replace(few, freezes=frozenset({Freeze("translation", frames=(0, 90))})), "beyond the clip"),
    )
    for previous, asked, message in refused:
        with pytest.raises(SettingsError, match=message):
            refit_range(previous, 3, 9, body, priors, asked)
